"""``flask launchready ...`` runs ``launchready ...`` with the application's environment (FLASK_APP, .env) loaded."""

import click

from launchready.cli import main


@click.command(
    "launchready",
    help="Check, demo and the other commands of launchready.",
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
@click.argument("args", nargs=-1, type=click.UNPROCESSED)
def command(args: tuple[str, ...]) -> None:
    """Pass all arguments to the one command line."""
    raise SystemExit(main(list(args)))

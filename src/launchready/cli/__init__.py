"""The command line: ``launchready``, ``python -m launchready``, ``manage.py launchready``, ``flask launchready``.

A file in ``commands/`` is a command, found by its name: ``HELP``, ``add_arguments(parser)``, ``run(args)``. Results go
to stdout; progress goes to stderr if it is a terminal. The flags of ``options.common`` mean the same everywhere.

Exit: 0 fine, 1 findings at or above ``--fail-on``, 2 usage or configuration, 3 nothing worse but a check was not
possible, 130 Ctrl-C.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from launchready.cli import commands
from launchready.cli.options import common
from launchready.errors import LaunchReadyError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    args = parser(sys.argv[1:] if argv is None else argv).parse_args(argv)
    try:
        code: int = args.run(args)
        sys.stdout.flush()
    except LaunchReadyError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # ``launchready check ... | head`` closes the pipe early. Without this, Python reports an error at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def parser(argv: Sequence[str] = ()) -> argparse.ArgumentParser:
    """Return a parser of every command, or only of the command in ``argv``.

    Other commands are not imported, which keeps a commit hook fast.
    """
    top = argparse.ArgumentParser(
        prog="launchready", description="Checks a small booking business before it takes money."
    )
    top.add_argument("--version", action=ShowVersion, nargs=0, help="print the version and exit")
    kinds = top.add_subparsers(dest="command", required=True, metavar="COMMAND", prog=top.prog)
    shared = common()
    called = argv[0].replace("-", "_") if argv else ""
    for name in [called] if is_command(called) else every_command():
        command = import_module(f"{commands.__name__}.{name}")
        # "resolve": a command may redefine a common flag.
        own = kinds.add_parser(
            name.replace("_", "-"),
            help=command.HELP,
            description=command.HELP,
            parents=[shared],
            conflict_handler="resolve",
        )
        command.add_arguments(own)
        own.set_defaults(run=command.run)
    return top


class ShowVersion(argparse.Action):
    """Prints the version. It is read only when asked for, because the import would slow down a commit hook."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version  # noqa: PLC0415

        sys.stdout.write(f"launchready {version('launchready')}\n")
        parser.exit()


def is_command(name: str) -> bool:
    """Whether a command of that name exists."""
    file = os.path.join(commands.__path__[0], f"{name}.py")  # noqa: PTH118
    return name.isidentifier() and not name.startswith("_") and os.path.exists(file)  # noqa: PTH110


def every_command() -> list[str]:
    """Return the names of all commands."""
    import pkgutil  # noqa: PLC0415 - imports inspect, which a commit hook does not need

    return [module.name for module in pkgutil.iter_modules(commands.__path__)]

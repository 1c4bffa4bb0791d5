"""The command line: ``launchready``, ``python -m launchready``, ``manage.py launchready``.

A file in ``commands/`` is a command, found by its name: ``HELP``, ``add_arguments(parser)``, ``run(args)``.
The result goes to stdout, progress to stderr and only to a terminal.

Exit: 0 fine, 1 findings at or above ``--fail-on``, 2 usage or configuration, 3 nothing worse but something could not
be checked, 130 Ctrl-C.
"""

import argparse
import pkgutil
import sys
from collections.abc import Sequence
from importlib import import_module

from launchready.cli import commands
from launchready.errors import LaunchReadyError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    parser = argparse.ArgumentParser(prog="launchready", description="Before a small booking business takes money.")
    kinds = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for module in pkgutil.iter_modules(commands.__path__):
        command = import_module(f"{commands.__name__}.{module.name}")
        own = kinds.add_parser(module.name, help=command.HELP, description=command.HELP)
        command.add_arguments(own)
        own.set_defaults(run=command.run)
    args = parser.parse_args(argv)
    try:
        code: int = args.run(args)
    except LaunchReadyError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command
        return 2
    except KeyboardInterrupt:
        return 130
    return code

"""The command line: ``launchready``, ``python -m launchready``, ``manage.py launchready``, ``flask launchready``.

A file in ``commands/`` is a command, found by its name: ``HELP``, ``add_arguments(parser)``, ``run(args)``.
The result goes to stdout, progress to stderr and only to a terminal. The flags of ``options.common`` mean the same
everywhere.

Exit: 0 fine, 1 findings at or above ``--fail-on``, 2 usage or configuration, 3 nothing worse but something could not
be checked, 130 Ctrl-C.
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
    """Run one command; the exit code."""
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
        # ``launchready check ... | head``: who reads has enough. Python must not complain about it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def parser(argv: Sequence[str] = ()) -> argparse.ArgumentParser:
    """Every command of the folder, each with the common flags; only the one that is called, when it is known.

    A hook before each commit is worth the difference: the other commands are not even imported.
    """
    made = argparse.ArgumentParser(prog="launchready", description="Before a small booking business takes money.")
    kinds = made.add_subparsers(dest="command", required=True, metavar="COMMAND", prog=made.prog)
    shared = common()
    called = argv[0].replace("-", "_") if argv else ""
    for name in [called] if is_command(called) else every_command():
        command = import_module(f"{commands.__name__}.{name}")
        # "resolve": a command may define a common flag anew, where it means something else there.
        own = kinds.add_parser(
            name.replace("_", "-"),
            help=command.HELP,
            description=command.HELP,
            parents=[shared],
            conflict_handler="resolve",
        )
        command.add_arguments(own)
        own.set_defaults(run=command.run)
    return made


def is_command(name: str) -> bool:
    """Whether there is a file of that name."""
    file = os.path.join(commands.__path__[0], f"{name}.py")  # noqa: PTH118
    return name.isidentifier() and not name.startswith("_") and os.path.exists(file)  # noqa: PTH110


def every_command() -> list[str]:
    """The files of the folder."""
    import pkgutil  # noqa: PLC0415 - it loads inspect, which a hook need not wait for

    return [module.name for module in pkgutil.iter_modules(commands.__path__)]

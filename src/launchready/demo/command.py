"""``launchready demo``: plays the demo day. Needs the extra "demo"; without it, says so and exits 2.

Exit: 0 when every promise held, 1 when one did not (the last lines name it), 2 when the demo cannot be played here,
130 at Ctrl-C.
"""

import argparse
import sys
from importlib.util import find_spec
from pathlib import Path

from launchready.errors import MissingExtra

HELP = "play a day against the sample app, with launchready and without, and compare"
NEEDED = ("fastapi", "uvicorn", "aiosmtpd", "trustme", "dns", "httpx")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--keep", action="store_true", help="leave the protected app running until Ctrl-C")
    parser.add_argument(
        "--report", type=Path, default=Path("report.html"), metavar="FILE", help="where the report goes (report.html)"
    )


def run(args: argparse.Namespace) -> int:
    if any(find_spec(name) is None for name in NEEDED):
        print(MissingExtra("The demo", "demo"), file=sys.stderr)  # noqa: T201 - a command
        return 2
    import asyncio  # noqa: PLC0415 - "--help" must not wait for it

    from launchready.demo.servers import NotStarted  # noqa: PLC0415 - it needs the extra
    from launchready.demo.show import show  # noqa: PLC0415

    try:
        return asyncio.run(show(keep=args.keep, report=args.report, tell=tell, progress=progress))
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 130
    except (NotStarted, OSError) as error:
        print(f"The demo could not be played: {error}", file=sys.stderr)  # noqa: T201
        return 2


def tell(text: str) -> None:
    print(f"\n{text}", flush=True)  # noqa: T201


def progress(text: str) -> None:
    """For whoever waits at a terminal."""
    if sys.stderr.isatty():
        print(f"... {text}", file=sys.stderr, flush=True)  # noqa: T201

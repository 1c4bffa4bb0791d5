"""``launchready demo``: run the demo. Without the extra "demo" the command exits with 2 and names the extra.

Exit: 0 every promise held, 1 a promise failed (the last lines name it), 2 the demo cannot run here, 130 Ctrl-C.
"""

import argparse
import sys
from importlib.util import find_spec
from pathlib import Path

from launchready.errors import MissingExtra

HELP = "run the same customers against the sample app with and without launchready, and compare"
NEEDED = ("fastapi", "uvicorn", "aiosmtpd", "trustme", "dns", "httpx")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--keep", action="store_true", help="keep the protected app running until Ctrl-C")
    parser.add_argument(
        "--report",
        type=Path,
        default=Path("report.html"),
        metavar="FILE",
        help="file for the HTML report (report.html)",
    )


def run(args: argparse.Namespace) -> int:
    if any(find_spec(name) is None for name in NEEDED):
        print(MissingExtra("The demo", "demo"), file=sys.stderr)  # noqa: T201 - a command
        return 2
    import asyncio  # noqa: PLC0415 - "--help" must not wait for it

    from launchready.demo.run_demo import run_demo  # noqa: PLC0415
    from launchready.demo.servers import NotStarted  # noqa: PLC0415 - it needs the extra

    try:
        return asyncio.run(run_demo(keep=args.keep, report=args.report, output=output, progress=progress))
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 130
    except (NotStarted, OSError) as error:
        print(f"The demo could not run: {error}", file=sys.stderr)  # noqa: T201
        return 2


def output(text: str) -> None:
    print(f"\n{text}", flush=True)  # noqa: T201


def progress(text: str) -> None:
    """Print progress to a terminal; otherwise print nothing."""
    if sys.stderr.isatty():
        print(f"... {text}", file=sys.stderr, flush=True)  # noqa: T201

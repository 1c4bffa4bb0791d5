"""Progress on stderr, only on a terminal: a bar if rich is installed, else plain lines."""

import argparse
import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

ProgressCallback = Callable[[int, int, str], None]


@contextlib.contextmanager
def progress(args: argparse.Namespace, title: str) -> Iterator[ProgressCallback | None]:
    """Yield the callback for ``check(progress=...)``, or None without a terminal."""
    if args.quiet or not sys.stderr.isatty():
        yield None
        return
    try:
        bar: Any = rich_bar(plain=args.no_color)
    except ImportError:
        sys.stderr.write(f"... {title}\n")
        sys.stderr.flush()
        yield None
        return
    with bar:
        task = bar.add_task(title, total=None)

        def update(done: int, total: int, topic: str) -> None:
            bar.update(task, completed=done, total=total, description=f"{title}: {topic}")

        yield update


def rich_bar(*, plain: bool) -> Any:
    """Return a transient progress bar; results stay on stdout."""
    from rich.console import Console  # noqa: PLC0415 - an extra
    from rich.progress import BarColumn, Progress, TextColumn  # noqa: PLC0415

    console = Console(stderr=True, no_color=plain or None)
    return Progress(BarColumn(bar_width=24), TextColumn("{task.description}", markup=False), console=console,
                    transient=True)  # fmt: skip

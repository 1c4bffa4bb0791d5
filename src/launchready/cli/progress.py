"""Progress on stderr, and only where somebody watches: a bar with rich where it is installed, plain lines else."""

import argparse
import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

ProgressCallback = Callable[[int, int, str], None]


@contextlib.contextmanager
def progress(args: argparse.Namespace, title: str) -> Iterator[ProgressCallback | None]:
    """What ``check(progress=...)`` is given; None where nobody watches."""
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

        def told(done: int, total: int, topic: str) -> None:
            bar.update(task, completed=done, total=total, description=f"{title}: {topic}")

        yield told


def rich_bar(*, plain: bool) -> Any:
    """A bar that goes away when it is done: the result stands on stdout."""
    from rich.console import Console  # noqa: PLC0415 - an extra
    from rich.progress import BarColumn, Progress, TextColumn  # noqa: PLC0415

    console = Console(stderr=True, no_color=plain or None)
    return Progress(BarColumn(bar_width=24), TextColumn("{task.description}", markup=False), console=console,
                    transient=True)  # fmt: skip

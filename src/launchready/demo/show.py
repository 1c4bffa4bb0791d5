"""The whole demo: both apps are started, live through the day, and are compared; then the sample domain is checked."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from launchready.demo import coach, day, figures, inspection, telling
from launchready.demo.mailbox import Mailbox
from launchready.demo.servers import Servers

Say = day.Say


async def show(*, keep: bool, report: Path, tell: Say, progress: Say) -> int:
    """Returns the exit code: 0 when every promise held, 1 otherwise."""
    start = time.perf_counter()
    with TemporaryDirectory(prefix="launchready-demo-") as folder, Servers() as servers, ends_at_signals():
        home = Path(folder)
        async with Mailbox() as mail, Mailbox() as other_mail:
            progress("starting two coach apps, with two workers each, and their payment providers")
            protected = coach.start(servers, home / "with", protected=True, smtp_port=mail.port)
            bare = coach.start(servers, home / "without", protected=False, smtp_port=other_mail.port)
            for app in (protected, bare):
                await asyncio.to_thread(app.wait_until_ready)
            with_it = await day.play(protected, mail, progress)
            without = await day.play(bare, other_mail, progress)
            servers.stop(bare.server, bare.provider)
            progress("checking the sample domain")
            found = await inspection.inspect(home)
            save(found.to_html(), report)
            broken = with_it.broken + inspection.overlooked(found)
            tell(telling.the_day(with_it, without, figures.p95_by_route(protected.home)))
            tell(telling.the_domain(found, report))
            tell(telling.the_verdict(broken, time.perf_counter() - start))
            if keep:
                tell(telling.addresses(protected, mail, with_it.people[0]))
                await until_interrupted()
    return 1 if broken else 0


def save(html: str, where: Path) -> None:
    where.write_text(html, encoding="utf-8")


@contextlib.contextmanager
def ends_at_signals() -> Iterator[None]:
    """SIGTERM and a closed terminal end the demo as Ctrl-C does: by cancelling it, so that it clears up."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None
    numbers = (signal.SIGTERM, signal.SIGHUP)
    for number in numbers:
        loop.add_signal_handler(number, task.cancel)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


async def until_interrupted() -> None:
    """Ctrl-C is the way out, and no failure."""
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGINT, done.set)
    try:
        await done.wait()
    finally:
        loop.remove_signal_handler(signal.SIGINT)

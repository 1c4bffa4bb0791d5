"""The whole demo: run the scenarios against both apps, compare the results, then check the sample domain."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from launchready.demo import inspection, run_scenarios, sample_app, text_report
from launchready.demo.mailbox import Mailbox
from launchready.demo.run_scenarios import Print
from launchready.demo.servers import Servers


async def run_demo(*, keep: bool, report: Path, output: Print, progress: Print) -> int:
    """Return the exit code: 0 when every promise held, else 1."""
    start = time.perf_counter()
    with TemporaryDirectory(prefix="launchready-demo-") as folder, Servers() as servers, cancel_on_signals():
        home = Path(folder)
        async with Mailbox() as mail, Mailbox() as other_mail:
            progress("starting two coach apps, with two workers each, and their payment providers")
            protected = sample_app.start(servers, home / "with", protected=True, smtp_port=mail.port)
            bare = sample_app.start(servers, home / "without", protected=False, smtp_port=other_mail.port)
            for app in (protected, bare):
                await asyncio.to_thread(app.wait_until_ready)
            with_it = await run_scenarios.run(protected, mail, progress)
            without = await run_scenarios.run(bare, other_mail, progress)
            servers.stop(bare.server, bare.provider)
            progress("checking the sample domain")
            found = await inspection.inspect(home)
            save(found.to_html(), report)
            failures = with_it.failures + inspection.missed(found)
            output(text_report.day_report(with_it, without, text_report.p95_by_route(protected.home)))
            output(text_report.domain_report(found, report))
            output(text_report.verdict(failures, time.perf_counter() - start))
            if keep:
                output(text_report.addresses(protected, mail, with_it.customers[0]))
                await until_interrupted()
    return 1 if failures else 0


@contextlib.contextmanager
def cancel_on_signals() -> Iterator[None]:
    """Cancel the demo on SIGTERM and when the terminal closes, so that it stops its processes as on Ctrl-C."""
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
    """Wait for Ctrl-C, which ends ``--keep`` without an error."""
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGINT, done.set)
    try:
        await done.wait()
    finally:
        loop.remove_signal_handler(signal.SIGINT)


def save(html: str, file: Path) -> None:
    file.write_text(html, encoding="utf-8")

"""Drives rules: every flow at once, equal questions asked once, and the total deadline always held.

At the deadline whatever is still open is answered "not answered in time"; the flows then run to their end without
waiting, so a report is always complete: what was not known by then is undetermined.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from launchready.checks.finding import Finding
from launchready.checks.operations import Ask, Each, NotProbed, Together, Undetermined
from launchready.checks.rule import Rule
from launchready.checks.site import Site
from launchready.errors import ConfigError
from launchready.exchange.operations import Flow, Op

T = TypeVar("T")
R = TypeVar("R")
Progress = Callable[[int, int, str], None]
"""Called with (done, total, what was looked at)."""


class Adapter(Protocol):
    """Whatever answers questions: the network, or a table in a test."""

    async def answer(self, op: Ask[Any], engine: "Engine") -> Any:
        """The answer to one question. It may ask ``engine`` for what it needs first."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One rule on one subject. ``findings`` is None when the rule did not apply."""

    rule: Rule
    subject: str
    findings: tuple[Finding, ...] | None = ()
    undetermined: Undetermined | None = None


class Engine:
    """One run. Not for reuse: its answers belong to one moment."""

    def __init__(self, adapter: Adapter, timeout: float, progress: Progress | None = None) -> None:
        self.adapter = adapter
        self.progress = progress
        self.done = 0
        self.timeout = timeout
        self.asked: dict[Ask[Any], asyncio.Task[Any]] = {}
        self.deadline = asyncio.get_running_loop().time() + timeout

    async def outcomes(self, rules: Iterable[Rule], site: Site) -> list[Outcome]:
        """Every rule on every one of its subjects, at once."""
        # Mail first: its answers lead to further questions, three deep, so they are what the others are waited for by.
        order = sorted(rules, key=lambda one: one.family != "mail")
        units = [(one, subject) for one in order for subject in one.subjects(site)]

        async def told(one: Rule, subject: str) -> Outcome:
            found = await self.outcome(one, site, subject)
            self.done += 1
            if self.progress is not None:
                self.progress(self.done, len(units), one.topic)
            return found

        try:
            return await asyncio.gather(*(told(one, subject) for one, subject in units))
        finally:
            await self.close()

    async def outcome(self, one: Rule, site: Site, subject: str) -> Outcome:
        """One rule on one subject. A rule that breaks says so in the report, and does not take it down."""
        try:
            found = await self.run(one(site, subject))
        except NotProbed:
            return Outcome(one, subject, None)
        except Undetermined as unknown:
            return Outcome(one, subject, undetermined=unknown)
        except ConfigError:
            raise
        except Exception as error:
            broken = Undetermined(
                f"{one.code} on {subject}", f"the check itself failed: {type(error).__name__}: {error}"
            )
            return Outcome(one, subject, undetermined=broken)
        return Outcome(one, subject, None if found is None else tuple(found))

    async def run(self, flow: Flow[T]) -> T:
        """Carries answers into one flow until it returns."""
        try:
            op = next(flow)
            while True:
                try:
                    await self.settle(op)
                except Undetermined as unknown:
                    op = flow.throw(unknown)
                else:
                    op = next(flow)
        except StopIteration as stop:
            found: T = stop.value
            return found
        finally:
            flow.close()

    async def settle(self, op: Op[Any]) -> None:
        """Answers one operation, or those that it carries."""
        if isinstance(op, Together):
            tasks = [self.asking(one) for one in op.ops]
            if waiting := [task for task in tasks if not task.done()]:
                await asyncio.wait(waiting)
            for one, task in zip(op.ops, tasks, strict=True):
                one.answer = task.result()
        elif isinstance(op, Each):
            found = await asyncio.gather(*(self.run(flow) for flow in op.flows), return_exceptions=True)
            for result in found:
                if isinstance(result, BaseException):
                    raise result
            op.answer = found
        elif isinstance(op, Ask):
            op.answer = await self.ask(op)
        else:
            raise TypeError(f"{op!r} is not an operation of the network")

    async def ask(self, op: Ask[R]) -> R:
        """The answer of this run to a question: asked when it is new, awaited when somebody else asked already."""
        task = self.asking(op)
        if not task.done():
            # Others wait for it as well: whoever is cancelled leaves it alone.
            await asyncio.wait([task])
        return task.result()

    def asking(self, op: Ask[R]) -> asyncio.Task[R]:
        task = self.asked.get(op)
        if task is None:
            task = self.asked[op] = asyncio.ensure_future(self._ask(op))
        return task

    async def _ask(self, op: Ask[R]) -> R:
        try:
            async with asyncio.timeout_at(self.deadline):
                answer: R = await self.adapter.answer(op, self)
                return answer
        except TimeoutError:
            return op.unanswered(f"no answer before the deadline of {self.timeout:g} s")

    def answers(self) -> list[tuple[Ask[Any], Any]]:
        """Every question of the run that was answered."""
        done = [(op, task) for op, task in self.asked.items() if task.done() and not task.cancelled()]
        return [(op, task.result()) for op, task in done if task.exception() is None]

    async def close(self) -> None:
        """Ends what is still open, so that no connection outlives the run."""
        open_tasks = [task for task in self.asked.values() if not task.done()]
        for task in open_tasks:
            task.cancel()
        await asyncio.gather(*open_tasks, return_exceptions=True)

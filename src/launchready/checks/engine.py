"""Runs the rules: all flows concurrently, equal questions asked once, and the total deadline always kept.

Bounds, whatever the network answers:

- At the deadline every open question is answered "no answer before the deadline". The flows then finish without
  waiting, so the report is always complete; what is still unknown is undetermined.
- A rule that still runs ``GRACE`` seconds after the deadline is undetermined.
- One rule on one subject asks at most ``MAX_QUESTIONS``: a hostile zone cannot start a flood of queries.
- Flows give way to the event loop every ``SLICE`` seconds, even if all their answers are already there.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from launchready.checks.finding import Finding
from launchready.checks.operations import AskAll, NotProbed, Question, RunAll, Undetermined
from launchready.checks.options import Progress
from launchready.checks.rule import Rule
from launchready.checks.site import Site
from launchready.errors import ConfigError
from launchready.exchange.operations import Flow, Op

T = TypeVar("T")
R = TypeVar("R")
GRACE = 0.25
SLICE = 0.01
MAX_QUESTIONS = 500


class QuestionAdapter(Protocol):
    """Answers questions: the network, or a table in a test."""

    async def answer(self, op: Question[Any], engine: "CheckEngine") -> Any:
        """The answer to one question. It may ask ``engine`` other questions first."""


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """The result of one rule on one subject. ``findings`` is None when the rule did not apply."""

    rule: Rule
    subject: str
    findings: tuple[Finding, ...] | None = ()
    undetermined: Undetermined | None = None


class QuestionBudget:
    """The questions that one rule on one subject may still ask, over all its flows."""

    __slots__ = ("left", "most", "name")

    def __init__(self, name: str, most: int = MAX_QUESTIONS) -> None:
        self.name = name
        self.most = self.left = most

    def spend(self, op: Op[Any]) -> None:
        """Raises Undetermined when the budget is used up."""
        self.left -= len(op.ops) if isinstance(op, AskAll) else isinstance(op, Question)
        if self.left < 0:
            raise Undetermined(self.name, f"the published records lead to more than {self.most} questions")


class CheckEngine:
    """One run. Not reusable: its answers belong to one moment."""

    def __init__(self, adapter: QuestionAdapter, timeout: float, progress: Progress | None = None) -> None:
        self.adapter = adapter
        self.progress = progress
        self.done = 0
        self.timeout = timeout
        self.tasks: dict[Question[Any], asyncio.Task[Any]] = {}
        self.loop = asyncio.get_running_loop()
        self.deadline = self.loop.time() + timeout
        self.last_pause = self.loop.time()

    async def run_rules(self, rules: Iterable[Rule], site: Site) -> list[RuleOutcome]:
        """Runs every rule on each of its subjects, concurrently."""
        # Mail first: its answers lead to further queries, three levels deep, so these rules finish last.
        order = sorted(rules, key=lambda one: one.family != "mail")
        units = [(one, subject) for one in order for subject in one.subjects(site)]

        async def run_one(one: Rule, subject: str) -> RuleOutcome:
            found = await self.run_rule(one, site, subject)
            self.done += 1
            if self.progress is not None:
                self.progress(self.done, len(units), one.topic)
            return found

        try:
            return await asyncio.gather(*(run_one(one, subject) for one, subject in units))
        finally:
            await self.close()

    async def run_rule(self, one: Rule, site: Site, subject: str) -> RuleOutcome:
        """Runs one rule on one subject. A rule that raises becomes an undetermined outcome; the report stays
        complete.
        """
        try:
            found = await self.run_flow(one(site, subject), QuestionBudget(f"{one.code} on {subject}"))
        except NotProbed:
            return RuleOutcome(one, subject, None)
        except Undetermined as unknown:
            return RuleOutcome(one, subject, undetermined=unknown)
        except ConfigError:
            raise
        except Exception as error:
            broken = Undetermined(
                f"{one.code} on {subject}", f"the check itself failed: {type(error).__name__}: {error}"
            )
            return RuleOutcome(one, subject, undetermined=broken)
        return RuleOutcome(one, subject, None if found is None else tuple(found))

    async def run_flow(self, flow: Flow[T], budget: QuestionBudget) -> T:
        """Runs one flow to its end and returns its result."""
        try:
            op = next(flow)
            while True:
                # Raised past the flow, which cannot catch it and go on.
                await self.pause(budget)
                budget.spend(op)
                try:
                    await self.answer_operation(op, budget)
                except Undetermined as unknown:
                    op = flow.throw(unknown)
                else:
                    op = next(flow)
        except StopIteration as stop:
            found: T = stop.value
            return found
        finally:
            flow.close()

    async def pause(self, budget: QuestionBudget) -> None:
        """Gives way to the event loop when the time slice is over. Undetermined when the grace period is over."""
        now = self.loop.time()
        if now > self.deadline + GRACE:
            raise Undetermined(budget.name, f"not finished before the deadline of {self.timeout:g} s")
        if now - self.last_pause > SLICE:
            await asyncio.sleep(0)
            self.last_pause = self.loop.time()

    async def answer_operation(self, op: Op[Any], budget: QuestionBudget) -> None:
        """Answers one operation, or the operations that it contains."""
        if isinstance(op, AskAll):
            tasks = [self.task_for(one) for one in op.ops]
            if waiting := [task for task in tasks if not task.done()]:
                await asyncio.wait(waiting)
            for one, task in zip(op.ops, tasks, strict=True):
                one.answer = task.result()
        elif isinstance(op, RunAll):
            found = await asyncio.gather(*(self.run_flow(flow, budget) for flow in op.flows), return_exceptions=True)
            for result in found:
                if isinstance(result, BaseException):
                    raise result
            op.answer = found
        elif isinstance(op, Question):
            op.answer = await self.ask(op)
        else:
            raise TypeError(f"{op!r} is not an operation of the network")

    async def ask(self, op: Question[R]) -> R:
        """The answer of this run to a question: asked once, shared by all rules."""
        task = self.task_for(op)
        if not task.done():
            # Other rules wait for the same task, so a cancelled waiter must not cancel it.
            await asyncio.wait([task])
        return task.result()

    def task_for(self, op: Question[R]) -> asyncio.Task[R]:
        task = self.tasks.get(op)
        if task is None:
            task = self.tasks[op] = asyncio.ensure_future(self._ask(op))
        return task

    async def _ask(self, op: Question[R]) -> R:
        try:
            async with asyncio.timeout_at(self.deadline):
                answer: R = await self.adapter.answer(op, self)
                return answer
        except TimeoutError:
            return op.unanswered(f"no answer before the deadline of {self.timeout:g} s")

    def answers(self) -> list[tuple[Question[Any], Any]]:
        """Every answered question of the run."""
        done = [(op, task) for op, task in self.tasks.items() if task.done() and not task.cancelled()]
        return [(op, task.result()) for op, task in done if task.exception() is None]

    async def close(self) -> None:
        """Cancels what is still open, so that no connection outlives the run."""
        open_tasks = [task for task in self.tasks.values() if not task.done()]
        for task in open_tasks:
            task.cancel()
        await asyncio.gather(*open_tasks, return_exceptions=True)

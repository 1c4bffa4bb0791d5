"""Runs every scenario against one app and collects the results."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import ModuleType

from launchready.demo.customers import AppClient, Customer, make_customers, sign_up_and_log_in
from launchready.demo.http_client import ConnectionLost
from launchready.demo.mailbox import Mailbox
from launchready.demo.sample_app import CoachApp
from launchready.demo.scenarios import catalogue, logs, origins, passwords, payments, slots
from launchready.demo.scenarios.scenario import ScenarioContext, ScenarioResult
from launchready.demo.servers import NotStarted

SCENARIOS: tuple[ModuleType, ...] = (payments, slots, passwords, origins, catalogue, logs)
CUSTOMERS = 40
Print = Callable[[str], None]
Scenario = Callable[[ScenarioContext], Awaitable[ScenarioResult]]


@dataclass(frozen=True, slots=True)
class DayResult:
    """The results of one app: one per scenario, in order, and the duration of every request in seconds."""

    customers: list[Customer]
    results: list[ScenarioResult]
    seconds: dict[str, list[float]]

    @property
    def failures(self) -> list[str]:
        return [promise for result in self.results for promise in result.failures]


async def run(app: CoachApp, mailbox: Mailbox, progress: Print) -> DayResult:
    customers = make_customers(CUSTOMERS)
    results = []
    async with AppClient(app.server.port) as net:
        try:
            await sign_up_and_log_in(net, customers)
        except (AssertionError, ConnectionLost) as error:
            raise NotStarted(f"customers cannot sign up: {error}\n{app.server.last_lines()}") from error
        context = ScenarioContext(app, net, customers, mailbox)
        for scenario in SCENARIOS:
            start = time.perf_counter()
            results.append(await run_scenario(scenario.run, context))
            seconds = time.perf_counter() - start
            progress(f"{'with' if app.protected else 'without'} launchready: {scenario.TITLE} ({seconds:.1f} s)")
        return DayResult(customers, results, dict(net.seconds))


async def run_scenario(scenario: Scenario, context: ScenarioContext) -> ScenarioResult:
    """Run one scenario. An exception counts as a failed promise, and the next scenario still runs."""
    try:
        return await scenario(context)
    except Exception as error:
        return ScenarioResult(f"could not run: {error!r}", [f"the scenario runs: {error!r}"])

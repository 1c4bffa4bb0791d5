"""The catalogue, read 2,000 times from 200 addresses, eight requests at a time.

The app's log counts the computations.
"""

import asyncio
import statistics

from launchready.demo.scenarios.scenario import ScenarioContext, ScenarioResult

TITLE = "the catalogue read 2,000 times"
NOTE = ""
READS = 2000
VISITORS = 8  # concurrent
COMPUTED = "catalogue computed in"
MAX_COMPUTED = 8  # one per worker and cache entry, with room for a restarted worker


async def run(context: ScenarioContext) -> ScenarioResult:
    before = context.app.log_text().count(COMPUTED)
    statuses: list[str] = []

    async def visitor(number: int) -> None:
        for n in range(READS // VISITORS):
            address = f"192.0.2.{1 + (number * 31 + n) % 200}"
            answer = await context.client.send("GET", "/coaches", address=address)
            statuses.append(answer.expect(200).headers.get("cache-status", ""))

    await asyncio.gather(*map(visitor, range(VISITORS)))
    computed = context.app.log_text().count(COMPUTED) - before
    hits = sum("hit" in status for status in statuses)
    median = 1000 * statistics.median(context.client.seconds["GET /coaches"])
    summary = f"computed {computed:,}x, answered from the cache {hits:,}x; median {median:.1f} ms"
    failures = [f"the catalogue is computed a few times only: {computed}"] if computed > MAX_COMPUTED else []
    return ScenarioResult(summary, failures)

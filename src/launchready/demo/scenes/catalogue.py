"""The catalogue, read 2,000 times from 200 addresses, eight at a time. The app's own log says how often it was
computed."""

import asyncio
import statistics

from launchready.demo.scenes.scene import Outcome, Stage

TITLE = "the catalogue read 2,000 times"
NOTE = ""
READS = 2000
VISITORS = 8  # at once
COMPUTED = "catalogue computed in"
FEW = 8  # one for each worker and cache entry, and room for a worker that was started anew


async def play(stage: Stage) -> Outcome:
    before = stage.app.log_text().count(COMPUTED)
    statuses: list[str] = []

    async def visitor(number: int) -> None:
        for n in range(READS // VISITORS):
            address = f"192.0.2.{1 + (number * 31 + n) % 200}"
            answer = await stage.net.send("GET", "/coaches", address=address)
            statuses.append(answer.expect(200).headers.get("cache-status", ""))

    await asyncio.gather(*map(visitor, range(VISITORS)))
    computed = stage.app.log_text().count(COMPUTED) - before
    hits = sum("hit" in status for status in statuses)
    median = 1000 * statistics.median(stage.net.seconds["GET /coaches"])
    told = f"computed {computed:,}x, answered from the cache {hits:,}x; median {median:.1f} ms"
    broken = [f"the catalogue is computed a few times only: {computed}"] if computed > FEW else []
    return Outcome(told, broken)

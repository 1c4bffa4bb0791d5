"""Ranks routes by the waiting time they cost customers, and suggests one change for the worst.

Score = seconds over target x weight: the total time that customers waited beyond the target of the route, times the
value of the route to the business. Routes without a weight are left out. There is one suggestion per release: after
two changes it is unclear which one helped.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from launchready.metrics import report
from launchready.metrics.histogram import midpoint
from launchready.metrics.ledger import Ledger
from launchready.metrics.query_times import HTTP, READ, REPEATED, SQL

Weight = Callable[[str, str], float | None]

SLOW = 0.1
"""Seconds from which a statement is slow."""

# Sampled reads, and the share of repeated responses, from which a cache is suggested.
LEAST_READS, SAME = 20, 0.5

SHARE = 0.3
"""Share of a route's time from which a cause is reported."""


@dataclass(frozen=True)
class Bottleneck:
    """One route. ``lost``: seconds over target in all requests together; ``score``: ``lost`` times the weight."""

    method: str
    route: str
    requests: int
    p95: float | None
    target: float
    lost: float
    weight: float
    score: float
    causes: tuple[str, ...]
    fix: str


@dataclass(frozen=True)
class BottleneckRanking:
    """``ranked``: worst first. ``folded``: number of routes over target without a weight.

    ``unknown``: routes with a weight and no target.
    """

    ranked: tuple[Bottleneck, ...]
    folded: int
    unknown: tuple[str, ...]


def bottlenecks(ledger: Ledger, since: float, target: report.Target, weight: Weight) -> BottleneckRanking:
    work = _work(ledger, since)
    ranked, folded, unknown = [], 0, []
    for (method, route), tally in report.tallies(ledger.rows(report._SLOTS, (since,))).items():
        promised, worth = target(method, route), weight(method, route)
        if promised is None:
            unknown += [f"{method} {route}"] if worth else []
            continue
        counts = tally.durations.counts.items()
        lost = sum((midpoint(index) - promised) * count for index, count in counts if midpoint(index) > promised)
        if not lost:
            continue
        if not worth:
            folded += 1
            continue
        causes, fix = suggestion(work.get((method, route), ()), tally, f"{method} {route}")
        p95 = report.quantiles(tally.durations)[1]
        ranked.append(
            Bottleneck(method, route, tally.requests, p95, promised, lost, worth, lost * worth, tuple(causes), fix)
        )
    ranked.sort(key=lambda one: (-one.score, one.route, one.method))
    return BottleneckRanking(tuple(ranked), folded, tuple(sorted(unknown)))


Row = Mapping[str, Any]


def _work(ledger: Ledger, since: float) -> dict[tuple[str, str], list[Row]]:
    found: dict[tuple[str, str], list[Row]] = {}
    for method, route, kind, what, requests, calls, seconds, repeats, slowest in ledger.rows(
        "SELECT method, route, kind, what, sum(requests), sum(calls), sum(seconds), max(repeats), max(slowest) "
        "FROM work WHERE start + 86400 > ? GROUP BY method, route, kind, what ORDER BY sum(seconds) DESC",
        (since,),
    ):
        found.setdefault((method, route), []).append({
            "kind": kind, "what": what, "requests": requests, "calls": calls, "seconds": seconds, "repeats": repeats,
            "slowest": slowest,
        })  # fmt: skip
    return found


def _causes(row: Row, share: float, name: str) -> Iterator[tuple[float, str, str]]:
    """Weight, description and fix of each cause."""
    what, each = row["what"], row["calls"] / row["requests"]
    if row["kind"] == SQL and row["repeats"] >= REPEATED and each >= 2:
        fix = "load these rows with one query (a join, or WHERE id IN (...); select_related, selectinload)"
        yield share + SHARE, f"{share:.0%} in {each:.0f} times the same query: {what}", fix
    elif row["kind"] == SQL and (share >= SHARE or row["slowest"] >= SLOW):
        fix = f"run EXPLAIN {what}; most often an index is missing"
        yield share, f"{share:.0%} in {what}, {row['slowest'] * 1000:.0f} ms at worst", fix
    elif row["kind"] == HTTP and share >= SHARE:
        in_turn = f", {row['repeats'] + 1} one after the other" if row["repeats"] else ""
        better = "in parallel" if in_turn else "after the response is sent"
        yield share, f"{share:.0%} waiting for {what}{in_turn}", f"call {what} {better}, or cache its response"
    elif row["kind"] == READ and row["requests"] >= LEAST_READS and each >= SAME:
        where = "routes" if what == "public" else "private"
        fix = f'cache it: Cache({where}={{"{name}": "60s"}})'
        yield each, f"{each:.0%} of the {what} reads returned the same body as before", fix


def suggestion(work: Iterable[Row], tally: report.Tally, name: str) -> tuple[list[str], str]:
    """Causes of the route's time, largest first, and the one change to make."""
    whole = tally.durations.total or 1.0
    causes = [cause for row in work for cause in _causes(row, min(1.0, row["seconds"] / whole), name)]
    causes.sort(key=lambda cause: -cause[0])
    if causes:
        return [words for _, words, _ in causes], causes[0][2]
    if name.startswith("GET ") and not tally.hits:
        return [], f'if the response is the same for all visitors: Cache(routes={{"{name}": "60s"}})'
    return [], "profile one request: neither the database nor another host took long (see launchready.watch)"

"""What the request path costs, beside a hand-written floor and the usual peers, in one run.

    python benchmarks/request_path.py [--requests N] [--rounds N] [--only WORD ...] [--json]

Every contender is first checked: the right status, its header, the handler ran or did not run. Then all contenders of
a case take turns, in a new order each round, with the bare app of the same framework; a ratio compares two blocks of
the same round. How to read the table: benchmarks/README.md.
"""

import argparse
import asyncio
import json
import os
import platform
import random
import sys
from importlib.metadata import version
from pathlib import Path
from statistics import median, quantiles

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent / "src")]

from contenders import CASES, CONTENDERS, FRAMEWORKS, TITLES, Runs, bare  # noqa: E402 - its folder was named above
from measuring import answer, block, garbage, usual_frames  # noqa: E402

WARM_UP = 50


class Skipped(Exception):
    """Why a contender is not in the table."""


class Row:
    """One contender in one case."""

    def __init__(self, framework, name, app, requests):
        self.framework = framework
        self.name = name
        self.app = app
        self.requests = requests
        self.seconds = []  # per request, one of each round

    async def count(self):
        self.frames = await usual_frames(self.app, self.requests)
        self.garbage = await garbage(self.app, self.requests)

    def against(self, base):
        ratios = [mine / theirs for mine, theirs in zip(self.seconds, base.seconds, strict=True)]
        deciles = quantiles(ratios, n=10) if len(ratios) > 1 else ratios * 9
        return {
            "framework": self.framework,
            "contender": self.name,
            "us": median(self.seconds) * 1e6,
            "ratio": median(ratios),
            "p10": deciles[0],
            "p90": deciles[8],
            "quiet_ratio": _quiet(self.seconds) / _quiet(base.seconds),
            "added_us": (median(ratios) - 1) * median(base.seconds) * 1e6,
            "added_frames": self.frames - base.frames,
            "frames": self.frames,
            "garbage_per_100": self.garbage - base.garbage,
        }


def _quiet(seconds):
    """The block that a tenth of all blocks beat: what it takes while nobody else warms the machine's caches."""
    return sorted(seconds)[len(seconds) // 10]


def built(framework, name, case):
    """The contender's app, with a counter of its handler's runs."""
    runs = Runs()
    try:
        return CONTENDERS[name].build(framework, runs, case), runs
    except ImportError as missing:
        raise Skipped(f"not installed ({missing})") from missing


async def check(framework, name, case, app, runs):
    """A figure of something that does not do its work is worth nothing."""
    kind, contender = CASES[case], CONTENDERS[name]
    requests = kind.requests()
    if not kind.runs:
        await answer(app, requests)  # what is refused or answered from the store was asked for once before
    before = runs.count
    status, headers, _ = await answer(app, requests)
    wanted = contender.statuses.get(case, kind.status)
    if status != wanted or contender.headers[case] not in headers or (runs.count > before) != kind.runs:
        raise SystemExit(f"{framework}, {case}: {name} does not do its work: {status} {headers} {runs.count - before}")
    for _ in range(WARM_UP):
        await answer(app, requests)
    return requests


async def measure(framework, case, names, options):
    """The rows of one case, and who was skipped."""
    base_case = CASES[CASES[case].baseline or case]
    rows, skipped = [Row(framework, "bare", bare(framework, Runs()), base_case.requests())], {}
    for _ in range(WARM_UP):
        await answer(rows[0].app, rows[0].requests)
    for name in names:
        try:
            app, runs = built(framework, name, case)
        except Skipped as why:
            skipped[name] = str(why)
        else:
            rows.append(Row(framework, name, app, await check(framework, name, case, app, runs)))
    for row in rows:
        await row.count()
    shuffled = random.Random(1)
    for _ in range(options.rounds):
        for row in shuffled.sample(rows, len(rows)):
            row.seconds.append(await block(row.app, row.requests, options.requests) / options.requests)
    return [row.against(rows[0]) for row in rows], skipped


async def run(options):
    """All cases: rows as dictionaries, and the skipped by name."""
    results, skipped = [], {}
    for case in CASES:
        for framework in FRAMEWORKS:
            names = [
                name
                for name, each in CONTENDERS.items()
                if case in each.headers
                and framework in each.frameworks
                and all(word in f"{framework} {case} {name}" for word in options.only)
            ]
            if names:
                rows, missing = await measure(framework, case, names, options)
                results += [{"case": case, **row} for row in rows]
                skipped |= missing
                print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return results, skipped


def machine():
    packages = ("starlette", "fastapi")
    return {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "load": [round(value, 1) for value in os.getloadavg()],
        **{name: version(name) for name in packages},
    }


def table(results, skipped, before, options):
    about = ", ".join(f"{name} {value}" for name, value in before.items())
    print(f"{about}; {options.rounds} rounds of {options.requests} requests\n")
    for case, title in TITLES.items():
        rows = [row for row in results if row["case"] == case]
        if not rows:
            continue
        print(f"{title}\n")
        print("| framework | contender | x bare [p10-p90] | quiet x | us | added us | added frames | garbage / 100 |")
        print("|---|---|---|---|---|---|---|---|")
        for row in rows:
            spread = "" if row["contender"] == "bare" else f" [{row['p10']:.2f}-{row['p90']:.2f}]"
            print(
                f"| {row['framework']} | {row['contender']} | {row['ratio']:.2f}{spread} "
                f"| {row['quiet_ratio']:.2f} | {row['us']:.1f} "
                f"| {row['added_us']:+.1f} | {row['added_frames']:+d} | {row['garbage_per_100']} |"
            )
        print()
    for name, why in skipped.items():
        print(f"skipped: {name}: {why}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=50, help="requests in a block (default 50)")
    parser.add_argument("--rounds", type=int, default=101, help="blocks of each contender (default 101)")
    parser.add_argument(
        "--only", nargs="+", default=[], metavar="WORD",
        help="rows with all these words in framework, case or contender; cases: " + ", ".join(CASES),
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print JSON instead of tables")
    options = parser.parse_args()
    before = machine()
    results, skipped = asyncio.run(run(options))
    if options.json:
        print(json.dumps({"machine": before, "rows": results, "skipped": skipped}, indent=1))
    else:
        table(results, skipped, before, options)


if __name__ == "__main__":
    main()

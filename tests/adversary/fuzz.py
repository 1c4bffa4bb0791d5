"""Search for slow inputs of every parser: ``make fuzz``, five minutes per parser, or ``FUZZ_SECONDS``.

    python tests/adversary/fuzz.py [PARSER ...]

All families are tried first, then random mixtures of units, preferring those near the slowest found. The slowest inputs
of each parser are kept in ``FUZZ_CORPUS`` (default ``.fuzz``) and tried first in the next run. The exit code is 1 if an
input grows faster than its length, or if a megabyte takes longer than 0.15 s in redaction with google-re2 or 0.3 s
elsewhere; ``FUZZ_SLOWNESS`` multiplies these two for a slower machine.
"""

import json
import os
import random
import sys
import time
from pathlib import Path

from hostile_inputs import HEADS, Hostile, all_families, growth, seconds, units
from parsers import PARSERS

SECONDS = float(os.environ.get("FUZZ_SECONDS", "300"))
SLOWNESS = float(os.environ.get("FUZZ_SLOWNESS", "1"))
CORPUS = Path(os.environ.get("FUZZ_CORPUS", ".fuzz"))
KEPT = 40
MEGABYTE = 1_000_000


def mutated(seed: random.Random, slowest: list[tuple[float, Hostile]]) -> Hostile:
    """A mixture of units, often with a part of one of the slowest inputs."""
    parts = seed.choices(units(), k=seed.randrange(1, 5))
    head = seed.choice(("", "", *HEADS, seed.choice(units())))
    if slowest and seed.random() < 0.6:
        base = seed.choice(slowest)[1]
        parts[seed.randrange(len(parts))] = base.unit[:60]
        head = base.head if seed.random() < 0.5 else head
    return Hostile("".join(parts), head, seed.choice(("", "", *units()[:50])))


def search(name: str) -> list[str]:
    """Search one parser. Returns its failures."""
    parse, bound = PARSERS[name], SLOWNESS * (0.15 if name == "redaction with google-re2" else 0.3)
    path = CORPUS / f"{name.replace(' ', '-').replace('/', '-')}.json"
    kept = [Hostile(*row) for row in json.loads(path.read_text())] if path.exists() else []
    seed, ends, slowest, failures, tried = random.Random(), time.monotonic() + SECONDS, [], [], 0
    waiting = [*all_families(), *kept]
    while time.monotonic() < ends:
        family = waiting.pop() if waiting else mutated(seed, slowest)
        tried += 1
        grown = growth(parse, family)
        if grown is not None:
            failures.append(f"{name}: {grown:.1f} times as long for 4 times {family}")
        taken = seconds(parse, family.text(16_000))
        if len(slowest) < KEPT or taken > slowest[-1][0]:
            slowest = sorted([*slowest, (taken, family)], key=lambda pair: -pair[0])[:KEPT]
    figures = [(min(seconds(parse, family.text(MEGABYTE)) for _ in range(2)), family) for _, family in slowest[:8]]
    failures += [f"{name}: a megabyte takes {taken:.2f} s: {family}" for taken, family in figures if taken > bound]
    CORPUS.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([family for _, family in slowest], indent=1))
    worst = max(taken for taken, _ in figures)
    print(f"{name:32} {tried:>8} inputs  slowest megabyte {worst:.2f} s  {len(failures)} failures", flush=True)
    return failures


def main() -> int:
    """Search the parsers named on the command line, or all."""
    failures = [failure for name in sys.argv[1:] or PARSERS for failure in search(name)]
    print("\n".join(failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

"""Cost of redaction per line beside installable peers, and the recall of each.

    python benchmarks/redaction.py [--rounds 60] [--json]

Timed lines come from tests/conformance/redact. Recall is measured on lines generated from the seed
(tests/support/booking_logs). Each round gives every contender the same block of lines in a random order, and a ratio
compares two blocks of one round. Times are processor times of the process.
"""

import argparse
import importlib.metadata
import json
import random
import statistics
import sys
from collections import Counter
from pathlib import Path
from time import process_time

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "conformance" / "redact")]

import eval as scorer  # noqa: E402

from launchready.redaction.text import Redactor  # noqa: E402
from support import booking_logs  # noqa: E402

MEGABYTE = 1_000_000
LINES = {"access", "kv", "jsonl", "sql", "http", "hard"}


def plain():
    """launchready without google-re2."""
    redactor = Redactor()
    redactor._engine._re2_loaded = True
    return redactor


def with_re2():
    redactor = Redactor()
    redactor("warm up")
    if redactor._engine._re2_gates is None:
        raise ImportError("google-re2")
    return redactor


def secretmask():
    import secretmask

    return secretmask.mask


def redact_secret():
    import redact_secret

    redact_secret.initialize()

    def read(item):
        """redact-secret accepts only text, and refuses long text."""
        text = item if isinstance(item, str) else json.dumps(item)
        try:
            return redact_secret.scan_and_redact(text).text
        except redact_secret.SecretScanError:
            return text

    return read


CONTENDERS = {
    "launchready": plain,
    "launchready, google-re2": with_re2,
    "secretmask": secretmask,
    "redact-secret": redact_secret,
}


def contenders():
    """Return the installed contenders, and the names of the missing ones."""
    found, missing = {}, []
    for name, make in CONTENDERS.items():
        try:
            found[name] = make()
        except ImportError:
            missing.append(name)
    return found, missing


def block(redact, items):
    """Return microseconds per item."""
    began = process_time()
    for item in items:
        redact(item)
    return (process_time() - began) / len(items) * 1e6


def timed(found, items, rounds):
    """Return the time of every round, by name."""
    times = {name: [] for name in found}
    order = list(found)
    for redact in found.values():
        block(redact, items)
    for _ in range(rounds):
        random.shuffle(order)
        for name in order:
            times[name].append(block(found[name], items))
    return times


def spread(ratios):
    """Return median, 10th and 90th percentile."""
    cuts = statistics.quantiles(ratios, n=10)
    return statistics.median(ratios), cuts[0], cuts[-1]


def table(times, base):
    """Return rows of name, smallest microseconds, and ratio to the base with its spread."""
    rows = []
    for name, own in times.items():
        middle, low, high = spread([one / other for one, other in zip(own, times[base], strict=True)])
        rows.append({"name": name, "us": min(own), "ratio": middle, "p10": low, "p90": high})
    return rows


def found_by(redact, drawn):
    """Return the recall of the values to hide, and the share of harmless values that changed."""
    leaked, total, damaged, kept = 0, 0, 0, 0
    for line in drawn:
        cleaned = redact(line.text)
        for kind, value in line.hide:
            if kind not in scorer.TIER_B:
                total += 1
                leaked += scorer.leaked(kind, value, cleaned)
        damaged += sum(not scorer.has(cleaned, value) for value in line.keep)
        kept += len(line.keep)
    return 1 - leaked / total, damaged / kept


def worst(redact):
    """Return the slowest megabyte and its name."""
    slow = Counter({name: block(redact, [make(MEGABYTE)]) / 1e6 for name, make in scorer.REDOS.items()})
    return slow.most_common(1)[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="without the megabytes")
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    found, missing = contenders()
    drawn = booking_logs.lines(args.seed, 2)
    corpus = scorer.load()
    sets = {
        "clean line": [row["x"] for row in corpus if row["k"] == "clean"],
        "clean line full of words of secrets": [line.text for line in drawn if not line.hide],
        "line with something to hide": [row["x"] for row in corpus if row["k"] in LINES],
        "event, a dict": [row["x"] for row in corpus if row["k"] == "event"],
    }
    base = "secretmask" if "secretmask" in found else "launchready"
    result = {name: table(timed(found, items, args.rounds), base) for name, items in sets.items()}
    finds = {
        name: (*found_by(redact, drawn), *(("not run", 0.0) if args.quick else worst(redact)))
        for name, redact in found.items()
    }
    if args.json:
        print(json.dumps({"times": result, "finds": finds, "missing": missing}))
        return
    versions = [
        f"{name} {importlib.metadata.version(name)}"
        for name in ("google-re2", "secretmask", "redact-secret")
        if name not in missing
    ]
    print(f"CPython {sys.version.split()[0]}, {', '.join(versions)}; {args.rounds} rounds; x: of {base}\n")
    for name, rows in result.items():
        print(f"| {name} | x [p10-p90] | us |\n|---|---|---|")
        for row in rows:
            print(f"| {row['name']} | {row['ratio']:.2f} [{row['p10']:.2f}-{row['p90']:.2f}] | {row['us']:.1f} |")
        print()
    print("| | recall | damage | slowest megabyte, s |\n|---|---|---|---|")
    for name, (recall, damage, probe, seconds) in finds.items():
        print(f"| {name} | {recall:.3f} | {damage:.4f} | {seconds:.2f} ({probe}) |")
    if missing:
        print(f"\nNot installed: {', '.join(missing)}.")


if __name__ == "__main__":
    main()

"""The secrets scan compared with gitleaks, betterleaks and kingfisher: recall, precision and time.

    python benchmarks/secrets_scan.py [--seeds 3] [--time REPOSITORY ...]

Repositories are generated for the run (tests/secrets/planted.py): secrets in thirty formats, in the history, in
archives and sentences, next to decoys. Scanners that are not on the path are skipped. ``--time`` scans a real
repository, and compares with ``git log -p -U0 --all``, the minimum cost of reading a history.
"""

import argparse
import collections
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "secrets"))

import planted

from launchready.secrets import external_scanners, scan
from launchready.secrets.scan_blob import Hit


def values(name, folder):
    """Return the values that one scanner finds."""
    if name == "launchready":
        return {(leak.path, leak.value) for leak in scan(folder)}
    return {
        (hit.path, hit.value) for hit in external_scanners.hits(name, str(folder), past=True) if isinstance(hit, Hit)
    }


def scored(names, seeds):
    """Print recall and precision of each scanner over all repositories."""
    counts = {name: collections.Counter() for name in names}
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as folder:
            marks = planted.plant(folder, 9000 + seed)
            known = ["".join(mark.value.replace("\\n", "").split()) for mark in marks if mark.value]
            for name in names:
                found = values(name, folder)
                hit = planted.found(marks, {value for _, value in found})
                flat = {"".join(value.replace("\\n", "").split()) for _, value in found}
                count = counts[name]
                count["wrong"] += sum(not any(one in other or other in one for other in known) for one in flat)
                for mark in (mark for mark in marks if mark.kind == "secret"):
                    for group in ("all", "hard" if mark.hard else "plain", mark.state):
                        count[group] += 1
                        count[f"{group} found"] += mark in hit
    for name, count in counts.items():
        parts = [
            f"{group} {count[f'{group} found'] / count[group]:.3f}" for group in ("all", "plain", "hard", "history")
        ]
        right = count["all found"]
        print(f"{name:12} recall: {', '.join(parts)};  precision {right / max(1, right + count['wrong']):.3f}")


def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def timed(names, repositories, rounds=3):
    """Print the median of three rounds and its ratio to git's time."""
    for repository in repositories:
        git = ["git", "-C", repository, "log", "-p", "-U0", "--all"]
        work = {"git log -p": lambda git=git: subprocess.run(git, capture_output=True, check=False)}
        work |= {name: lambda name=name, repository=repository: values(name, repository) for name in names}
        took = collections.defaultdict(list)
        for _ in range(rounds):
            for name, run in work.items():
                took[name].append(seconds(run))
        least = sorted(took["git log -p"])[rounds // 2]
        print(f"{repository} ({os.cpu_count()} cores)")
        for name, times in took.items():
            middle = sorted(times)[rounds // 2]
            spread = f"({min(times):.2f} to {max(times):.2f})"
            print(f"  {name:12} {middle:6.2f} s  {spread}  {middle / least:.1f} x git log -p")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--time", nargs="*", default=[], metavar="REPOSITORY")
    args = parser.parse_args()
    contenders = ["launchready", *external_scanners.installed()]
    scored(contenders, args.seeds)
    timed(contenders, args.time)

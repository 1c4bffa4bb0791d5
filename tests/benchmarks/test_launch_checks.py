"""The benchmark of the launch checks runs, and what does not depend on the machine holds."""

import json
import subprocess
import sys
from pathlib import Path

COMMAND = Path(__file__).parents[2] / "benchmarks" / "launch_checks.py"


def test_one_short_run():
    """At most 60 questions, none twice; no faster than three round trips, which is the floor."""
    words = ["--rounds", "2", "--latency-ms", "30", "--json"]
    ran = subprocess.run([sys.executable, COMMAND, *words], capture_output=True, text=True, timeout=100)
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    assert found["queries"] == found["different"] <= 60
    assert found["launchready_least_ms"] >= 90

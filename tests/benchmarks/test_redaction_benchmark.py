"""The benchmark of redaction runs: whoever measures by it must not find it broken."""

import json
import subprocess
import sys
from pathlib import Path

COMMAND = Path(__file__).parents[2] / "benchmarks" / "redaction.py"


def test_one_short_run():
    """One command times every contender that is installed, and names the others."""
    ran = subprocess.run(
        [sys.executable, COMMAND, "--rounds", "2", "--quick", "--json"], capture_output=True, text=True, timeout=100
    )
    assert ran.returncode == 0, ran.stderr
    document = json.loads(ran.stdout)
    names = {row["name"] for row in document["times"]["clean line"]}
    assert {"launchready", "launchready, google-re2"} <= names
    assert names | set(document["missing"]) >= {"secretmask", "redact-secret"}
    assert document["finds"]["launchready"][0] > 0.985

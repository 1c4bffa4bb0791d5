"""The benchmark of the edge runs, and what it says of accuracy holds: that part is no matter of the machine."""

import json
import subprocess
import sys
from pathlib import Path

COMMAND = Path(__file__).parents[2] / "benchmarks" / "edge.py"


def test_one_short_run():
    """Every contender is checked before it is measured; ours lets nothing through above the limit, on any trace."""
    ran = subprocess.run(
        [sys.executable, COMMAND, "--rounds", "1", "--json"], capture_output=True, text=True, timeout=100
    )
    assert ran.returncode == 0, ran.stderr
    found = json.loads(ran.stdout)
    rows = {row[0]: row[1:] for row in found["admission"]}
    assert rows["launchready, exact"] == ["+0%", 1.0, 1.0]
    assert rows["launchready, groups"][0] == "+0%"
    assert rows["launchready, groups"][1] >= 0.9
    assert rows["limits, fixed window"][0] == "+99%"
    assert {"launchready, the rule", "limits, moving window"} <= {row[0] for row in found["hit"]}
    assert {row[0] for row in found["cors"]} >= {"launchready, CORS alone", "starlette CORSMiddleware"}

"""The benchmark itself runs: whoever measures by it must not find it broken."""

import json
import subprocess
import sys
from pathlib import Path

COMMAND = Path(__file__).parents[2] / "benchmarks" / "request_path.py"


def test_one_short_run():
    """One command checks every contender and gives its rows; a peer that is not installed is named, and no error."""
    words = ["--only", "starlette", "get", "--rounds", "2", "--requests", "5", "--json"]
    ran = subprocess.run([sys.executable, COMMAND, *words], capture_output=True, text=True, timeout=100)
    assert ran.returncode == 0, ran.stderr
    document = json.loads(ran.stdout)
    rows = {row["contender"]: row for row in document["rows"]}
    assert {"bare", "floor", "launchready", "starlette CORSMiddleware"} <= rows.keys()
    assert rows["bare"]["ratio"] == 1
    assert rows["floor"]["added_frames"] < rows["launchready"]["added_frames"]
    assert {"slowapi, ASGI middleware"} <= rows.keys() | document["skipped"].keys()

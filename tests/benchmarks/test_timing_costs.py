"""benchmarks/timing.py runs, and says what it should."""

import subprocess
import sys
from pathlib import Path

COMMAND = Path(__file__).parents[2] / "benchmarks" / "timing.py"


def test_one_short_run():
    """Every contender that is installed, the cost of timing alone, and one run of a hung check."""
    ran = subprocess.run(
        [sys.executable, COMMAND, "--rounds", "3", "--requests", "20"], capture_output=True, text=True, timeout=100
    )
    assert ran.returncode == 0, ran.stderr
    assert "launchready's timing alone" in ran.stdout
    assert "100 probes of a hung database: 1 run" in ran.stdout

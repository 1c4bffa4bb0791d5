"""The gate counts with the code of the benchmark, so that both mean the same request and the same frames."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

"""How the scan runs git."""

import os
import subprocess
import sys

import planted

STRIPE = planted.Maker(11).make("stripe")


def test_long_stderr_does_not_block(repo):
    """A pipe holds 64 KB, so an unread stderr would block git forever."""
    repo.put(".gitattributes", "".join(f"*.py {'!' * 20}{number}\n" for number in range(4000)))
    repo.commit(a__py=f"key = '{STRIPE}'\n")
    repo.commit(a__py="key = ''\n")
    done = subprocess.run(
        [sys.executable, "-m", "launchready", "secrets", str(repo.path)],
        capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert (done.returncode, "stripe-live-key" in done.stdout) == (1, True)

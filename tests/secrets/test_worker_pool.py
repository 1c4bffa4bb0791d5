"""How worker processes end."""

import subprocess
import sys

import pytest

from launchready.secrets import worker_pool

STOPPED = """
import os, signal, subprocess, sys
from launchready.cli import main
from launchready.cli.commands import secrets
from launchready.secrets import worker_pool

started = []
class Popen(subprocess.Popen):
    def __init__(self, command, **more):
        super().__init__(command, **more)
        if "launchready.secrets" in command:
            started.append(self)

worker_pool.subprocess.Popen = Popen
worker_pool._cores = lambda: 2
worker_pool.FILES_PER_JOB = worker_pool._POOL_THRESHOLD = 1
sys.stderr.isatty = lambda: True
secrets._bar = lambda done, every: os.killpg(0, signal.SIGINT)
code = main(["secrets", sys.argv[1]])
print(code, bool(started), all(one.poll() is not None for one in started))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_ctrl_c_ends_the_workers_silently(tmp_path):
    """SIGINT to the whole group, as from a terminal, exits with 130 and leaves no process."""
    for at in range(40):
        (tmp_path / f"{at}.txt").write_text("one\n")
    done = subprocess.run(
        [sys.executable, "-c", STOPPED, str(tmp_path)],
        capture_output=True, text=True, check=True, start_new_session=True,
    )  # fmt: skip
    assert done.stdout == "130 True True\n"
    assert "Traceback" not in done.stderr


def test_a_worker_ends_silently_when_its_pipe_closes(tmp_path):
    """After the scan is killed, its workers see a closed pipe and print nothing."""
    (tmp_path / "one.txt").write_text("one\n")
    job = f'["files", "{tmp_path}", "", ["one.txt"], ""]\n'
    worker = subprocess.Popen(
        [sys.executable, "-m", "launchready.secrets"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=worker_pool._environment(),
    )  # fmt: skip
    worker.stdout.close()
    _, stderr = worker.communicate(job)
    assert stderr == ""

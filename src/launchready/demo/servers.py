"""Processes of the demo. Each one leads a session of its own, and none outlives the demo.

A session leader's process group includes its workers, so one signal reaches all of them. Use :class:`Servers` as a
context manager. However the block ends (an error, Ctrl-C, a cancelled task), the groups get SIGTERM, and SIGKILL if
they do not end.
"""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

STOP_TIMEOUT = 1.5  # seconds between SIGTERM and SIGKILL


class NotStarted(Exception):
    """A process ended, or did not listen in time. The message has the last lines of its log."""


class Server:
    """One process group. ``log`` receives its output."""

    def __init__(self, argv: Sequence[str], *, port: int, log: Path, env: Mapping[str, str], cwd: Path) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.log = log
        with log.open("ab") as sink:
            self._process = subprocess.Popen(  # noqa: S603 - our own argument list, no shell
                argv,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                env={**os.environ, **env},
                cwd=cwd,
                start_new_session=True,
            )
        self.pid = self._process.pid

    def wait_until_listening(self, within: float = 20.0) -> None:
        deadline = time.monotonic() + within
        while time.monotonic() < deadline and self._process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            time.sleep(0.05)
        raise NotStarted(f"nothing listens on port {self.port}; its last lines:\n{self.last_lines()}")

    def wait_until_written(self, pattern: str, times: int, within: float = 20.0) -> None:
        """Wait until the log contains ``pattern`` at least ``times`` times."""
        deadline = time.monotonic() + within
        while len(re.findall(pattern, self.log.read_text(errors="replace"))) < times:
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise NotStarted(f"{pattern!r} was not written {times} times; its last lines:\n{self.last_lines()}")
            time.sleep(0.05)

    def last_lines(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-12:])

    def worker_pids(self) -> list[int]:
        """Process ids of all workers that uvicorn has started, oldest first, dead ones included."""
        return [
            int(pid) for pid in re.findall(r"Started server process \[(\d+)]", self.log.read_text(errors="replace"))
        ]

    def alive(self) -> bool:
        """Whether a process of the group still runs. Zombies do not count."""
        try:
            os.killpg(self.pid, 0)
        except ProcessLookupError:
            return False
        return running_members(self.pid) != 0

    def send_signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def wait_until_gone(self, within: float) -> bool:
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            collected = self._process.poll() is not None
            if collected and not self.alive():
                return True
            time.sleep(0.02)
        return False


def running_members(group: int) -> int | None:
    """Number of running processes of a group, from /proc (proc(5): state, ppid, pgrp); None without /proc."""
    states = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, pgrp = stat.read_text(errors="replace").rpartition(")")[2].split()[:3]
            states += [state] if int(pgrp) == group else []
    return sum(state not in "ZX" for state in states) if states else None


class Servers:
    """The servers of a run, stopped together at its end."""

    def __init__(self) -> None:
        self.started: list[Server] = []

    def start(
        self,
        argv: Sequence[str],
        *,
        port: int,
        log: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> Server:
        server = Server(argv, port=port, log=log, env=env or {}, cwd=cwd or log.parent)
        self.started.append(server)
        return server

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with ignore_signals():
            self.stop(*self.started)

    def stop(self, *servers: Server) -> None:
        """Send SIGTERM to all, then SIGKILL to those still running after ``STOP_TIMEOUT``."""
        for server in servers:
            server.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_TIMEOUT
        for server in servers:
            if not server.wait_until_gone(max(0.1, deadline - time.monotonic())):
                server.send_signal(signal.SIGKILL)
                server.wait_until_gone(STOP_TIMEOUT)


@contextlib.contextmanager
def ignore_signals() -> Iterator[None]:
    """Ignore SIGINT and SIGTERM, so that a second Ctrl-C cannot interrupt the cleanup."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def python(*arguments: str) -> list[str]:
    return [sys.executable, "-u", *arguments]

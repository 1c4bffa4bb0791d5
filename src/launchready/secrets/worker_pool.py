"""The same work on all cores: worker processes that read jobs and answer with hits, one JSON line each.

Processes of our own, started as ``python -m launchready.secrets``: they work the same in a script without a
``__main__`` guard, in a thread, and inside a server. Small work is done here, without any.
"""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence

from launchready.secrets import work_tree
from launchready.secrets.history import History
from launchready.secrets.hits import Unread
from launchready.secrets.scan_blob import Hit
from launchready.secrets.submodules import Repository

Job = tuple[str, str, str, tuple[str, ...], str]
"""What (commits or files), where, limited to, which, and under which path for the reader."""
Progress = Callable[[int, int], None]

COMMITS, FILES = 320, 64
_MANY = 240


def jobs(where: Repository, ids: Sequence[str], paths: Sequence[str]) -> list[Job]:
    """The work in portions."""
    top, only = where.top, where.only
    return [
        *(("commits", top, only, tuple(ids[at : at + COMMITS]), where.under) for at in range(0, len(ids), COMMITS)),
        *(
            ("files", where.path, "", tuple(paths[at : at + FILES]), where.files_under)
            for at in range(0, len(paths), FILES)
        ),
    ]


def done(job: Job) -> Iterator[Hit | Unread]:
    """One portion."""
    under = job[4]
    for answer in _answers(job):
        yield answer._replace(path=under + answer.path) if under else answer


def _answers(job: Job) -> Iterator[Hit | Unread]:
    what, where, only, names, _under = job
    if what == "commits":
        yield from History(where, only).hits(names)
    else:
        for name in names:
            yield from work_tree.hits(where, name)


def spread(work: list[Job], progress: Progress | None = None) -> Iterator[Hit | Unread]:
    """All portions, on as many cores as there are when it is worth it. The order of answers is not that of the work."""
    count = min(_cores(), len(work))
    if count < 2 or sum(len(job[3]) for job in work) < _MANY or not sys.executable:
        for number, job in enumerate(work):
            yield from done(job)
            if progress:
                progress(number + 1, len(work))
        return
    yield from _Pool(work, count, progress).answers()


def _cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:
        return os.cpu_count() or 1


class _Pool:
    """One thread a worker process: hands it jobs, collects its answers. A worker that dies costs its portion, said."""

    def __init__(self, work: list[Job], count: int, progress: Progress | None) -> None:
        self._todo: queue.SimpleQueue[Job] = queue.SimpleQueue()
        for job in work:
            self._todo.put(job)
        self._total, self._progress, self._count = len(work), progress, count
        self._answers: queue.SimpleQueue[Hit | Unread | None] = queue.SimpleQueue()
        self._workers: list[subprocess.Popen[bytes]] = []
        self._ended = False

    def answers(self) -> Iterator[Hit | Unread]:
        for _ in range(self._count):
            threading.Thread(target=self._serve, daemon=True).start()
        try:
            yield from self._collected()
        finally:
            self._ended = True
            for worker in self._workers:
                _end(worker)

    def _collected(self) -> Iterator[Hit | Unread]:
        open_threads, finished = self._count, 0
        while open_threads:
            answer = self._answers.get()
            if answer is None:
                open_threads -= 1
            elif isinstance(answer, Unread) and answer.path == _PORTION:
                finished += 1
                if self._progress:
                    self._progress(finished, self._total)
            else:
                yield answer

    def _serve(self) -> None:
        job = self._next()
        try:
            while job is not None:
                self._with_worker(job)
                job = self._next()
        except OSError:  # no process can be started: then here
            while job is not None:
                for answer in done(job):
                    self._answers.put(answer)
                job = self._next()
        finally:
            self._answers.put(None)

    def _with_worker(self, first: Job) -> None:
        """This job and those after it, until there are none, or until the process stops."""
        command = [sys.executable, "-m", "launchready.secrets"]
        # In a group of its own: Ctrl-C is for the scan, which then ends its workers and the git that each one runs.
        worker = subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=_environment(), process_group=0
        )
        self._workers.append(worker)
        job: Job | None = first
        try:
            while job is not None and self._asked(worker, job):
                job = self._next()
        finally:
            for pipe in (worker.stdin, worker.stdout):
                with contextlib.suppress(OSError):
                    pipe and pipe.close()
            worker.wait()

    def _asked(self, worker: "subprocess.Popen[bytes]", job: Job) -> bool:
        if worker.stdin is None or worker.stdout is None:
            return False
        try:
            worker.stdin.write(json.dumps(job).encode() + b"\n")
            worker.stdin.flush()
        except OSError:
            pass
        for line in worker.stdout:
            answer = json.loads(line)
            if not answer:
                self._answers.put(Unread(_PORTION, ""))
                return True
            self._answers.put(Hit(*answer) if len(answer) == 5 else Unread(*answer))
        self._answers.put(Unread(f"{len(job[3])} {job[0]}", f"the process that read them stopped ({worker.wait()})"))
        return False

    def _next(self) -> Job | None:
        try:
            return None if self._ended else self._todo.get_nowait()
        except queue.Empty:
            return None


_PORTION = "\0portion"


def _end(worker: "subprocess.Popen[bytes]") -> None:
    if worker.poll() is None:
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(worker.pid, signal.SIGKILL)
        worker.kill()
    worker.wait()


def _environment() -> dict[str, str]:
    """The worker imports what this process imported, from where it did."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def serve() -> None:
    """A worker: one job a line, then its answers, then an empty one. It ends when nobody reads them any more."""
    try:
        _serve()
    except BrokenPipeError:
        os._exit(1)  # without a last attempt to write what nobody reads


def _serve() -> None:
    for line in sys.stdin.buffer:
        what, where, only, names, under = json.loads(line)
        for answer in done((what, where, only, tuple(names), under)):
            fields = list(answer) if isinstance(answer, Hit) else [answer.path, answer.reason]
            sys.stdout.buffer.write(json.dumps(fields).encode() + b"\n")
        sys.stdout.buffer.write(b"[]\n")
        sys.stdout.buffer.flush()

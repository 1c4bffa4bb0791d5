"""Runs jobs on all cores: worker processes read jobs from stdin and write hits to stdout, one JSON line each.

Workers are started as ``python -m launchready.secrets``. Unlike multiprocessing, that works in scripts without a
``__main__`` guard, in threads and inside servers. Few jobs run in this process.
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
"""Kind (commits or files), folder, path limit, names, and prefix in the report."""
Progress = Callable[[int, int], None]

COMMITS_PER_JOB, FILES_PER_JOB = 320, 64
_POOL_THRESHOLD = 240


def make_jobs(where: Repository, ids: Sequence[str], paths: Sequence[str]) -> list[Job]:
    """Split the work into jobs."""
    top, only = where.top, where.only
    return [
        *(
            ("commits", top, only, tuple(ids[at : at + COMMITS_PER_JOB]), where.prefix)
            for at in range(0, len(ids), COMMITS_PER_JOB)
        ),
        *(
            ("files", where.path, "", tuple(paths[at : at + FILES_PER_JOB]), where.files_prefix)
            for at in range(0, len(paths), FILES_PER_JOB)
        ),
    ]


def run_job(job: Job) -> Iterator[Hit | Unread]:
    """Run one job."""
    under = job[4]
    for answer in _run(job):
        yield answer._replace(path=under + answer.path) if under else answer


def _run(job: Job) -> Iterator[Hit | Unread]:
    what, where, only, names, _under = job
    if what == "commits":
        yield from History(where, only).hits(names)
    else:
        for name in names:
            yield from work_tree.hits(where, name)


def run_all(work: list[Job], progress: Progress | None = None) -> Iterator[Hit | Unread]:
    """Run all jobs, on several cores if there are enough. Answers arrive in any order."""
    count = min(_cores(), len(work))
    if count < 2 or sum(len(job[3]) for job in work) < _POOL_THRESHOLD or not sys.executable:
        for number, job in enumerate(work):
            yield from run_job(job)
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
    """One thread per worker process sends jobs and collects answers. The job of a worker that dies is reported as
    unread.
    """

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
            yield from self._collect()
        finally:
            self._ended = True
            for worker in self._workers:
                _kill(worker)

    def _collect(self) -> Iterator[Hit | Unread]:
        open_threads, finished = self._count, 0
        while open_threads:
            answer = self._answers.get()
            if answer is None:
                open_threads -= 1
            elif isinstance(answer, Unread) and answer.path == _JOB_DONE:
                finished += 1
                if self._progress:
                    self._progress(finished, self._total)
            else:
                yield answer

    def _serve(self) -> None:
        job = self._next_job()
        try:
            while job is not None:
                self._with_worker(job)
                job = self._next_job()
        except OSError:  # no process can be started: run the jobs here
            while job is not None:
                for answer in run_job(job):
                    self._answers.put(answer)
                job = self._next_job()
        finally:
            self._answers.put(None)

    def _with_worker(self, first: Job) -> None:
        """Run this job and the following ones, until none is left or the process stops."""
        command = [sys.executable, "-m", "launchready.secrets"]
        # A process group of its own: Ctrl-C reaches the scan, which then kills its workers and their git processes.
        worker = subprocess.Popen(  # noqa: S603
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=_environment(), process_group=0
        )
        self._workers.append(worker)
        job: Job | None = first
        try:
            while job is not None and self._send(worker, job):
                job = self._next_job()
        finally:
            for pipe in (worker.stdin, worker.stdout):
                with contextlib.suppress(OSError):
                    pipe and pipe.close()
            worker.wait()

    def _send(self, worker: "subprocess.Popen[bytes]", job: Job) -> bool:
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
                self._answers.put(Unread(_JOB_DONE, ""))
                return True
            self._answers.put(Hit(*answer) if len(answer) == 5 else Unread(*answer))
        self._answers.put(Unread(f"{len(job[3])} {job[0]}", f"the process that read them stopped ({worker.wait()})"))
        return False

    def _next_job(self) -> Job | None:
        try:
            return None if self._ended else self._todo.get_nowait()
        except queue.Empty:
            return None


_JOB_DONE = "\0portion"


def _kill(worker: "subprocess.Popen[bytes]") -> None:
    if worker.poll() is None:
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(worker.pid, signal.SIGKILL)
        worker.kill()
    worker.wait()


def _environment() -> dict[str, str]:
    """Environment of a worker: the same import path as this process."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def run_worker() -> None:
    """Worker process: read one job per line, write its answers, then "[]". Ends when the reader closes the pipe."""
    try:
        _run_worker()
    except BrokenPipeError:
        os._exit(1)  # skip the flush at exit: the pipe is closed


def _run_worker() -> None:
    for line in sys.stdin.buffer:
        what, where, only, names, under = json.loads(line)
        for answer in run_job((what, where, only, tuple(names), under)):
            fields = list(answer) if isinstance(answer, Hit) else [answer.path, answer.reason]
            sys.stdout.buffer.write(json.dumps(fields).encode() + b"\n")
        sys.stdout.buffer.write(b"[]\n")
        sys.stdout.buffer.flush()

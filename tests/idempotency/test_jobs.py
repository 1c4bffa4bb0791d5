"""Celery and RQ tasks: a job that is delivered twice is worked on once, in whatever process."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import launchready
from launchready.idempotency import idempotent
from support import servers


def test_celery(tmp_path):
    """Under ``@app.task``: two deliveries, one run, one result."""
    celery = pytest.importorskip("celery")
    app = celery.Celery("jobs", broker="memory://", backend="cache+memory://")
    app.conf.task_always_eager = True
    ran = []

    @app.task
    @idempotent(key=lambda order, **_: f"invoice:{order}", store=f"sqlite:///{tmp_path}/jobs.db")
    def invoice(order, cents):
        ran.append(order)
        return {"order": order, "cents": cents}

    assert [invoice.delay(7, cents=5).get() for _ in range(2)] == [{"order": 7, "cents": 5}] * 2
    assert ran == [7]


def work(folder, order):
    """The job; found by its name in RQ's worker."""
    with Path(folder, "ran").open("a") as log:
        log.write(f"{order} {os.getpid()}\n")
    return order


def job(folder, order):
    url = f"sqlite:///{folder}/jobs.db"
    return idempotent(key=lambda folder, order: f"invoice:{order}", store=url)(work)(folder, order)


def test_rq(tmp_path):
    """Enqueued three times, worked on by two workers: one run."""
    rq = pytest.importorskip("rq")
    import redis

    url = servers.server("redis").url
    client = redis.Redis.from_url(url)
    queue = rq.Queue("launchready-jobs", connection=client)
    jobs = [queue.enqueue("idempotency.test_jobs.job", str(tmp_path), 7) for _ in range(3)]
    source = str(Path(launchready.__file__).parent.parent)
    workers = [
        subprocess.Popen(
            [sys.executable, "-m", "rq.cli", "worker", "--burst", "--url", url, "launchready-jobs"],
            env={**os.environ, "PYTHONPATH": os.pathsep.join([source, str(Path(__file__).parent.parent)])},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        for _ in range(2)
    ]  # fmt: skip
    for worker in workers:
        worker.wait(60)
    results = [job.return_value(refresh=True) for job in jobs]
    client.close()
    assert results.count(7) >= 1
    assert set(results) <= {7, None}  # None: told that it was running
    assert len((tmp_path / "ran").read_text().splitlines()) == 1

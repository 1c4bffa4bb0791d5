"""Real workers of Celery and RQ, killed with SIGKILL in the middle of a job that is then delivered again."""

import os
import subprocess
import sys
import time
import uuid
from contextlib import closing
from pathlib import Path

import pytest

import launchready
from launchready.idempotency.transaction.connect import opener
from support import servers

TESTS = Path(__file__).parent.parent
SOURCE = Path(launchready.__file__).parent.parent
STORES = ["sqlite", "redis", "postgresql", "mysql"]
ASK = """
import json, sys
from support import celery_jobs
print(getattr(celery_jobs, sys.argv[1]).delay(*sys.argv[2:]).id)
"""
DEADLINE = 60.0


class Queue:
    """A broker of its own, a store, and workers. ``effects``: what the jobs did."""

    def __init__(self, name, folder):
        self.broker = servers.server("redis").url
        self.store = servers.store_url(name, folder)
        self.folder = folder
        self.name = f"jobs-{uuid.uuid4().hex[:8]}"
        self.order = f"{name}-{self.name}"
        self.processes = []
        self.environ = {
            **os.environ, "PYTHONPATH": os.pathsep.join([str(SOURCE), str(TESTS)]), "JOBS_STORE": self.store,
            "JOBS_FOLDER": str(folder), "JOBS_BROKER": self.broker, "JOBS_QUEUE": self.name,
        }  # fmt: skip

    def start(self, *words):
        with (self.folder / "log").open("ab") as log:
            made = subprocess.Popen(
                [sys.executable, "-m", *words], env=self.environ, cwd=self.folder, stdout=log, stderr=log
            )
        self.processes.append(made)
        return made

    def run(self, program, *words):
        done = subprocess.run(
            [sys.executable, "-c", program, *words],
            env=self.environ,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        return done.stdout.strip()

    def effects(self):
        path = self.folder / "effects"
        return path.read_text().split() if path.exists() else []

    def deaths(self):
        path = self.folder / "deaths"
        return path.read_text().split() if path.exists() else []

    def close(self):
        for each in self.processes:
            each.terminate()
        for each in self.processes:
            try:
                each.wait(10)
            except subprocess.TimeoutExpired:
                each.kill()
                each.wait()

    def rows(self):
        with closing(opener(self.store)()) as connection:
            cursor = connection.cursor()
            cursor.execute(f"SELECT COUNT(*) FROM booked_by_jobs WHERE k = '{self.order}'")
            return cursor.fetchone()[0]

    def table(self):
        with closing(opener(self.store)()) as connection:
            connection.cursor().execute("CREATE TABLE IF NOT EXISTS booked_by_jobs (k VARCHAR(99))")
            connection.commit()


class Celery(Queue):
    def worker(self):
        return self.start(
            "celery", "-A", "support.celery_jobs", "worker", "-c", "1", "-Q", self.name, "-n", f"{uuid.uuid4().hex}@%h",
            "--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "warning",
        )  # fmt: skip

    def ask(self, job, how):
        program = ASK.replace(
            ".delay(*sys.argv[2:])", ".apply_async(sys.argv[2:], queue=__import__('os').environ['JOBS_QUEUE'])"
        )
        return self.run(program, job, self.order, how)

    def state(self, task):
        program = "import sys; from support import celery_jobs as c; r = c.app.AsyncResult(sys.argv[1]); print(r.state, r.result)"
        return self.run(program, task)

    def ended(self, task):
        return servers.until(
            lambda: (said := self.state(task)).startswith(("SUCCESS", "FAILURE")) and said, "the task", DEADLINE
        )


class RQ(Queue):
    def worker(self):
        return self.start("rq.cli", "worker", "--with-scheduler", "--url", self.broker, self.name)

    def ask(self, job, how):
        import redis
        import rq

        with closing(redis.Redis.from_url(self.broker)) as client:
            queue = rq.Queue(self.name, connection=client)
            made = queue.enqueue(
                f"support.jobs.{job}", self.order, how, retry=rq.Retry(max=5 if job == "refusing" else 20, interval=1)
            )
            return made.id

    def abandoned(self):
        """RQ gives up a worker that is silent for more than a minute: as if that were over."""
        import redis
        import rq
        from rq.registry import StartedJobRegistry

        with closing(redis.Redis.from_url(self.broker)) as client:
            StartedJobRegistry(queue=rq.Queue(self.name, connection=client)).cleanup(timestamp=time.time() + 1000)

    def ended(self, task):
        import redis
        from rq.job import Job

        def said():
            with closing(redis.Redis.from_url(self.broker)) as client:
                job = Job.fetch(task, connection=client)
                state = job.get_status().value
                if state not in {"finished", "failed"}:
                    return None
                return (
                    f"SUCCESS {job.return_value()}"
                    if state == "finished"
                    else f"FAILURE {job.latest_result().exc_string}"
                )

        return servers.until(said, "the job", DEADLINE)


@pytest.fixture(params=[Celery, RQ], ids=["celery", "rq"])
def queue(request, tmp_path):
    pytest.importorskip("celery")
    pytest.importorskip("rq")
    made = []

    def make(name):
        made.append(request.param(name, tmp_path))
        return made[-1]

    yield make
    for each in made:
        each.close()


def killed(jobs, job, how):
    """A job whose process, or worker, is killed in its middle; worked on until somebody says that it ended."""
    jobs.worker()
    task = jobs.ask(job, how)
    servers.until(jobs.deaths, "the death", DEADLINE)
    if how == "worker":
        jobs.processes[0].wait(20)
        jobs.worker()
        if isinstance(jobs, RQ):
            jobs.abandoned()
    return jobs.ended(task)


@pytest.mark.parametrize(("name", "how"), [*((name, "process") for name in STORES), ("sqlite", "worker")])
def test_repeated_with_the_providers_key(queue, name, how):
    """on_crash="rerun": the job ends well, and its provider saw one key, so there is one effect."""
    jobs = queue(name)
    assert killed(jobs, "repeating", how) == f"SUCCESS {jobs.order}"
    assert jobs.effects() == [jobs.order]


@pytest.mark.parametrize("name", [name for name in STORES if name != "redis"])
def test_in_one_transaction(queue, name):
    """The first attempt was rolled back with its process, the second one is there."""
    jobs = queue(name)
    jobs.table()
    assert killed(jobs, "booking", "process") == f"SUCCESS {jobs.order}"
    assert jobs.rows() == 1


@pytest.mark.parametrize("name", ["sqlite", "redis"])
def test_refused(queue, name):
    """As it is without a word: the effect took place, nobody knows, and it is not repeated; the job says so."""
    jobs = queue(name)
    told = killed(jobs, "refusing", "process")
    assert told.startswith("FAILURE")
    assert "started and never answered" in told
    assert jobs.effects() == [jobs.order]


def test_delivered_twice(queue):
    """Two deliveries to two workers at the same time: one effect, and both end with its result."""
    jobs = queue("sqlite")
    workers = [jobs.worker(), jobs.worker()]
    tasks = [jobs.ask("repeating", "not") for _ in workers]
    assert [jobs.ended(task) for task in tasks] == [f"SUCCESS {jobs.order}"] * 2
    assert jobs.effects() == [jobs.order]


def test_these_deliveries_see_what_they_look_for(queue):
    """The same job without protection has two effects."""
    jobs = queue("sqlite")
    assert killed(jobs, "unprotected", "process") == f"SUCCESS {jobs.order}"
    assert jobs.effects() == [jobs.order] * 2

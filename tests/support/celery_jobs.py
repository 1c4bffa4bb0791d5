"""The jobs as Celery tasks: ``celery -A support.celery_jobs worker``, with JOBS_BROKER. As docs/idempotency.md says."""

import os

from celery import Celery

from launchready.errors import InFlight, StoreUnavailable
from support import jobs

BROKER = os.environ.get("JOBS_BROKER", "memory://")
app = Celery("jobs", broker=BROKER, backend=BROKER)
app.conf.update(
    task_acks_late=True, task_reject_on_worker_lost=True, worker_prefetch_multiplier=1, result_expires=600,
    broker_connection_retry_on_startup=True,
    # A worker looks for what a dead one left every 10 s, and at every tenth look only: a first look that comes too early
    # for the timeout would be followed by 100 seconds without one.
    broker_transport_options={
        "visibility_timeout": 3, "polling_interval": 0.2, "unacked_restore_interval": 1, "unacked_restore_throttle": 1,
    },
)  # fmt: skip
AGAIN = {"autoretry_for": (InFlight, StoreUnavailable), "default_retry_delay": 1, "max_retries": 30}

unprotected, refusing, repeating, booking = (
    app.task(**AGAIN)(each) for each in (jobs.unprotected, jobs.refusing, jobs.repeating, jobs.booking)
)

"""A worker process of a scan: see ``worker_pool``."""

from launchready.secrets.worker_pool import run_worker

run_worker()

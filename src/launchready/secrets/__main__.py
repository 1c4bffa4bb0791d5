"""A worker process of a scan: see ``work``."""

from launchready.secrets.worker_pool import serve

serve()

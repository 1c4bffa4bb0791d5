"""A worker process of a scan: see ``work``."""

from launchready.secrets.work import serve

serve()

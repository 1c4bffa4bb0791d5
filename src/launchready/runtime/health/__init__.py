"""Health at run time: the checks of ``/readyz``, draining on SIGTERM, and an access log without health probes."""

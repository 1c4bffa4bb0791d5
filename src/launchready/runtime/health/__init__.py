"""Health at run time: the checks behind ``/readyz``, draining on SIGTERM, and the access log without health probes."""

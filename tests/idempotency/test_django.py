"""Django's ORM: key and booking in one transaction, also under ATOMIC_REQUESTS and from coroutines."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import launchready
from support import django_bookings, servers


@pytest.mark.parametrize("atomic", ["atomic", "plain"])
@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mysql"])
def test_one_transaction(kind, atomic, tmp_path):
    """See support/django_bookings.py: it runs in a process of its own, because Django's settings are a process's."""
    server = servers.server(kind)
    url = f"sqlite:///{tmp_path}/app.db" if server is None else server.url
    done = subprocess.run(
        [sys.executable, django_bookings.__file__, url, atomic], capture_output=True, text=True, timeout=100,
        env={**os.environ, "PYTHONPATH": str(Path(launchready.__file__).parent.parent)},
    )  # fmt: skip
    assert done.stdout == "OK\n", done.stdout + done.stderr[-3000:]

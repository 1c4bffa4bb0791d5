"""Stops the private servers at the end of the run."""

import pytest

from support import servers


@pytest.fixture(scope="session", autouse=True)
def _servers_end():
    yield
    servers.close_all()

"""The private servers of this run end with it."""

import pytest

from support import servers


@pytest.fixture(scope="session", autouse=True)
def _servers_end():
    yield
    servers.close_all()

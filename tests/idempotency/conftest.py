"""Connections of every kind that a transaction can be held on, each to a database of its own."""

import pytest

from support import servers


@pytest.fixture(scope="session", autouse=True)
def _servers_end():
    yield
    servers.close_all()

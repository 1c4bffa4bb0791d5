"""The reason of a failed check never quotes the exception."""

import sqlite3

import psycopg
import pytest

from launchready.runtime.health.error_reasons import PublicReason, reason

SECRET = "".join(reversed("nrevoh-2retnuh"))


def caused(error, cause):
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(("error", "said"), [
    (ConnectionRefusedError(111, "Connection refused"), "ConnectionRefusedError: connection refused"),
    (psycopg.OperationalError(f'connection to server at "db.acme.com" failed: FATAL: password authentication failed '
                              f'for user "{SECRET}"'), "OperationalError: access denied"),
    (sqlite3.OperationalError("database is locked"), "OperationalError: locked"),
    (caused(RuntimeError(SECRET), OSError("[Errno 110] Connection timed out")), "RuntimeError: timed out"),
    (RuntimeError(f"redis://:{SECRET}@10.0.0.7/0 said no"), "RuntimeError"),
    (ValueError(), "ValueError"),
    (PublicReason("3 s late"), "PublicReason: 3 s late"),
], ids=lambda value: value if isinstance(value, str) else "")  # fmt: skip
def test_error_reasons(error, said):
    """The reason is the class and one of our phrases, found in the exception's text."""
    assert reason(error) == said
    assert SECRET not in reason(error)


def test_a_real_driver():
    """A refused connection is recognised in psycopg's words too."""
    with pytest.raises(psycopg.OperationalError) as caught:
        psycopg.connect(f"postgresql://{SECRET}@127.0.0.1:1/acme", connect_timeout=2)
    assert reason(caught.value) == "OperationalError: connection refused"


def test_causes_in_a_circle():
    """A cycle of causes ends."""
    first, second = RuntimeError("a"), RuntimeError("b")
    first.__cause__, second.__cause__ = second, first
    assert reason(first) == "RuntimeError"

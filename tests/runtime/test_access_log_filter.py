"""Successful probes are hidden in the access log; every other request is logged."""

import logging

import pytest

from launchready.runtime.health import access_log_filter
from launchready.settings.build import build
from launchready.settings.health import Health


@pytest.fixture(autouse=True)
def loud_again(monkeypatch):
    monkeypatch.setattr(access_log_filter, "_FILTER", access_log_filter._ProbeFilter())
    before = {name: list(logging.getLogger(name).filters) for name in access_log_filter.LOGGERS}
    for name in before:
        logging.getLogger(name).filters.clear()
    yield
    for name, filters in before.items():
        logging.getLogger(name).filters[:] = filters


LINES = [
    ("/livez", 200, False), ("/readyz?a=1", 200, False), ("/readyz", 503, True), ("/livez/", 200, True),
    ("/coaches?next=/livez", 200, True),
]  # fmt: skip


@pytest.mark.parametrize(("path", "status", "written"), LINES)
def test_uvicorn(path, status, written, caplog):
    """uvicorn's five log arguments, with redaction."""
    build({"release": "r1"})
    caplog.set_level("INFO", "uvicorn.access")
    logging.getLogger("uvicorn.access").info('%s - "%s %s HTTP/%s" %d', "127.0.0.1:5", "GET", path, "1.1", status)
    assert bool(caplog.records) == written


@pytest.mark.parametrize(("path", "status", "written"), LINES)
def test_gunicorn(path, status, written, caplog):
    """gunicorn's mapping of atoms, in its default format."""
    build({"release": "r1"})
    caplog.set_level("INFO", "gunicorn.access")
    line = '%(h)s %(l)s %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s"'
    atoms = dict.fromkeys("hlutbfa", "-") | {"r": f"GET {path} HTTP/1.1", "s": str(status)}
    logging.getLogger("gunicorn.access").info(line, atoms)
    assert bool(caplog.records) == written


def test_asked_for(caplog):
    """Health(access_log=True) keeps every line."""
    build({"release": "r1", "health": Health(access_log=True)})
    caplog.set_level("INFO", "uvicorn.access")
    logging.getLogger("uvicorn.access").info('%s - "%s %s HTTP/%s" %d', "127.0.0.1:5", "GET", "/livez", "1.1", 200)
    assert len(caplog.records) == 1

"""Purging by path, tag and group, from this and other processes, in both faces and with every store."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import launchready
from faces.cache_stands import PAGE, STORES, counting, settled, stands
from launchready.errors import ConfigError, StoreError
from launchready.settings.cache import Cache
from launchready.stores import connect
from support import servers

FRESH = ("Cache-Control", "max-age=60")


@pytest.fixture(params=STORES)
def url(request, tmp_path):
    return servers.store_url(request.param, tmp_path)


@pytest.fixture(params=["asgi", "wsgi"])
def stand(request, url):
    with stands(request.param, url) as make:
        yield make


def test_purge_by_path(stand):
    """Every query and variant of a path and nothing else; everything below a path; one query."""
    at = stand(counting(FRESH, ("Vary", "Accept-Language")), cache=Cache())
    asks = [("/coaches", ()), ("/coaches?page=2", ()), ("/coaches", [("Accept-Language", "de")]), ("/coaches/7", ()),
            ("/coachesx", ())]  # fmt: skip

    def again():
        """Which of them are asked for anew."""
        before = [at.calls[:], [at(*ask) for ask in asks]][0]
        return len(at.calls) - len(before)

    assert again() == 5
    assert again() == 0
    launchready.purge("/coaches")
    assert again() == 3
    launchready.purge(path="/coaches/*")
    assert again() == 4
    launchready.purge("/coaches?page=2")
    assert again() == 1
    launchready.purge("/*")
    assert again() == 5
    assert again() == 0


def test_purge_by_tag(stand):
    """A name in Cache-Groups is a tag; a change may name groups of its host (RFC 9875)."""

    def app(method, path, fields):
        if method == "POST":
            return 200, [("Cache-Group-Invalidation", '"coaches"')], b""
        return 200, [FRESH, ("Cache-Groups", '"coaches", "all"')], PAGE

    at = stand(app, cache=Cache())
    for path in ("/a", "/b"):
        at(path)
    launchready.purge(tag="coaches")
    at("/a")
    at("/a")
    assert at.asked == 3
    other = f"other-{at.host}"
    at("/a", host=other)
    at("/anything", method="POST")
    at("/a")
    at("/a", host=other)
    assert [path for _, path, _ in at.calls[3:]] == ["/a", "/anything", "/a"]


def test_purge_softly(stand):
    """A softly purged response is used while it is refreshed, if it allows that, and otherwise validated."""
    at = stand(counting(("Cache-Control", "max-age=60, stale-while-revalidate=60")), cache=Cache())
    at("/a")
    launchready.purge("/a", soft=True)
    assert at("/a").body == b"1"
    settled(at)
    assert at("/a").body == b"2"
    launchready.purge("/a")
    assert at("/a").body == b"3"


def test_purge_reaches_what_is_under_way(stand):
    """A response requested before the purge is not used after it."""

    def app(method, path, fields):
        purge = threading.Thread(target=launchready.purge, args=("/a",))
        purge.start()
        purge.join()
        return 200, [FRESH], PAGE

    at = stand(app, cache=Cache())
    at("/a")
    at.answer = (200, [FRESH], b"new")
    assert at("/a").body == b"new"


def test_purge_of_a_store_that_is_away():
    """All reachable stores are purged, and the unreachable one raises."""
    with stands("wsgi", "memory://") as stand:
        away = stand(cache=Cache())
        away.middleware.stack.cache.adapter._store = connect(f"redis://127.0.0.1:{servers.free_port()}/0")
        at = stand(counting(FRESH), cache=Cache())
        at("/a")
        with pytest.raises(StoreError):
            launchready.purge("/a")
        assert at("/a").body == b"2"


def test_purge_of_nothing():
    """A purge without names raises with an example."""
    with pytest.raises(ConfigError, match="purge\\(path="):
        launchready.purge()


def test_apurge(url):
    """The same from a coroutine."""
    with stands("asgi", url) as stand:
        at = stand(counting(FRESH), cache=Cache())
        at("/a")
        at.runner.run(launchready.apurge(path="/a"))
        assert at("/a").body == b"2"


ELSEWHERE = """
import asyncio, sys, launchready
kind, name, soft, url = sys.argv[1:]
asyncio.run(launchready.apurge(**{kind: name}, soft=bool(soft), store=url))
launchready.purge(**{kind: name}, soft=bool(soft), store=url)
"""


@pytest.mark.parametrize(("kind", "name"), [("path", "/a"), ("tag", "coaches")])
@pytest.mark.parametrize("soft", ["", "soft"])
def test_purge_from_another_process(stand, url, kind, name, soft):
    """A purge from a process with only the store's URL reaches every worker; a memory store is out of reach."""
    at = stand(counting(("Cache-Control", "max-age=60, stale-while-revalidate=60"), ("Cache-Groups", '"coaches"')),
               cache=Cache())  # fmt: skip
    assert [at("/a").body for _ in range(2)] == [b"1", b"1"]
    source = str(Path(launchready.__file__).parent.parent)
    done = subprocess.run([sys.executable, "-c", ELSEWHERE, kind, name, soft, url], check=False, capture_output=True,
                          env={**os.environ, "PYTHONPATH": source})  # fmt: skip
    if url.startswith("memory:"):
        assert b"pass the URL that the app uses" in done.stderr
        return
    assert done.returncode == 0, done.stderr
    first = at("/a")
    assert (first.body, "stale" in first.get("cache-status")) == ((b"1", True) if soft else (b"2", False))
    settled(at)
    assert at("/a").body == b"2"

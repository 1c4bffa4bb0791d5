"""Recording in one process: bounded and thread-safe."""

import sys
import threading

import pytest

from launchready.metrics.timing import MAX_ROUTES, MAX_SERIES, OTHER, UNMATCHED, Timings


def keys(timings):
    return [series.key for series in timings.drain()]


def test_unknown_paths_are_one_row():
    """Forty scanner paths are one row, and unknown methods one name."""
    timings = Timings("r1")
    for index in range(40):
        timings.record("GET", None, 404, 0.001)
        timings.record(f"HACK{index}", "/x", 200, 0.001)
    timings.record("GET", None, 404, 0.001, "", None, "gopher")
    assert sorted(keys(timings)) == [("GET", UNMATCHED, 404, "", "http"), ("_OTHER", "/x", 200, "", "http")]


def test_routes_are_bounded():
    """Templates, statuses and errors made from data are merged past the bounds."""
    timings = Timings("r1")
    for index in range(MAX_ROUTES + 50):
        timings.record("GET", f"/made/{index}", 200, 0.01)
    timings.record("GET", None, 404, 0.01)
    found = keys(timings)
    assert len({key.route for key in found}) <= MAX_ROUTES + 2
    assert ("GET", OTHER, 200, "", "http") in found
    for index in range(10 * MAX_SERIES):
        timings.record("GET", "/made/1", 500, 0.01, f"error:Made{index}")
    assert len(keys(timings)) <= MAX_SERIES + 10


def test_threads_lose_nothing():
    """Eight threads record while another drains: every request counts once."""
    timings, counted = Timings("r1"), [0]
    done = threading.Event()

    def drain():
        while not done.is_set():
            counted[0] += sum(sum(series.counts.values()) for series in timings.drain())

    def work():
        for index in range(20_000):
            timings.record("GET", "/a", 200, 0.001 + index % 7 / 1000)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=work) for _ in range(8)]
        drainer = threading.Thread(target=drain)
        drainer.start()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        done.set()
        drainer.join()
    finally:
        sys.setswitchinterval(before)
    assert counted[0] + sum(sum(series.counts.values()) for series in timings.drain()) == 160_000


def test_what_runs_now():
    """Running requests by method and scheme; a WebSocket is not counted."""
    timings = Timings("r1")
    for _ in range(3):
        timings.begun["GET", "https"] += 1
    timings.begun["HACK", "x"] += 1
    timings.record("GET", "/a", 200, 0.1, "", None, "https")
    timings.record("GET", "/a", 101, 0.1, "websocket", None, "https")
    assert len(keys(timings)) == 2
    assert timings.active() == {("GET", "https"): 2, ("_OTHER", "http"): 1}
    timings.record("HACK", "/a", 200, 0.1, "", None, "x")
    timings.record("GET", "/a", 500, 0.1, "error:E", None, "https")
    timings.record("GET", None, 404, 0.1, "own", None, "https")
    keys(timings)
    assert timings.active() == {}
    assert len(timings.begun) == 2


@pytest.mark.parametrize(
    ("path", "template"), [("/coaches/7", "/coaches/{id}"), ("/coaches", "/coaches"), ("/wp-admin", None)]
)
def test_template_of_what_the_app_did_not_see(path, template):
    """A cached response counts under its route; an unmatched path under none."""
    timings = Timings("r1")
    timings.record("GET", "/coaches/{id}", 200, 0.1)
    timings.record("GET", "/coaches", 200, 0.1)
    timings.record("GET", "/odd/{a}{b}", 200, 0.1)
    assert timings.template("GET", path) == template
    assert timings.template("GET", path) == template

"""The contract of a store, line by line, for every store file that a walk of the folder finds, sync and async.

See launchready/exchange/store.py (the verbs) and launchready/stores/base.py (what a store promises beside them).
"""

import asyncio
import itertools
import json
import os
import subprocess
import sys
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import launchready
from launchready import stores
from launchready.errors import MissingExtra, StoreUnavailable
from launchready.exchange.operations import WouldBlock
from launchready.exchange.store import (
    Complete,
    Consume,
    Delete,
    Get,
    GetAll,
    Put,
    PutIfAbsent,
    Refund,
    Renew,
    Replace,
    Seize,
)
from launchready.exchange.window import Window, fresh, give, take
from launchready.stores import base, sqlite
from launchready.stores.base import Store
from support import racers, servers

NAMES = [name for name in stores.names() if name != "limits"]  # it only counts: tests/stores/test_limits.py
SERVED = [name for name in NAMES if name not in {"memory", "sqlite"}]
MODES = ("sync", "async")
_serial = itertools.count()


class Caller:
    """Executes operations, sync or async, and returns their answers."""

    def __init__(self, url, mode):
        self.url = url
        self.mode = mode
        self.store: Store = stores.connect(url)
        self.runner = asyncio.Runner() if mode == "async" else None

    def __call__(self, op):
        if self.runner is None:
            self.store.execute(op)
        else:
            self.runner.run(self.store.aexecute(op))
        return op.answer

    def together(self, ops):
        """Executes concurrently: in eight threads, or in one task per operation."""
        if self.runner is None:
            with ThreadPoolExecutor(8) as pool:
                list(pool.map(self.store.execute, ops))
        else:

            async def all_of_them():
                await asyncio.gather(*[self.store.aexecute(op) for op in ops])

            self.runner.run(all_of_them())
        return [op.answer for op in ops]

    def close(self):
        if self.runner is None:
            self.store.close()
        else:
            self.runner.run(self.store.aclose())
            self.runner.close()


@pytest.fixture
def call(request, tmp_path):
    name, mode = request.param
    caller = Caller(servers.store_url(name, tmp_path), mode)
    yield caller
    caller.close()


@pytest.fixture(params=["kept", "evictable"])
def space(request):
    return racers.space(f"space {os.getpid()} {next(_serial)}", evictable=request.param == "evictable")


def every(names, modes=MODES):
    pairs = [(name, mode) for name in names for mode in modes]
    return pytest.mark.parametrize("call", pairs, ids=["-".join(pair) for pair in pairs], indirect=True)


def racing(call, what, count):
    """Runs three processes at the same time and returns their output."""
    arguments = [sys.executable, racers.__file__, what, call.url, f"race {os.getpid()} {next(_serial)}", str(count)]
    source = str(Path(launchready.__file__).parent.parent)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([source, os.environ.get("PYTHONPATH", "")])}
    running = [subprocess.Popen(arguments, stdout=subprocess.PIPE, env=environment) for _ in range(3)]
    printed = [process.communicate(timeout=50)[0] for process in running]
    return [process.returncode for process in running], [json.loads(text) for text in printed], arguments[4]


# Entries


@every(NAMES)
def test_nothing_is_none(call, space):
    """Get, Replace and Delete report a missing entry."""
    assert call(Get(space, "k")) is None
    assert call(Replace(space, "k", b"v", 60, 1)) is False
    assert call(Delete(space, "k")) is False


@every(NAMES)
def test_put_then_get(call, space):
    """An entry is read back with its version, and its age counts from the Put."""
    before = time.monotonic()
    version = call(Put(space, "k", b"v", 60))
    first = call(Get(space, "k"))
    servers.until(lambda: time.monotonic() - before > 0.05, "time to pass")
    later = call(Get(space, "k"))
    assert (first.value, first.version, later.value, later.version) == (b"v", version, b"v", version)
    assert 0 <= first.age < later.age <= time.monotonic() - before + 0.005


@every(NAMES)
def test_several_at_once(call, space):
    """GetAll answers each read separately, across spaces, for existing and missing entries."""
    kept, evictable = (racers.space(f"{each} {space.name}", evictable=each) for each in (False, True))
    call(Put(kept, "a", b"1", 60))
    version = call(Put(evictable, "a", b"2", 60))
    for _ in range(2):
        gets = [Get(evictable, "a"), Get(kept, "nothing"), Get(kept, "a"), Get(evictable, "a")]
        assert call(GetAll(*gets)) is None
        assert [get.answer and get.answer.value for get in gets] == [b"2", None, b"1", b"2"]
        assert gets[0].answer.version == version


@every(NAMES)
def test_put_over(call, space):
    """A second Put replaces the first, with a greater version and a new age."""
    first = call(Put(space, "k", b"one", 60))
    servers.until(lambda: call(Get(space, "k")).age > 0.03, "an age")
    second = call(Put(space, "k", b"two", 60))
    entry = call(Get(space, "k"))
    assert second > first
    assert (entry.value, entry.version) == (b"two", second)
    assert entry.age < 0.03 or entry.age < 0.5  # restarted; the machine may be slow


@every(NAMES)
def test_time_is_over(call, space):
    """No verb sees an expired entry, and the next version is greater than its version."""
    old = call(Put(space, "k", b"v", 0.1))
    start = time.monotonic()
    servers.until(lambda: call(Get(space, "k")) is None, "the ttl")
    assert time.monotonic() - start > 0.05
    assert call(Replace(space, "k", b"w", 60, old)) is False
    assert call(Delete(space, "k", old)) is False
    claimed = call(PutIfAbsent(space, "k", b"new", 60))
    assert claimed.entry is None
    assert claimed.version > old
    assert call(Get(space, "k")).value == b"new"


@every(["mysql", "postgresql", "sqlite"])
def test_what_is_over_goes_with_few_writes(call, space, monkeypatch):
    """Few writes are enough to delete expired rows, because the clock triggers sweeps too."""
    monkeypatch.setattr(base, "SWEEP_INTERVAL", 0.0)
    monkeypatch.setattr(sqlite, "SWEEP_INTERVAL", 0.0)
    for number in range(300):
        call(Put(space, f"old {number}", b"x", 0.1))
    servers.until(lambda: call(Get(space, "old 299")) is None, "the ttl")
    for _ in range(60):
        call(Put(space, "new", b"x", 60.0))
    assert call.store.sweep() == 0


def test_when_to_look():
    """A table is swept by its own write count and by the time since its last sweep; each fourth sweep takes the next table."""
    now = [0.0]
    schedule = base.SweepSchedule(lambda: now[0], every=3)
    assert [schedule.count_write(base.CLAIMS_TABLE) for _ in range(6)] == [None, None, base.CLAIMS_TABLE] * 2
    assert [schedule.count_write(base.CACHE_TABLE) for _ in range(2)] == [None, None]
    now[0] = base.SWEEP_INTERVAL
    assert [schedule.count_write(base.WINDOWS_TABLE) for _ in range(2)] == [base.WINDOWS_TABLE, None]
    assert [schedule.count_write(base.CLAIMS_TABLE) for _ in range(2)] == [base.CACHE_TABLE, None]


@every(NAMES)
def test_a_write_renews_the_time(call, space):
    """Put and Replace set a new ttl, longer or shorter."""
    version = call(Put(space, "k", b"v", 0.2))
    call(Put(space, "p", b"v", 60))
    assert call(Replace(space, "k", b"w", 60, version)) is True
    call(Put(space, "p", b"w", 0.05))
    servers.until(lambda: call(Get(space, "p")) is None, "the shorter ttl")
    before = time.monotonic()
    servers.until(lambda: time.monotonic() - before > 0.2, "the first ttl")
    assert call(Get(space, "k")).value == b"w"


@every(NAMES)
def test_put_if_absent(call, space):
    """The first PutIfAbsent writes; the second returns the entry and changes nothing."""
    first = call(PutIfAbsent(space, "k", b"one", 60))
    second = call(PutIfAbsent(space, "k", b"two", 60))
    assert first.entry is None
    assert (second.entry.value, second.entry.version, second.version) == (b"one", first.version, first.version)
    assert 0 <= second.entry.age < 30
    assert call(Get(space, "k")).value == b"one"


@every(NAMES)
def test_replace_is_fenced(call, space):
    """Replace writes only over the version it names, and creates a greater one."""
    first = call(PutIfAbsent(space, "k", b"one", 60)).version
    assert call(Replace(space, "k", b"two", 60, first)) is True
    entry = call(Get(space, "k"))
    assert entry.value == b"two"
    assert entry.version > first
    assert call(Replace(space, "k", b"late", 60, first)) is False
    assert call(Get(space, "k")).value == b"two"


@every(NAMES)
def test_renew_keeps_the_version(call, space):
    """Renew resets the age and keeps the version, and changes no entry of another holder."""
    first = call(PutIfAbsent(space, "k", b"running", 60)).version
    before = time.monotonic()
    servers.until(lambda: time.monotonic() - before > 0.05, "time to pass")
    assert call(Renew(space, "k", b"alive", 60, first)) is True
    entry = call(Get(space, "k"))
    assert (entry.value, entry.version) == (b"alive", first)
    assert entry.age < time.monotonic() - before
    other = call(Put(space, "k", b"other", 60))
    assert call(Renew(space, "k", b"late", 60, first)) is False
    assert call(Get(space, "k"))[0::2] == (b"other", other)


@every(NAMES)
def test_what_was_lost_is_written_again(call, space):
    """Renew and Settle write a missing entry; after a Settle the older version can change nothing."""
    first = call(PutIfAbsent(space, "k", b"running", 60)).version
    call(Delete(space, "k"))
    assert call(Renew(space, "k", b"running", 60, first)) is True
    assert call(Get(space, "k"))[0::2] == (b"running", first)
    call(Delete(space, "k"))
    assert call(Complete(space, "k", b"done", 60, first)) is True
    entry = call(Get(space, "k"))
    assert entry.value == b"done"
    assert entry.version > first
    assert call(Renew(space, "k", b"running", 60, first)) is False
    assert call(Complete(space, "k", b"again", 60, first)) is False
    assert call(Get(space, "k")).value == b"done"


@every(NAMES)
def test_seize_looks_at_the_age(call, space):
    """Seize takes over only an entry of this version and age, and only once."""
    first = call(PutIfAbsent(space, "k", b"running", 60)).version
    assert call(Seize(space, "k", b"mine", 60, first, 30.0)) == 0
    assert call(Seize(space, "k", b"mine", 60, first + 1, 0.0)) == 0
    assert call(Seize(space, "none", b"mine", 60, first, 0.0)) == 0
    before = time.monotonic()
    servers.until(lambda: time.monotonic() - before > 0.02, "time to pass")
    won = [
        version for version in call.together([Seize(space, "k", b"mine", 60, first, 0.01) for _ in range(6)]) if version
    ]
    assert len(won) == 1
    assert call(Get(space, "k"))[0::2] == (b"mine", won[0])
    assert won[0] > first


@every(NAMES)
def test_delete_is_fenced(call, space):
    """Delete removes the named version, or any without one; versions grow across it."""
    first = call(Put(space, "k", b"one", 60))
    second = call(Put(space, "k", b"two", 60))
    assert call(Delete(space, "k", first)) is False
    assert call(Get(space, "k")).value == b"two"
    assert call(Delete(space, "k", second)) is True
    assert call(Get(space, "k")) is None
    third = call(PutIfAbsent(space, "k", b"three", 60)).version
    assert third > second
    assert call(Delete(space, "k")) is True
    assert call(Delete(space, "k")) is False


@every(NAMES)
def test_spaces_are_apart(call):
    """Space and key together identify an entry, even if their concatenations are equal."""
    left, right = racers.space(f"a{next(_serial)}"), racers.space(f"a{next(_serial)}b")
    call(Put(left, "bc", b"left", 60))
    assert call(Get(right, "c")) is None
    assert call(Get(left, "c")) is None
    call(Put(right, "bc", b"right", 60))
    assert call(Get(left, "bc")).value == b"left"


AWKWARD = {
    "nul": ("a\0b", b"\0\0v\0"),
    "empty": ("", b""),
    "non-ascii": ("K\N{LATIN SMALL LETTER E WITH ACUTE}y \N{ROCKET}", "\N{ROCKET}".encode()),
    "undecodable header bytes": (b"\xff\xfe".decode("utf-8", "surrogateescape"), bytes(range(256))),
    "10 KB key": ("k" * 10_240, b"v"),
    "format characters": ("%s %(key)s {0} $1 ?1 ' \" ;", b"%s ' \\ \r\n"),
    "2 MB value": ("large", os.urandom(1024) * 2048),
}


@every(NAMES)
def test_awkward_keys_and_values(call, space):
    """Every verb accepts any text as key and any bytes as value."""
    for key, value in AWKWARD.values():
        version = call(PutIfAbsent(space, key, value, 60)).version
        assert call(Get(space, key)).value == value
        assert call(PutIfAbsent(space, key, b"other", 60)).entry.value == value
        assert call(Replace(space, key, value + b"+", 60, version)) is True
        assert call(Get(space, key)).value == value + b"+"
        assert call(Consume(key, (Window(5, 60),))).allowed
    for key, value in AWKWARD.values():
        assert call(Get(space, key)).value == value + b"+"
        assert call(Delete(space, key)) is True


# Races


@every(NAMES)
def test_claims_raced(call, space):
    """Of concurrent claims exactly one writes, and all others return its entry."""
    ops = [PutIfAbsent(space, f"k{key}", f"{key}/{turn}".encode(), 60) for key in range(12) for turn in range(12)]
    call.together(ops)
    for key in range(12):
        mine = [op for op in ops if op.key == f"k{key}"]
        winners = [op for op in mine if op.answer.entry is None]
        assert len(winners) == 1
        assert {op.answer.version for op in mine} == {winners[0].answer.version}
        assert {op.answer.entry.value for op in mine if op.answer.entry} == {winners[0].value}


@every(NAMES)
def test_replaces_and_deletes_raced(call, space):
    """Of concurrent writes over the same version exactly one takes effect."""
    for turn in range(6):
        version = call(Put(space, f"k{turn}", b"", 60))
        ops = [Replace(space, f"k{turn}", f"{n}".encode(), 60, version) for n in range(6)]
        ops += [Delete(space, f"k{turn}", version) for _ in range(6)]
        assert sum(call.together(ops)) == 1


@every(NAMES)
def test_puts_raced(call, space):
    """Concurrent Puts have different versions, and the greatest one remains."""
    ops = [Put(space, "k", f"{n}".encode(), 60) for n in range(40)]
    versions = call.together(ops)
    assert len(set(versions)) == 40
    entry = call(Get(space, "k"))
    assert entry.version == max(versions)
    assert entry.value == max(ops, key=lambda op: op.answer).value


@every(NAMES)
def test_takes_raced(call):
    """Concurrent Takes let exactly the limit through."""
    for limit, cost in ((25, 1), (300, 15)):
        key = f"take {os.getpid()} {next(_serial)}"
        answers = call.together([Consume(key, (Window(limit, 3600),), cost) for _ in range(60)])
        assert sum(answer.allowed for answer in answers) * cost == limit
        left = sorted(answer.remaining for answer in answers if answer.allowed)
        assert left == list(range(0, limit, cost))


@every([name for name in NAMES if name != "memory"], ["sync"])
def test_claims_raced_by_processes(call):
    """When three processes claim the same 60 keys, each key has one winner."""
    assert call.store.shared
    codes, won, _ = racing(call, "claims", 60)
    assert codes == [0, 0, 0]
    assert sorted(itertools.chain(*won)) == list(range(60))


@every([name for name in NAMES if name != "memory"], ["sync"])
def test_takes_raced_by_processes(call):
    """A limit across processes is exact."""
    codes, won, _ = racing(call, "takes", 30)
    assert codes == [0, 0, 0]
    limits = [limit for limit, _ in itertools.chain(*won)]
    assert (limits.count(20), limits.count(300)) == (20, 20)


@every([name for name in NAMES if name != "memory"], ["sync"])
def test_fork_after_first_use(call):
    """A store used before a fork works in parent and child at the same time."""
    if not hasattr(os, "fork"):
        pytest.skip("needs os.fork")
    codes, won, _ = racing(call, "forks", 25)
    assert codes == [0, 0, 0]
    assert sorted(itertools.chain(*itertools.chain(*won))) == list(range(25))


@every([name for name in NAMES if name != "memory"], ["sync"])
def test_claims_survive_kill_9(call):
    """A claim survives kill -9 of its process."""
    codes, won, name = racing(call, "dies", 20)
    assert codes == [-9, -9, -9]
    assert sorted(itertools.chain(*won)) == list(range(20))
    for index in range(20):
        assert call(PutIfAbsent(racers.space(name), f"key {index}", b"", 60)).entry is not None


# Take

PERIODS = (0.5, 1.0, 7.3, 60.0, 3600.0)
WINDOWS = st.lists(
    st.builds(Window, st.sampled_from([1, 2, 3, 5, 40, 256, 257, 400]), st.sampled_from(PERIODS)),
    min_size=1,
    max_size=3,
).map(lambda windows: tuple(sorted(windows, key=lambda window: window.period)))
TRACES = st.lists(
    st.tuples(
        st.one_of(
            st.integers(0, 2_000_000), st.integers(-50_000, 10), st.sampled_from([31_250, 62_500, 500_000, 60_000_000])
        ),
        st.sampled_from([1, 1, 1, 2, 0, 7, 12, 41, 100, 256, 500]),
    ),
    min_size=1,
    max_size=25,
)


@every(NAMES, ["sync"])
@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(windows=WINDOWS, trace=TRACES)
def test_take_is_the_same_rule_everywhere(call, windows, trace):
    """On any trace, even if the clock goes back, a store agrees with exchange/window.py."""
    key, states, now = f"trace {os.getpid()} {next(_serial)}", fresh(windows), 1_790_000_000_123_457
    for step, cost in trace:
        now += step
        op = Consume(key, windows, cost)
        call.store.take_at(op, now)
        assert op.answer == take(states, now, windows, cost), (now, step, cost)


@every(NAMES)
def test_take_refuses_and_comes_back(call):
    """Above the limit a Take charges nothing and reports the wait; it succeeds after that wait and not earlier."""
    key, windows = f"back {os.getpid()} {next(_serial)}", (Window(2, 0.3), Window(3, 3600))
    start = time.monotonic()
    assert [call(Consume(key, windows))[:3] for _ in range(2)] == [(True, 0, 1), (True, 0, 0)]
    refused = call(Consume(key, windows))
    if time.monotonic() - start < 0.3:
        assert refused[:3] == (False, 0, 0)
        assert 0 < refused.reset <= 0.3
    servers.until(lambda: call(Consume(key, windows)).allowed, "the window to move")
    assert time.monotonic() - start > 0.3
    assert call(Consume(key, windows))[:3] == (False, 1, 0)


@every(NAMES)
def test_take_after_the_policy_changed(call):
    """A key with windows of another number or kind starts with a new state."""
    key = f"policy {os.getpid()} {next(_serial)}"
    for windows in ((Window(5, 60),), (Window(5, 60), Window(9, 3600)), (Window(999, 60),), (Window(5, 60),)):
        assert call(Consume(key, windows)).allowed


@every(NAMES, ["sync"])
@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(windows=WINDOWS, trace=TRACES, picks=st.lists(st.booleans(), min_size=25, max_size=25))
def test_give_is_the_same_rule_everywhere(call, windows, trace, picks):
    """Refunds at once, later, or after expiry: each store agrees with exchange/window.py."""
    key, states, now, taken = f"give {os.getpid()} {next(_serial)}", fresh(windows), 1_790_000_000_123_457, []
    for (step, cost), pick in zip(trace, picks, strict=False):
        now += abs(step)
        op = Consume(key, windows, cost)
        call.store.take_at(op, now)
        assert op.answer == take(states, now, windows, cost), (now, step, cost)
        if op.answer.allowed:
            assert op.at == now
            taken.append((cost, now))
        if pick and taken:
            units, at = taken.pop(0)
            assert call(Refund(key, windows, units, at)) is None
            give(states, windows, units, at)


@every(NAMES)
def test_forget(call):
    """A reset key has its full quota again; a refund of a missing key does nothing."""
    key, windows = f"forget {os.getpid()} {next(_serial)}", (Window(2, 3600), Window(300, 7200))
    assert call(Refund(key, windows)) is None
    assert call(Refund(key, windows, 1, 5)) is None
    for _ in range(2):
        assert [call(Consume(key, windows)).allowed for _ in range(3)] == [True, True, False]
        call(Refund(key, windows))


@every(NAMES)
def test_a_slot_is_given_back(call):
    """A refund finds its Take by time and applies once; a second refund takes no other hit."""
    key, windows = f"slot {os.getpid()} {next(_serial)}", (Window(2, 3600),)
    ops = [Consume(key, windows) for _ in range(3)]
    assert [call(op).allowed for op in ops] == [True, True, False]
    for _ in range(2):
        call(Refund(key, windows, 1, ops[0].at))
    assert [call(Consume(key, windows)).allowed for _ in range(2)] == [True, False]


# Down, frozen, back


@every(SERVED)
def test_nothing_before_the_first_operation(call, unused):
    """Creating a store contacts no server; an outage shows at the first operation."""
    stores.connect(unused(call.url)).close()


@pytest.fixture
def unused():
    def elsewhere(url):
        return url.replace(url.rpartition(":")[2].partition("/")[0], str(servers.free_port()))

    return elsewhere


def unavailable(call, seconds):
    """The operation fails in time, and neither message nor traceback holds the password."""
    start = time.monotonic()
    with pytest.raises(StoreUnavailable) as caught:
        call(PutIfAbsent(racers.space("down"), "k", b"v", 60))
    assert time.monotonic() - start < seconds
    assert servers.PASSWORD not in "".join(traceback.format_exception(caught.value))


@every(SERVED)
def test_refused(call, unused):
    """A refused connection raises StoreUnavailable within a second."""
    nobody = Caller(unused(call.url), call.mode)
    unavailable(nobody, 1)
    nobody.close()


@every(SERVED)
def test_wrong_password(call):
    """A refused login raises StoreUnavailable without the password."""
    wrong = Caller(call.url.replace(servers.PASSWORD, "wrong" + servers.PASSWORD), call.mode)
    unavailable(wrong, 3)
    wrong.close()


@every(SERVED)
def test_restarted(call, request):
    """After a server restart the store works at once and uses no stale connection."""
    server = servers.server(request.node.callspec.params["call"][0])
    call.together([Get(racers.space("down"), str(n)) for n in range(4)])
    server.stop()
    unavailable(call, 1)
    server.start()
    call(Put(racers.space("down"), "k", b"v", 60))
    call.together([Get(racers.space("down"), str(n)) for n in range(4)])
    server.kill()
    unavailable(call, 1)
    server.start()
    call(Put(racers.space("down"), "k", b"v", 60))


@every(SERVED)
def test_frozen(call, request):
    """A hung server raises StoreUnavailable within 3 s, on old and new connections; afterwards the store works again."""
    server = servers.server(request.node.callspec.params["call"][0])
    call(Put(racers.space("down"), "k", b"v", 60))
    server.pause()
    other = Caller(call.url, call.mode)
    try:
        with ThreadPoolExecutor(1) as pool:
            new = pool.submit(unavailable, other, 3)
            unavailable(call, 3)
            new.result()
    finally:
        server.resume()
    call(Put(racers.space("down"), "k", b"v", 60))
    other.close()


# The rest of the promise


@every(NAMES)
def test_inline_verbs(call):
    """A verb in ``inline`` executes in place, or raises Elsewhere and then works by aexecute."""
    op = Put(racers.space("inline"), "k", b"v", 60)
    for verb in call.store.inline.values():
        assert callable(verb)
    if Put in call.store.inline:
        try:
            call.store.inline[Put](op)
        except WouldBlock:
            call(op)
        assert op.answer > 0
        call.store.inline[Put](op)


@every(NAMES)
def test_close_is_not_the_end(call, space):
    """A store may be closed twice, and reopens at the next operation."""
    call(Put(space, "k", b"v", 60))
    call.store.close()
    call.store.close()
    call(Put(space, "k", b"w", 60))
    assert call(Get(space, "k")).value == b"w"


@pytest.mark.parametrize(
    ("name", "driver", "extra"), [("redis", "redis", "redis"), ("postgresql", "psycopg", "postgres")]
)
def test_missing_driver(monkeypatch, name, driver, extra):
    """A missing driver raises one sentence with the command to run."""
    for module in [
        name
        for name in sys.modules
        if name == driver or name.startswith((f"{driver}.", "launchready.stores._postgresql"))
    ]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, driver, None)
    monkeypatch.delattr(stores, "_postgresql_pool", raising=False)
    with pytest.raises(MissingExtra, match=rf'pip install "launchready\[{extra}\]"'):
        stores.connect(f"{name}://127.0.0.1/x")


def test_store_names():
    """Every scheme leads to its module; an unknown scheme leads to none."""
    assert {stores.store_name(f"{scheme}://host") for scheme in stores.schemes()} == set(stores.names())
    assert stores.store_name("postgres://host/app") == "postgresql"
    assert stores.store_name("ftp://host") is None

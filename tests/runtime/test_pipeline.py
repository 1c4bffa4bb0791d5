"""The pipeline runs features in order, then in reverse order, and resumes or closes every flow."""

import pytest

from launchready.errors import StoreError
from launchready.exchange.app import Copy, Forward, ForwardBuffered
from launchready.exchange.operations import Op, WouldBlock
from launchready.http.message import Response
from launchready.runtime.drive import adrive, drive
from launchready.runtime.pipeline import run_features
from support.flows import request


class Question(Op[str]):
    """An operation that only the test executes."""

    def __init__(self, number):
        self.number = number


class Log:
    """A feature that records its steps. ``ask``: an operation before Forward."""

    def __init__(self, name, log, *, ask=None, refuse=False, copy=0, hold=0, keep=False):
        self.name, self.log, self.ask, self.refuse = name, log, ask, refuse
        self.copy, self.hold, self.keep = copy, hold, keep

    def handle(self, asked):
        del asked
        try:
            if self.ask is not None:
                op = Question(self.ask)
                try:
                    yield op
                    self.log.append(f"{self.name} answered {op.answer}")
                except StoreError:
                    self.log.append(f"{self.name} bypassed")
            if self.refuse:
                return Response(429, [], b"no")
            self.log.append(f"{self.name} in")
            forward = ForwardBuffered(self.hold) if self.hold else Forward()
            try:
                yield forward
            except ZeroDivisionError:
                self.log.append(f"{self.name} told")
                if self.keep:
                    return Response(503, [], b"kept")
                raise
            forward.answer.headers.append((b"seen", self.name.encode()))
            self.log.append(f"{self.name} out")
            if self.copy:
                copy = Copy(self.copy)
                yield copy
                self.log.append(f"{self.name} copied {copy.answer}")
        finally:
            self.log.append(f"{self.name} end")
        return None


def steps(features, inline=None):
    return run_features(features, request()[0], inline or {}, [])


def refuse_to_answer(op):
    raise AssertionError(op)


def test_order():
    """The way in starts with the outermost feature, the way back with the innermost."""
    log = []
    flow = steps([Log("a", log), Log("b", log)])
    forward = drive(flow, refuse_to_answer)
    assert type(forward) is Forward
    forward.answer = Response(200, [])
    final = drive(flow, refuse_to_answer)
    assert final.headers == [(b"seen", b"b"), (b"seen", b"a")]
    assert log == ["a in", "b in", "b out", "b end", "a out", "a end"]


def test_a_refusal_ends_the_way_in():
    """After a refusal no inner feature runs, and outer features see the response."""
    log = []
    final = drive(steps([Log("a", log), Log("b", log, refuse=True), Log("c", log)]), refuse_to_answer)
    assert (final.status, final.headers) == (429, [(b"seen", b"a")])
    assert log == ["a in", "b end", "a out", "a end"]


def test_features_that_ask_nobody():
    """A feature may be a plain function that returns None or a Response."""

    class Plain:
        name = "plain"

        def __init__(self, answer):
            self.handle = lambda _: answer

    assert type(drive(steps([Plain(None)]), refuse_to_answer)) is Forward
    assert drive(steps([Plain(Response(403, []))]), refuse_to_answer).status == 403


def answer(op):
    op.answer = "outside"


def fail(op):
    raise StoreError("down")


def elsewhere(op):
    raise WouldBlock


@pytest.mark.parametrize(
    ("inline", "outside", "told"),
    [
        ({Question: answer}, refuse_to_answer, "a answered outside"),
        ({Question: fail}, refuse_to_answer, "a bypassed"),
        ({Question: elsewhere}, answer, "a answered outside"),
        ({Question: elsewhere}, fail, "a bypassed"),
        ({}, answer, "a answered outside"),
        ({}, fail, "a bypassed"),
    ],
)
def test_where_operations_are_answered(inline, outside, told):
    """Inline operations execute at once, others in the driver; errors are thrown into the flow."""
    log = []
    flow = steps([Log("a", log, ask=1)], inline)
    assert type(drive(flow, outside)) is Forward
    assert log == [told, "a in"]


@pytest.mark.parametrize(("keep", "status"), [("a", 503), ("b", 503), ("", None)])
def test_what_the_app_raises(keep, status):
    """An exception goes outwards; a flow may return a response for it, which outer flows then see."""
    log = []
    flow = steps([Log("a", log, keep=keep == "a"), Log("b", log, keep=keep == "b")])
    drive(flow, refuse_to_answer)
    if status is None:
        with pytest.raises(ZeroDivisionError):
            drive(flow, refuse_to_answer, error=ZeroDivisionError())
    else:
        assert drive(flow, refuse_to_answer, error=ZeroDivisionError()).status == status
    assert (
        log[2:]
        == {
            "": ["b told", "b end", "a told", "a end"],
            "a": ["b told", "b end", "a told", "a end"],
            "b": ["b told", "b end", "a out", "a end"],
        }[keep]
    )


def test_a_store_that_fails_while_the_way_unwinds():
    """A flow gets the exception of its own operation, and may still respond."""

    class Frees:
        name = "frees"

        def handle(self, asked):
            del asked
            try:
                yield Forward()
            except ZeroDivisionError:
                try:
                    yield Question(1)
                except StoreError:
                    return Response(503, [])
            return None

    flow = steps([Frees()])
    drive(flow, fail)
    assert drive(flow, fail, error=ZeroDivisionError()).status == 503


@pytest.mark.parametrize("body", [None, b"whole"])
def test_copies(body):
    """Copies are handed out innermost first, at once or after streaming, up to the largest bound."""
    log = []
    flow = steps([Log("a", log, copy=10), Log("b", log, copy=20), Log("c", log)])
    drive(flow, refuse_to_answer).answer = Response(200, [], body)
    step = drive(flow, refuse_to_answer)
    if body is None:
        assert isinstance(step, Copy)
        assert step.limit == 20
        step.answer = b"whole"
        step = drive(flow, refuse_to_answer)
    assert step.status == 200
    told = [line for line in log if "copied" in line]
    assert told == ["b copied b'whole'", "a copied b'whole'"]


def test_hold():
    """Hold uses the largest bound of all features."""
    step = drive(steps([Log("a", [], hold=5), Log("b", [], hold=9), Log("c", [])]), refuse_to_answer)
    assert isinstance(step, ForwardBuffered)
    assert step.hold == 9


def test_closing():
    """A disconnect closes every parked flow."""
    log = []
    flow = steps([Log("a", log), Log("b", log, copy=5)])
    drive(flow, refuse_to_answer)
    flow.close()
    assert sorted(log) == ["a end", "a in", "b end", "b in"]


def test_the_async_driver_does_the_same():
    """The driver executes operations in turn and throws errors in, until Forward."""
    import asyncio

    async def later(op):
        await asyncio.sleep(0)
        fail(op) if op.number == 2 else answer(op)

    async def main():
        log = []
        flow = steps([Log("a", log, ask=1), Log("b", log, ask=2)])
        forward = await adrive(flow, later)
        forward.answer = Response(200, [])
        final = await adrive(flow, later)
        return log, final.status

    log, status = asyncio.run(main())
    assert status == 200
    assert log[:4] == ["a answered outside", "a in", "b bypassed", "b in"]

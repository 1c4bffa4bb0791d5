"""Draining: on SIGTERM say "not ready" at once, go on serving for a while, then let the server stop.

A server that stops at once refuses the connections that a load balancer still sends it. So the first SIGTERM is kept
from the server for ``seconds``, in which ``/readyz`` answers 503; then the server's own handler is called, and its
graceful stop runs as always. A second SIGTERM passes at once. SIGINT is nobody's business here.

The server's handler is chained, never replaced by something of ours, and only where there is one: it is looked for
again at every probe, since some servers set theirs after the app was built.

==========================  ======================================================
uvicorn, gunicorn           ``signal.signal``: its handler is called after the wait
hypercorn --workers 0       ``loop.add_signal_handler``: the same
hypercorn with workers      its workers get no signal but poll an event: that is delayed
gunicorn --preload          where requests run in threads, the main thread is asked to
with --threads              look: only it may, and it never sees a request itself
==========================  ======================================================
"""

import _thread
import asyncio
import logging
import os
import signal
import threading
import weakref
from collections.abc import Callable
from time import monotonic
from types import FrameType
from typing import Any

logger = logging.getLogger("launchready")

Handler = Callable[[int, FrameType | None], Any]


WAKE_SIGNAL = getattr(signal, "SIGURG", None)
"""What the main thread is asked with. Nobody sends it, it is ignored by default, and gunicorn leaves it alone."""


class _State:
    seconds = 0.0  # 0: draining is off
    since: float | None = None
    pid = 0
    server: Handler | None = None


_loops: weakref.WeakSet[asyncio.AbstractEventLoop] = weakref.WeakSet()


def configure(seconds: float) -> None:
    """How long to go on. Several apps of a process: the longest."""
    _State.seconds = max(_State.seconds, seconds)
    if _State.seconds and _is_main() and WAKE_SIGNAL is not None and signal.getsignal(WAKE_SIGNAL) is signal.SIG_DFL:
        signal.signal(WAKE_SIGNAL, lambda *_: install())
    install()


def draining() -> bool:
    """Whether this process was told to stop."""
    return _State.since is not None and _State.pid == os.getpid()


def install(loop: asyncio.AbstractEventLoop | None = None) -> None:
    """Stand before the server's handler of SIGTERM, where there is one. Another thread asks the main one to."""
    if not _State.seconds:
        return
    if not _is_main():
        if WAKE_SIGNAL is not None and _server() is not None:
            _thread.interrupt_main(WAKE_SIGNAL)
        return
    if loop is not None and loop not in _loops:
        _loops.add(loop)
        _before_loop(loop)
        _before_event(loop)
    handler = _server()
    if handler is not None:
        _State.server = handler
        signal.signal(signal.SIGTERM, _on_signal)


def _is_main() -> bool:
    return threading.current_thread() is threading.main_thread()


def _server() -> Handler | None:
    """The handler of the server, where it is not ours yet, nor asyncio's placeholder for what the loop calls."""
    handler = signal.getsignal(signal.SIGTERM)
    placeholder = getattr(handler, "__name__", "") == "_sighandler_noop"
    return handler if callable(handler) and handler is not _on_signal and not placeholder else None


def _begin() -> bool:
    """False where it has begun before: whoever sends a second SIGTERM is in a hurry, or it is our own."""
    if draining():
        return False
    _State.since, _State.pid = monotonic(), os.getpid()
    logger.warning("SIGTERM: not ready from now on; the server stops in %g s", _State.seconds)
    return True


def _on_signal(number: int, frame: FrameType | None) -> None:
    server = _State.server
    assert server is not None  # it was there before this was set
    if _begin():
        timer = threading.Timer(_State.seconds, os.kill, (os.getpid(), number))  # back here, in the main thread
        timer.daemon = True
        timer.start()
    else:
        signal.signal(number, server)
        server(number, frame)


def _before_loop(loop: asyncio.AbstractEventLoop) -> None:
    """asyncio calls its handler from the loop, whatever Python's own is. It has no public way to ask which it is."""
    handle = getattr(loop, "_signal_handlers", {}).get(signal.SIGTERM)
    if handle is None:
        return

    def on_signal() -> None:
        if _begin():
            loop.call_later(_State.seconds, handle._run)
        else:
            handle._run()

    loop.add_signal_handler(signal.SIGTERM, on_signal)


def _before_event(loop: asyncio.AbstractEventLoop) -> None:
    """hypercorn's parent sets an event that each worker looks at; the worker is not told by any signal."""
    for task in asyncio.all_tasks(loop):
        step: Any = task.get_coro()
        while step is not None and getattr(step, "__name__", "") != "check_multiprocess_shutdown_event":
            step = getattr(step, "cr_await", None)
        frame = getattr(step, "cr_frame", None)
        event = frame.f_locals.get("shutdown_event") if frame is not None else None
        if event is not None:
            _delay(event)


def _delay(event: Any) -> None:
    is_set = event.is_set

    def later() -> bool:
        if not is_set():
            return False
        _begin()
        return monotonic() - (_State.since or 0.0) >= _State.seconds

    event.is_set = later

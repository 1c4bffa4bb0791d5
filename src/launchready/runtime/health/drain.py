"""Draining: after SIGTERM ``/readyz`` fails at once, and the server stops some seconds later.

A server that stops at once refuses connections that a load balancer still sends. So the first SIGTERM is withheld from
the server for ``seconds``, while ``/readyz`` responds with 503. Then the server's own handler runs, with its usual
graceful shutdown. A second SIGTERM is passed on at once. SIGINT is not handled.

The server's handler is wrapped, never discarded. Some servers install theirs after the app is built, so every probe
checks for a new handler.

==========================  ==========================================================
uvicorn, gunicorn           ``signal.signal``: its handler is called after the delay
hypercorn --workers 0       ``loop.add_signal_handler``: the same
hypercorn with workers      workers poll an event and get no signal: the event is delayed
gunicorn --preload          only the main thread may set a handler, and it serves no
with --threads              request: other threads wake it with a signal
==========================  ==========================================================
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
"""Wakes the main thread. It is ignored by default, and gunicorn does not use it."""


class _State:
    seconds = 0.0  # 0: draining is off
    since: float | None = None
    pid = 0
    server: Handler | None = None


_loops: weakref.WeakSet[asyncio.AbstractEventLoop] = weakref.WeakSet()


def configure(seconds: float) -> None:
    """Set the delay. Several apps in one process use the longest."""
    _State.seconds = max(_State.seconds, seconds)
    if _State.seconds and _is_main() and WAKE_SIGNAL is not None and signal.getsignal(WAKE_SIGNAL) is signal.SIG_DFL:
        signal.signal(WAKE_SIGNAL, lambda *_: install())
    install()


def draining() -> bool:
    """Whether this process has received SIGTERM."""
    return _State.since is not None and _State.pid == os.getpid()


def install(loop: asyncio.AbstractEventLoop | None = None) -> None:
    """Wrap the server's SIGTERM handler, if there is one. Other threads wake the main thread to do it."""
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
    """Return the server's handler, unless it is already wrapped or asyncio's placeholder."""
    handler = signal.getsignal(signal.SIGTERM)
    placeholder = getattr(handler, "__name__", "") == "_sighandler_noop"
    return handler if callable(handler) and handler is not _on_signal and not placeholder else None


def _begin() -> bool:
    """Begin draining. Returns False if it has begun: a second SIGTERM, or our own after the delay."""
    if draining():
        return False
    _State.since, _State.pid = monotonic(), os.getpid()
    logger.warning("SIGTERM: draining, /readyz fails; the server stops in %g s", _State.seconds)
    return True


def _on_signal(number: int, frame: FrameType | None) -> None:
    server = _State.server
    assert server is not None  # set before this handler was installed
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
    """Delay the event that hypercorn's workers poll: its parent process sets it and sends no signal."""
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

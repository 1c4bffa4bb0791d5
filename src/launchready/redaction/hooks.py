"""What reaches stderr without a log record: uncaught exceptions, those of threads, and warnings."""

import sys
import threading
import traceback
import warnings
from types import TracebackType
from typing import Any

from launchready.core.redact.marks import UNREAD
from launchready.redaction.record import current

_before: dict[str, Any] = {}


def install() -> None:
    """Puts the hooks in place, before whatever hooks stand there."""
    if _before:
        return
    _before.update(uncaught=sys.excepthook, thread=threading.excepthook, warning=warnings.formatwarning)
    sys.excepthook = _uncaught
    threading.excepthook = _thread
    warnings.formatwarning = _warning


def uninstall() -> None:
    """Puts back what stood there, where nobody has replaced ours since."""
    if not _before:
        return
    if sys.excepthook is _uncaught:
        sys.excepthook = _before["uncaught"]
    if threading.excepthook is _thread:
        threading.excepthook = _before["thread"]
    if warnings.formatwarning is _warning:
        warnings.formatwarning = _before["warning"]
    _before.clear()


def _clean(error: BaseException) -> BaseException:
    clean: Any = current()(error)
    return clean if isinstance(clean, BaseException) else Exception(UNREAD)


def _text(error: BaseException) -> str:
    """The traceback as text, redacted whole: its source lines may hold secrets, too."""
    try:
        return current()("".join(traceback.format_exception(error)))
    except Exception:  # what an exception's own __str__ raises
        return f"{type(error).__name__}: {UNREAD}\n"


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    hook = _before.get("uncaught", sys.__excepthook__)
    if hook is sys.__excepthook__ and sys.stderr is not None:
        sys.stderr.write(_text(error))
        return
    hook(kind, _clean(error), trace)


def _thread(args: threading.ExceptHookArgs) -> None:
    hook = _before.get("thread", threading.__excepthook__)
    if args.exc_value is None or issubclass(args.exc_type, SystemExit):
        hook(args)
    elif hook is threading.__excepthook__ and sys.stderr is not None:
        name = args.thread.name if args.thread is not None else threading.get_ident()
        sys.stderr.write(f"Exception in thread {name}:\n{_text(args.exc_value)}")
    else:
        hook(threading.ExceptHookArgs((args.exc_type, _clean(args.exc_value), args.exc_traceback, args.thread)))


def _warning(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
) -> str:
    shown = _before.get("warning", warnings.formatwarning)(message, category, filename, lineno, line)
    return current()(str(shown))

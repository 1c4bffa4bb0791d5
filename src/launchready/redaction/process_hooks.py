"""What reaches stderr without a log record: uncaught exceptions, those of threads and finalizers, and warnings."""

import logging
import sys
import threading
import traceback
import warnings
from types import TracebackType
from typing import Any

from launchready.redaction.log_record import current
from launchready.redaction.text.placeholders import UNREAD

_before: dict[str, Any] = {}


def install() -> None:
    """Puts the hooks in place, before whatever hooks stand there."""
    if _before:
        return
    _before.update(
        uncaught=sys.excepthook,
        thread=threading.excepthook,
        unraisable=sys.unraisablehook,
        warning=warnings.formatwarning,
        failed=logging.Handler.handleError,
    )
    logging.Handler.handleError = _failed  # type: ignore[assignment]  # it prints what went wrong to stderr
    sys.excepthook = _uncaught
    sys.unraisablehook = _unraisable
    threading.excepthook = _thread
    warnings.formatwarning = _warning


def uninstall() -> None:
    """Puts back what stood there, where nobody has replaced ours since."""
    if not _before:
        return
    if sys.excepthook is _uncaught:
        sys.excepthook = _before["uncaught"]
    if logging.Handler.handleError is _failed:
        logging.Handler.handleError = _before["failed"]  # type: ignore[method-assign]  # as it was
    if sys.unraisablehook is _unraisable:
        sys.unraisablehook = _before["unraisable"]
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


def _unraisable(args: "sys.UnraisableHookArgs") -> None:
    """What a finalizer or a callback of C raises, and nobody can catch."""
    hook = _before.get("unraisable", sys.__unraisablehook__)
    if args.exc_value is None:
        hook(args)
    elif hook is sys.__unraisablehook__ and sys.stderr is not None:
        sys.stderr.write(f"{current()(_ignored(args))}\n{_text(args.exc_value)}")
    else:
        fields = (args.exc_type, _clean(args.exc_value), args.exc_traceback, args.err_msg, args.object)
        hook(type(args)(fields))  # type: ignore[call-arg]  # a structure of the interpreter, made of a sequence


def _ignored(args: "sys.UnraisableHookArgs") -> str:
    try:
        return f"{args.err_msg or 'Exception ignored in'}: {args.object!r}"
    except Exception:  # what an object's own __repr__ raises
        return f"Exception ignored in: {UNREAD}"


def _failed(handler: logging.Handler, record: logging.LogRecord) -> None:
    """What a handler that fails says of its failure: the recipient that a mail server refused, an address."""
    told = _before.get("failed", logging.Handler.handleError)
    error = sys.exc_info()[1]
    clean = error and _clean(error)
    if clean is None or clean is error:
        told(handler, record)
        return
    try:
        raise clean from clean.__cause__  # logging prints the exception at hand
    except BaseException:
        told(handler, record)


def _warning(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
) -> str:
    shown = _before.get("warning", warnings.formatwarning)(message, category, filename, lineno, line)
    return current()(str(shown))

"""Output to stderr without a log record: warnings, and uncaught exceptions of threads and finalizers."""

import logging
import sys
import threading
import traceback
import warnings
from types import TracebackType
from typing import Any

from launchready.redaction.log_record import current_redactor
from launchready.redaction.text.markers import UNREADABLE

_original_hooks: dict[str, Any] = {}


def install() -> None:
    """Install the hooks. Each calls the hook that was there before."""
    if _original_hooks:
        return
    _original_hooks.update(
        uncaught=sys.excepthook,
        thread=threading.excepthook,
        unraisable=sys.unraisablehook,
        warning=warnings.formatwarning,
        failed=logging.Handler.handleError,
    )
    logging.Handler.handleError = _handle_error  # type: ignore[assignment]  # it prints what went wrong to stderr
    sys.excepthook = _excepthook
    sys.unraisablehook = _unraisablehook
    threading.excepthook = _threading_excepthook
    warnings.formatwarning = _formatwarning


def uninstall() -> None:
    """Restore the previous hooks, except where a later one replaced ours."""
    if not _original_hooks:
        return
    if sys.excepthook is _excepthook:
        sys.excepthook = _original_hooks["uncaught"]
    if logging.Handler.handleError is _handle_error:
        logging.Handler.handleError = _original_hooks["failed"]  # type: ignore[method-assign]  # as it was
    if sys.unraisablehook is _unraisablehook:
        sys.unraisablehook = _original_hooks["unraisable"]
    if threading.excepthook is _threading_excepthook:
        threading.excepthook = _original_hooks["thread"]
    if warnings.formatwarning is _formatwarning:
        warnings.formatwarning = _original_hooks["warning"]
    _original_hooks.clear()


def _redact_exception(error: BaseException) -> BaseException:
    clean: Any = current_redactor()(error)
    return clean if isinstance(clean, BaseException) else Exception(UNREADABLE)


def _traceback_text(error: BaseException) -> str:
    """Return the whole traceback as redacted text, because its source lines may also contain secrets."""
    try:
        return current_redactor()("".join(traceback.format_exception(error)))
    except Exception:  # the __str__ of the exception may raise anything
        return f"{type(error).__name__}: {UNREADABLE}\n"


def _excepthook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    hook = _original_hooks.get("uncaught", sys.__excepthook__)
    if hook is sys.__excepthook__ and sys.stderr is not None:
        sys.stderr.write(_traceback_text(error))
        return
    hook(kind, _redact_exception(error), trace)


def _threading_excepthook(args: threading.ExceptHookArgs) -> None:
    hook = _original_hooks.get("thread", threading.__excepthook__)
    if args.exc_value is None or issubclass(args.exc_type, SystemExit):
        hook(args)
    elif hook is threading.__excepthook__ and sys.stderr is not None:
        name = args.thread.name if args.thread is not None else threading.get_ident()
        sys.stderr.write(f"Exception in thread {name}:\n{_traceback_text(args.exc_value)}")
    else:
        hook(
            threading.ExceptHookArgs(
                (args.exc_type, _redact_exception(args.exc_value), args.exc_traceback, args.thread)
            )
        )


def _unraisablehook(args: "sys.UnraisableHookArgs") -> None:
    """Redact an exception from a finalizer or a C callback, which no code can catch."""
    hook = _original_hooks.get("unraisable", sys.__unraisablehook__)
    if args.exc_value is None:
        hook(args)
    elif hook is sys.__unraisablehook__ and sys.stderr is not None:
        sys.stderr.write(f"{current_redactor()(_unraisable_text(args))}\n{_traceback_text(args.exc_value)}")
    else:
        fields = (args.exc_type, _redact_exception(args.exc_value), args.exc_traceback, args.err_msg, args.object)
        hook(type(args)(fields))  # type: ignore[call-arg]  # a structure of the interpreter, made of a sequence


def _unraisable_text(args: "sys.UnraisableHookArgs") -> str:
    try:
        return f"{args.err_msg or 'Exception ignored in'}: {args.object!r}"
    except Exception:  # the __repr__ of the object may raise anything
        return f"Exception ignored in: {UNREADABLE}"


def _handle_error(handler: logging.Handler, record: logging.LogRecord) -> None:
    """Redact the report of a failing handler, which may quote data: the recipient that a mail server refused."""
    original = _original_hooks.get("failed", logging.Handler.handleError)
    error = sys.exc_info()[1]
    clean = error and _redact_exception(error)
    if clean is None or clean is error:
        original(handler, record)
        return
    try:
        raise clean from clean.__cause__  # logging prints the current exception
    except BaseException:
        original(handler, record)


def _formatwarning(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
) -> str:
    shown = _original_hooks.get("warning", warnings.formatwarning)(message, category, filename, lineno, line)
    return current_redactor()(str(shown))

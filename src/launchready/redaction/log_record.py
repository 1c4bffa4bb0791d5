"""A log record that returns redacted data to every handler, filter and formatter.

The data of a record becomes known at different moments, and each is redacted at its own:

- the message: ``getMessage()`` returns ``msg % args``, redacted. A secret may exist only after both are joined.
  ``args`` keep their types, so ``%d`` works, and so do formatters that unpack them;
- the template and text arguments: when the record is made, because access logs read them one by one;
- ``extra`` and attributes set by filters: when they are written to ``__dict__``, which happens later;
- the exception with its causes and contexts: when the record is made; the traceback text: when a formatter stores it.

``__dict__`` gains no names, so formatters that write every attribute see the same names as before.
"""

import copy
import logging
import re
from collections.abc import Mapping
from typing import Any

from launchready.budget import limited
from launchready.redaction.text import Redactor
from launchready.redaction.text.engine import new_budget
from launchready.redaction.text.markers import UNREADABLE, uncounted

#: Replaces a message whose arguments do not fit. The standard library would print both to stderr.
BAD_ARGUMENTS = "[redacted: arguments do not fit]"

_FORMAT_SPEC = re.compile(r"%(?:\([^()]{0,64}\))?[#0\- +]{0,5}[\d*]{0,6}(?:\.[\d*]{0,6})?[a-zA-Z%]")
_HEADER = re.compile(r"\{([^{}]{1,64})\}[ioe]")

STANDARD_ATTRIBUTES = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "exc_text"}


_CONTENT_ATTRIBUTES = frozenset({"args", "msg", "exc_info", "exc_text", "stack_info"})


class RecordState(dict[str, Any]):
    """The ``__dict__`` of a record. Attributes that the app adds are redacted when they are set."""

    __slots__ = ("message", "redactor", "source")

    redactor: Redactor
    source: tuple[Any, Any]
    message: str

    def __setitem__(self, name: str, value: Any) -> None:
        if name not in STANDARD_ATTRIBUTES or name in _CONTENT_ATTRIBUTES:
            value = _redact_attribute(self.redactor, name, value)
        super().__setitem__(name, value)

    def update(self, *others: Any, **more: Any) -> None:
        """As ``dict.update``; ``logging.makeLogRecord`` uses it to fill a record from another process."""
        for name, value in dict(*others, **more).items():
            self[name] = value

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[list[tuple[str, Any]]]]:
        """Copy and pickle as a plain dict, whose content is redacted already."""
        return dict, (list(self.items()),)


class RedactedRecordMixin:
    """Redacts what ``LogRecord`` returns. Comes before ``LogRecord`` in the method order."""

    msg: Any
    args: Any

    def getMessage(self) -> str:  # noqa: N802  # the name is LogRecord's
        """Return the redacted message. Never raises: arguments that do not fit become a marker."""
        state = self.__dict__
        if not isinstance(state, RecordState):  # a copy: only the joined message is not redacted yet
            return _redacted_text(self, current_redactor())
        source = (self.msg, self.args)
        if getattr(state, "source", None) != source:
            state.message = _redacted_text(self, state.redactor)
            state.source = source
        return state.message

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in STANDARD_ATTRIBUTES or name in _CONTENT_ATTRIBUTES:
            state = self.__dict__
            value = _redact_attribute(
                state.redactor if isinstance(state, RecordState) else current_redactor(), name, value
            )
        object.__setattr__(self, name, value)


class RedactedRecord(RedactedRecordMixin, logging.LogRecord):
    """A record of the standard factory. A class of the module, so that it can be pickled to another process."""


_classes: dict[type, type] = {logging.LogRecord: RedactedRecord}
_current: list[Redactor] = []


def current_redactor() -> Redactor:
    """Return the redactor of the process."""
    if not _current:
        _current.append(Redactor())
    return _current[0]


def set_current_redactor(redactor: Redactor) -> None:
    """Set the redactor of the process."""
    _current[:] = [redactor]


def redact_record(record: logging.LogRecord, redactor: Redactor) -> logging.LogRecord:
    """Return the same record, which returns redacted data from now on."""
    if isinstance(record, RedactedRecordMixin):
        return record
    state = RecordState(record.__dict__)
    state.redactor = redactor
    with limited(new_budget()):
        _redact_content(record, state, redactor)
    record.__dict__ = state
    record.__class__ = _redacted_class(type(record))
    return record


def _redact_content(record: logging.LogRecord, state: RecordState, redactor: Redactor) -> None:
    _redact_message(state, record.msg, record.args)
    if record.exc_info:
        dict.__setitem__(state, "exc_info", _redact_exc_info(record.exc_info, redactor))
    for name in ("exc_text", "stack_info"):
        if isinstance(state.get(name), str):
            dict.__setitem__(state, name, redactor(state[name]))
    for name in state.keys() - STANDARD_ATTRIBUTES:
        state[name] = state[name]


def failure_record(name: object, level: object, pathname: object, lineno: object) -> logging.LogRecord:
    """Return the replacement for a record that could not be redacted: its origin, without its content."""
    return logging.LogRecord(
        str(name),
        level if isinstance(level, int) else logging.ERROR,
        str(pathname),
        lineno if isinstance(lineno, int) else 0,
        "[redacted: this record could not be read]",
        (),
        None,
    )


def _redacted_class(kind: type) -> type:
    made = _classes.get(kind)
    if made is None:
        made = _classes[kind] = type(f"Redacted{kind.__name__}", (RedactedRecordMixin, kind), {})
    return made


def _redact_message(state: RecordState, msg: Any, args: Any) -> None:
    """Redact the joined message. If it contains nothing to hide, the template and plain arguments stay as they are."""
    redactor = state.redactor
    if _has_structure(args):
        args = _redact_args(args, redactor)
        dict.__setitem__(state, "args", args)
    text = _format(msg, args)
    state.message = redactor(text)
    if state.message != text:
        with uncounted():
            msg, args = _redact_parts(msg, args, state.message, redactor)
        dict.__setitem__(state, "args", args)
        dict.__setitem__(state, "msg", msg)
    state.source = (msg, args)


def _redact_parts(msg: Any, args: Any, message: str, redactor: Redactor) -> tuple[Any, Any]:
    """Redact template and arguments for handlers that join them on their own.

    ``"password=%s"`` and ``"hunter2"`` are harmless one by one, so such an argument becomes a marker. If no marker
    fits, as for a code logged by ``%d``, the redacted message replaces both.
    """
    if not args:
        return message, args
    msg, args = _redact_template(msg, message, redactor), _redact_args(args, redactor)
    if _is_clean(msg, args, redactor):
        return msg, args
    if isinstance(args, tuple):
        args = tuple(
            UNREADABLE if isinstance(arg, str) and len(arg) > 2 and arg not in message else arg for arg in args
        )
    return (msg, args) if _is_clean(msg, args, redactor) else (message, ())


def _is_clean(msg: Any, args: Any, redactor: Redactor) -> bool:
    text = _format(msg, args)
    return redactor(text) == text


def _format(msg: Any, args: Any) -> str:
    try:
        text = str(msg)
        return text % args if args else text
    except Exception:  # str() of an argument may raise anything
        return f"{msg if isinstance(msg, str) else UNREADABLE} {BAD_ARGUMENTS}"


def _has_structure(args: Any) -> bool:
    """Whether the arguments hold keys or exception chains, which a formatter could read one by one."""
    if isinstance(args, tuple):
        return any(isinstance(arg, dict | list | tuple | BaseException) for arg in args)
    return isinstance(args, dict)


def _redact_template(msg: Any, message: str, redactor: Redactor) -> Any:
    """Redact the template if that keeps its placeholders intact."""
    if not isinstance(msg, str):
        return message
    clean = redactor(msg)
    return clean if _FORMAT_SPEC.findall(clean) == _FORMAT_SPEC.findall(msg) else msg


def _redacted_text(record: Any, redactor: Redactor) -> str:
    return redactor(_format(record.msg, record.args))


def _redact_args(args: Any, redactor: Redactor) -> Any:
    """Redact text among the arguments; numbers and other objects stay."""
    if isinstance(args, tuple):
        return tuple(_redact_arg(arg, redactor) for arg in args)
    if type(args) is dict:
        return redactor(args)
    return _redact_atoms(args, redactor) if isinstance(args, dict) else args


def _redact_arg(arg: Any, redactor: Redactor) -> Any:
    return redactor(arg) if type(arg) in {str, bytes, dict, list, tuple} or isinstance(arg, BaseException) else arg


def _redact_atoms(args: dict[Any, Any], redactor: Redactor) -> dict[Any, Any]:
    """Redact the atoms of a gunicorn access line. The copy has the same class, which has defaults for missing atoms.

    A letter does not classify its value (``t`` is the time), but ``{authorization}i`` is a header and does.
    """
    twin = copy.copy(args)
    for name, value in args.items():
        header = _HEADER.fullmatch(name) if isinstance(name, str) else None
        clean: Any = redactor({header.group(1): value})[header.group(1)] if header else _redact_arg(value, redactor)
        dict.__setitem__(twin, name, clean)
    return twin


def _redact_exc_info(info: Any, redactor: Redactor) -> Any:
    if not isinstance(info, tuple) or len(info) != 3 or not isinstance(info[1], BaseException):
        return info
    kind, error, trace = info
    clean: Any = redactor(error)
    if not isinstance(clean, BaseException):
        clean = Exception(UNREADABLE)
    return (kind, clean, trace)


def _redact_attribute(redactor: Redactor, name: str, value: Any) -> Any:
    """Redact one attribute for code that reads it on its own."""
    match name:
        case "args":
            return _redact_args(value, redactor)
        case "msg":
            return _redact_template(value, value, redactor) if isinstance(value, str) else value
        case "exc_info":
            return _redact_exc_info(value, redactor)
        case "exc_text" | "stack_info":
            return redactor(value) if isinstance(value, str) else value
    held: Mapping[str, Any] | str = redactor({name: value})
    return held.get(name, UNREADABLE) if isinstance(held, Mapping) else UNREADABLE

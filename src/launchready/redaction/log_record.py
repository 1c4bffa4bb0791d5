"""A log record that cannot say what is secret, whatever handler, filter or formatter asks it.

What a record holds becomes visible at different moments, and each has its own gate:

- the message: ``getMessage()`` returns ``msg % args``, redacted. Only there do secrets exist that are put together from
  both. ``args`` keep their types, so that ``%d`` and formatters that unpack them work;
- the template, and text among the arguments, when the record is made: access logs read them one by one;
- ``extra``, which ``Logger.makeRecord`` writes into ``__dict__`` after the record is made, and what filters set later;
- the exception, its causes and contexts, when the record is made; the text of its traceback, when a formatter keeps it.

Nothing is added to ``__dict__``: formatters that write out every attribute see the same names as before.
"""

import copy
import logging
import re
from collections.abc import Mapping
from typing import Any

from launchready.redaction.text import Redactor
from launchready.redaction.text.markers import UNREADABLE, uncounted

#: What stands for arguments that do not fit their message. The standard library would print both, raw, to stderr.
BAD_ARGUMENTS = "[redacted: arguments do not fit]"

_FORMAT_SPEC = re.compile(r"%(?:\([^()]{0,64}\))?[#0\- +]{0,5}[\d*]{0,6}(?:\.[\d*]{0,6})?[a-zA-Z%]")
_HEADER = re.compile(r"\{([^{}]{1,64})\}[ioe]")

STANDARD_ATTRIBUTES = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "exc_text"}


_CONTENT_ATTRIBUTES = frozenset({"args", "msg", "exc_info", "exc_text", "stack_info"})


class RecordState(dict[str, Any]):
    """The ``__dict__`` of a record: what is added under a name of the app's own is redacted on its way in."""

    __slots__ = ("message", "redactor", "source")

    redactor: Redactor
    source: tuple[Any, Any]
    message: str

    def __setitem__(self, name: str, value: Any) -> None:
        if name not in STANDARD_ATTRIBUTES or name in _CONTENT_ATTRIBUTES:
            value = _redact_attribute(self.redactor, name, value)
        super().__setitem__(name, value)

    def update(self, *others: Any, **more: Any) -> None:
        """As of a dict; ``logging.makeLogRecord`` fills a record from another process by it."""
        for name, value in dict(*others, **more).items():
            self[name] = value

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[list[tuple[str, Any]]]]:
        """Copied and pickled as a plain dict: what is in it is clean."""
        return dict, (list(self.items()),)


class RedactedRecordMixin:
    """The half of the record's class that answers. Comes before ``LogRecord`` in the method order."""

    msg: Any
    args: Any

    def getMessage(self) -> str:  # noqa: N802  # the name is LogRecord's
        """The message, redacted. Never raises: arguments that do not fit become a marker."""
        state = self.__dict__
        if not isinstance(state, RecordState):  # a copy: what it was made of is clean but for the joined message
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
    """A record made by the standard factory. A module's own class, so that it can be pickled to another process."""


_classes: dict[type, type] = {logging.LogRecord: RedactedRecord}
_current: list[Redactor] = []


def current_redactor() -> Redactor:
    """The redactor of the process."""
    if not _current:
        _current.append(Redactor())
    return _current[0]


def set_current_redactor(redactor: Redactor) -> None:
    """Makes a redactor the one of the process."""
    _current[:] = [redactor]


def redact_record(record: logging.LogRecord, redactor: Redactor) -> logging.LogRecord:
    """The same record, which from now on answers redacted."""
    if isinstance(record, RedactedRecordMixin):
        return record
    state = RecordState(record.__dict__)
    state.redactor = redactor
    _redact_message(state, record.msg, record.args)
    if record.exc_info:
        dict.__setitem__(state, "exc_info", _redact_exc_info(record.exc_info, redactor))
    for name in ("exc_text", "stack_info"):
        if isinstance(state.get(name), str):
            dict.__setitem__(state, name, redactor(state[name]))
    for name in state.keys() - STANDARD_ATTRIBUTES:
        state[name] = state[name]
    record.__dict__ = state
    record.__class__ = _redacted_class(type(record))
    return record


def failure_record(name: object, level: object, pathname: object, lineno: object) -> logging.LogRecord:
    """What is written in the place of a record that could not be redacted: where it came from, and nothing it said."""
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
    """Joins and reads the message now. Where nothing in it had to be hidden, text and numbers among its arguments, and
    its template, hold nothing either, and stay the objects that they are.
    """
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
    """Template and arguments that say no more than the message, for handlers that join them on their own.

    ``"password=%s"`` and ``"hunter2"`` are harmless one by one. Such an argument becomes a marker; where that would not
    fit, as for a code logged by ``%d``, the message takes the place of both.
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
    except Exception:  # what str() of an argument of the app's raises
        return f"{msg if isinstance(msg, str) else UNREADABLE} {BAD_ARGUMENTS}"


def _has_structure(args: Any) -> bool:
    """Whether a formatter could read more from the arguments than their text: by key, by chain."""
    if isinstance(args, tuple):
        return any(isinstance(arg, dict | list | tuple | BaseException) for arg in args)
    return isinstance(args, dict)


def _redact_template(msg: Any, message: str, redactor: Redactor) -> Any:
    """The template, redacted, where that leaves its placeholders as they are."""
    if not isinstance(msg, str):
        return message
    clean = redactor(msg)
    return clean if _FORMAT_SPEC.findall(clean) == _FORMAT_SPEC.findall(msg) else msg


def _redacted_text(record: Any, redactor: Redactor) -> str:
    return redactor(_format(record.msg, record.args))


def _redact_args(args: Any, redactor: Redactor) -> Any:
    """Text among the arguments is cleaned one by one; numbers and objects with rules of their own stay."""
    if isinstance(args, tuple):
        return tuple(_redact_arg(arg, redactor) for arg in args)
    if type(args) is dict:
        return redactor(args)
    return _redact_atoms(args, redactor) if isinstance(args, dict) else args


def _redact_arg(arg: Any, redactor: Redactor) -> Any:
    return redactor(arg) if type(arg) in {str, bytes, dict, list, tuple} or isinstance(arg, BaseException) else arg


def _redact_atoms(args: dict[Any, Any], redactor: Redactor) -> dict[Any, Any]:
    """gunicorn's atoms of an access line: a mapping that answers for what it lacks, so its twin is of the same class.

    Its letters say nothing of their values (``t`` is the time); ``{authorization}i`` is a header, and does.
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
    """The value of an attribute, for those who read it on its own."""
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

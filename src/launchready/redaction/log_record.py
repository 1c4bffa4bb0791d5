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
from launchready.redaction.text.placeholders import UNREAD, quiet

#: What stands for arguments that do not fit their message. The standard library would print both, raw, to stderr.
MISFIT = "[redacted: arguments do not fit]"

_HOLE = re.compile(r"%(?:\([^()]{0,64}\))?[#0\- +]{0,5}[\d*]{0,6}(?:\.[\d*]{0,6})?[a-zA-Z%]")
_HEADER = re.compile(r"\{([^{}]{1,64})\}[ioe]")

STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "exc_text"}


_SAYING = frozenset({"args", "msg", "exc_info", "exc_text", "stack_info"})


class State(dict[str, Any]):
    """The ``__dict__`` of a record: what is added under a name of the app's own is redacted on its way in."""

    __slots__ = ("message", "redactor", "source")

    redactor: Redactor
    source: tuple[Any, Any]
    message: str

    def __setitem__(self, name: str, value: Any) -> None:
        if name not in STANDARD or name in _SAYING:
            value = _clean(self.redactor, name, value)
        super().__setitem__(name, value)

    def update(self, *others: Any, **more: Any) -> None:
        """As of a dict; ``logging.makeLogRecord`` fills a record from another process by it."""
        for name, value in dict(*others, **more).items():
            self[name] = value

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[list[tuple[str, Any]]]]:
        """Copied and pickled as a plain dict: what is in it is clean."""
        return dict, (list(self.items()),)


class Redacted:
    """The half of the record's class that answers. Comes before ``LogRecord`` in the method order."""

    msg: Any
    args: Any

    def getMessage(self) -> str:  # noqa: N802  # the name is LogRecord's
        """The message, redacted. Never raises: arguments that do not fit become a marker."""
        state = self.__dict__
        if not isinstance(state, State):  # a copy: what it was made of is clean but for the joined message
            return _message(self, current())
        source = (self.msg, self.args)
        if getattr(state, "source", None) != source:
            state.message = _message(self, state.redactor)
            state.source = source
        return state.message

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in STANDARD or name in _SAYING:
            state = self.__dict__
            value = _clean(state.redactor if isinstance(state, State) else current(), name, value)
        object.__setattr__(self, name, value)


class RedactedRecord(Redacted, logging.LogRecord):
    """A record made by the standard factory. A module's own class, so that it can be pickled to another process."""


_classes: dict[type, type] = {logging.LogRecord: RedactedRecord}
_current: list[Redactor] = []


def current() -> Redactor:
    """The redactor of the process."""
    if not _current:
        _current.append(Redactor())
    return _current[0]


def set_current(redactor: Redactor) -> None:
    """Makes a redactor the one of the process."""
    _current[:] = [redactor]


def redacted(record: logging.LogRecord, redactor: Redactor) -> logging.LogRecord:
    """The same record, which from now on answers redacted."""
    if isinstance(record, Redacted):
        return record
    state = State(record.__dict__)
    state.redactor = redactor
    _say(state, record.msg, record.args)
    if record.exc_info:
        dict.__setitem__(state, "exc_info", _exception(record.exc_info, redactor))
    for name in ("exc_text", "stack_info"):
        if isinstance(state.get(name), str):
            dict.__setitem__(state, name, redactor(state[name]))
    for name in state.keys() - STANDARD:
        state[name] = state[name]
    record.__dict__ = state
    record.__class__ = _class(type(record))
    return record


def unreadable(name: object, level: object, pathname: object, lineno: object) -> logging.LogRecord:
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


def _class(kind: type) -> type:
    made = _classes.get(kind)
    if made is None:
        made = _classes[kind] = type(f"Redacted{kind.__name__}", (Redacted, kind), {})
    return made


def _say(state: State, msg: Any, args: Any) -> None:
    """Joins and reads the message now. Where nothing in it had to be hidden, text and numbers among its arguments, and
    its template, hold nothing either, and stay the objects that they are.
    """
    redactor = state.redactor
    if _holds_more(args):
        args = _args(args, redactor)
        dict.__setitem__(state, "args", args)
    text = _joined(msg, args)
    state.message = redactor(text)
    if state.message != text:
        with quiet():
            msg, args = _apart(msg, args, state.message, redactor)
        dict.__setitem__(state, "args", args)
        dict.__setitem__(state, "msg", msg)
    state.source = (msg, args)


def _apart(msg: Any, args: Any, message: str, redactor: Redactor) -> tuple[Any, Any]:
    """Template and arguments that say no more than the message, for handlers that join them on their own.

    ``"password=%s"`` and ``"hunter2"`` are harmless one by one. Such an argument becomes a marker; where that would not
    fit, as for a code logged by ``%d``, the message takes the place of both.
    """
    if not args:
        return message, args
    msg, args = _template(msg, message, redactor), _args(args, redactor)
    if _says_nothing(msg, args, redactor):
        return msg, args
    if isinstance(args, tuple):
        args = tuple(UNREAD if isinstance(arg, str) and len(arg) > 2 and arg not in message else arg for arg in args)
    return (msg, args) if _says_nothing(msg, args, redactor) else (message, ())


def _says_nothing(msg: Any, args: Any, redactor: Redactor) -> bool:
    text = _joined(msg, args)
    return redactor(text) == text


def _joined(msg: Any, args: Any) -> str:
    try:
        text = str(msg)
        return text % args if args else text
    except Exception:  # what str() of an argument of the app's raises
        return f"{msg if isinstance(msg, str) else UNREAD} {MISFIT}"


def _holds_more(args: Any) -> bool:
    """Whether a formatter could read more from the arguments than their text: by key, by chain."""
    if isinstance(args, tuple):
        return any(isinstance(arg, dict | list | tuple | BaseException) for arg in args)
    return isinstance(args, dict)


def _template(msg: Any, message: str, redactor: Redactor) -> Any:
    """The template, redacted, where that leaves its placeholders as they are."""
    if not isinstance(msg, str):
        return message
    clean = redactor(msg)
    return clean if _HOLE.findall(clean) == _HOLE.findall(msg) else msg


def _message(record: Any, redactor: Redactor) -> str:
    return redactor(_joined(record.msg, record.args))


def _args(args: Any, redactor: Redactor) -> Any:
    """Text among the arguments is cleaned one by one; numbers and objects with rules of their own stay."""
    if isinstance(args, tuple):
        return tuple(_arg(arg, redactor) for arg in args)
    if type(args) is dict:
        return redactor(args)
    return _atoms(args, redactor) if isinstance(args, dict) else args


def _arg(arg: Any, redactor: Redactor) -> Any:
    return redactor(arg) if type(arg) in {str, bytes, dict, list, tuple} or isinstance(arg, BaseException) else arg


def _atoms(args: dict[Any, Any], redactor: Redactor) -> dict[Any, Any]:
    """gunicorn's atoms of an access line: a mapping that answers for what it lacks, so its twin is of the same class.

    Its letters say nothing of their values (``t`` is the time); ``{authorization}i`` is a header, and does.
    """
    twin = copy.copy(args)
    for name, value in args.items():
        header = _HEADER.fullmatch(name) if isinstance(name, str) else None
        clean: Any = redactor({header.group(1): value})[header.group(1)] if header else _arg(value, redactor)
        dict.__setitem__(twin, name, clean)
    return twin


def _exception(info: Any, redactor: Redactor) -> Any:
    if not isinstance(info, tuple) or len(info) != 3 or not isinstance(info[1], BaseException):
        return info
    kind, error, trace = info
    clean: Any = redactor(error)
    if not isinstance(clean, BaseException):
        clean = Exception(UNREAD)
    return (kind, clean, trace)


def _clean(redactor: Redactor, name: str, value: Any) -> Any:
    """The value of an attribute, for those who read it on its own."""
    match name:
        case "args":
            return _args(value, redactor)
        case "msg":
            return _template(value, value, redactor) if isinstance(value, str) else value
        case "exc_info":
            return _exception(value, redactor)
        case "exc_text" | "stack_info":
            return redactor(value) if isinstance(value, str) else value
    held: Mapping[str, Any] | str = redactor({name: value})
    return held.get(name, UNREAD) if isinstance(held, Mapping) else UNREAD

"""Nested records: dict, list, tuple, set, dataclass, model, bytes, exception.

A record is copied where a value changes; otherwise the same object is returned.

- The caller's objects are never modified.
- A key applies to everything below it: ``{"password": {"value": ...}}`` hides the value, and in
  ``{"card": {"number": ...}}`` the number is read as a card number.
- ``("authorization", "Bearer ...")`` and ``{"name": "authorization", "value": "..."}`` are read as pairs.
- A marker replaces values nested deeper than 64 and values beyond the first 100,000. A record that contains itself ends
  there.
"""

import copy
from collections import ChainMap, UserList, deque
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from contextlib import AbstractContextManager
from datetime import date
from importlib import import_module
from types import SimpleNamespace
from typing import Any

from launchready.budget import ambient, limited
from launchready.redaction.text import numbers, value_shapes
from launchready.redaction.text.engine import SHORT_TEXT, TextEngine, new_budget
from launchready.redaction.text.key_names import KeyClass, KeyClassifier, words
from launchready.redaction.text.markers import Markers
from launchready.redaction.text.rules.fields import ACCOUNT, CONTEXT_KEYS, LABELS, PERSONAL, VALUES

MAX_DEPTH = 64
MAX_VALUES = 100_000
_SMALL_RECORD = 64  # values of a record that needs no budget
_LOOKS_PER_VALUE = 4
_SECONDS_PER_VALUE = 1e-4  # CPU time
TOO_DEEP = "[redacted: nested too deep]"
TOO_MANY = "[redacted: too many values]"
_DIGIT_CONDITIONS = frozenset({"mixed", "digits", "digits3", "code", "number", "phone"})
_QUERY = frozenset({"query", "params", "parameters", "args", "get", "qs"})
_CREDENTIAL_PARENTS = frozenset({"credentials", "credential", "creds", "secret"})
_LEAVES = (bool, type(None), float, complex)


class RecordWalker:
    """One walk through one record."""

    def __init__(self, engine: TextEngine, keys: KeyClassifier, markers: Markers) -> None:
        self._engine = engine
        self._keys = keys
        self._markers = markers
        self._left = MAX_VALUES
        self._path: set[int] = set()
        self._budget = ambient()
        self._limit: AbstractContextManager[None] | None = None
        self._values = 0

    def redact(self, value: Any) -> Any:
        """Redact the record. A large one has one budget for all of its texts, and so has one with a long text."""
        try:
            return self.walk(value)
        finally:
            if self._limit is not None:
                self._limit.__exit__(None, None, None)

    def _allow(self, values: int) -> None:
        """Extend the budget for the values of a container, so that its cost is bounded by its size."""
        self._values += values
        if self._budget is not None:
            self._budget.extend(steps=_LOOKS_PER_VALUE * values, characters=0, seconds=_SECONDS_PER_VALUE * values)
        elif self._values > _SMALL_RECORD:
            self._begin_budget()

    def _begin_budget(self) -> None:
        self._budget = new_budget()
        self._limit = limited(self._budget)
        self._limit.__enter__()  # ends with the record, in redact()

    def walk(self, value: Any, key_class: KeyClass | None = None, parent: str = "", depth: int = 0) -> Any:
        """Redact the value. Returns the same object if nothing changes."""
        if isinstance(value, str):
            return self._text(value, key_class)
        if isinstance(value, _LEAVES):
            return value
        if isinstance(value, int):
            return self._number(value, key_class)
        if isinstance(value, bytes | bytearray):
            return self._bytes(value, key_class)
        if isinstance(value, memoryview):
            plain = value.tobytes()
            cleaned = self._bytes(plain, key_class)
            return value if cleaned is plain else memoryview(cleaned)
        self._left -= 1
        if depth > MAX_DEPTH or id(value) in self._path:
            return TOO_DEEP
        if self._left < 0:
            return TOO_MANY
        self._path.add(id(value))
        try:
            return self._contents(value, key_class, parent, depth + 1)
        finally:
            self._path.discard(id(value))

    def _contents(self, value: Any, key_class: KeyClass | None, parent: str, depth: int) -> Any:
        if isinstance(value, Mapping):
            self._allow(len(value))
            return self._mapping(value, key_class, parent, depth)
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return self._named_tuple(value, parent, depth)
        if isinstance(value, list | tuple):
            self._allow(len(value))
            return self._sequence(value, key_class, parent, depth)
        if isinstance(value, deque | UserList):
            plain = list(value)
            cleaned = self._sequence(plain, key_class, parent, depth)
            return value if cleaned is plain else _same_container(value, cleaned)
        if isinstance(value, AbstractSet):
            return self._set(value, key_class, parent, depth)
        if isinstance(value, BaseException):
            return self._redact_exc_info(value, depth)
        names = _attributes(value)
        if names is not None:
            return self._fields(value, {name: getattr(value, name, None) for name in names}, parent, depth)
        if key_class is not None and key_class.condition == "date" and isinstance(value, date):
            return self._markers.mark(key_class.kind, "")
        if key_class is not None and _hides_contents(key_class) and not type(value).__name__.startswith("Secret"):
            return self._markers.mark(key_class.kind, "")
        return value

    def _text(self, value: str, key_class: KeyClass | None) -> str:
        if not value:
            return value
        if len(value) > SHORT_TEXT and self._budget is None:
            self._begin_budget()
        if key_class is not None and not self._markers.is_marker(value):
            if key_class.condition == "auth":
                cleaned = self._engine.text(f"authorization: {value}").removeprefix("authorization: ")
                return cleaned if cleaned != value else self._engine.text(value)
            if value_shapes.matches_condition(key_class.condition, value) and not self._keys.is_class_name(
                value, key_class.kind
            ):
                return self._markers.mark(key_class.kind, value)
        return self._engine.text(value)

    def _number(self, value: int, key_class: KeyClass | None) -> Any:
        if key_class is not None and (key_class.condition in _DIGIT_CONDITIONS or key_class.kind == "password"):
            text = str(value) if -(10**40) < value < 10**40 else ""
            if value_shapes.matches_condition(key_class.condition, text):
                return self._markers.mark(key_class.kind, text)
        if 10**12 <= value < 10**19 and not self._markers.allows_class("card") and numbers.is_card(str(value)):
            return self._markers.mark("card", str(value))
        return value

    def _bytes(self, value: bytes | bytearray, key_class: KeyClass | None) -> bytes | bytearray:
        text = value.decode("utf-8", "surrogateescape")
        cleaned = self._text(text, key_class)
        return value if cleaned == text else type(value)(cleaned.encode("utf-8", "surrogateescape"))

    def _mapping(self, value: Mapping[Any, Any], key_class: KeyClass | None, parent: str, depth: int) -> Any:
        person_context = self._person_context(value)
        changed = False
        items: dict[Any, Any] = {}
        value_class = self._name_value_class(value)
        for key, item in value.items():
            inner = self._class_of_key(key, parent, key_class, person_context)
            if value_class is not None and key in VALUES:
                inner = value_class
            if (
                inner is not None
                and inner.condition == "opaque"
                and isinstance(item, str)
                and isinstance(key, str)
                and self._keys.is_explicit_secret(key, item)
            ):
                inner = inner._replace(condition="loose")
            cleaned = self.walk(item, inner, key if isinstance(key, str) else "", depth)
            label = self._key(key)
            changed = changed or cleaned is not item or label is not key
            items[label] = cleaned
        if not changed:
            return value
        return items if isinstance(value, dict) and type(value) is dict else _same_mapping(value, items)

    def _name_value_class(self, value: Mapping[Any, Any]) -> KeyClass | None:
        """Return the class that ``{"name": "token", "value": ...}`` gives to its value."""
        if "input" in value and isinstance(value.get("loc"), list | tuple) and value["loc"]:
            return self._keys.classify(str(value["loc"][-1]))  # a validation error of pydantic or FastAPI
        if VALUES.isdisjoint(value):
            return None
        for label in LABELS:
            key = value.get(label)
            if isinstance(key, str):
                key_class = self._keys.classify(key.replace(" ", "_"))
                return None if key_class is None or key_class.bare else key_class
        return None

    def _class_of_key(self, key: Any, parent: str, above: KeyClass | None, person_context: str) -> KeyClass | None:
        if isinstance(key, bytes):
            key = key.decode("latin-1")
        if not isinstance(key, str):
            return above if above is not None and _hides_contents(above) else None
        key_class = self._keys.classify(key)
        if parent and (key_class is None or key_class.bare or key_class.kind in {"", "address"}):
            joined = self._keys.classify(f"{parent} {key}")
            if joined is not None and len(words(key)) <= 2:
                key_class = joined if not joined.bare or key_class is None else key_class
        if key_class is None:
            if above is None or not _hides_contents(above):
                return None
            holds = above.kind == "generic_key" and key not in CONTEXT_KEYS and parent.lower() in _CREDENTIAL_PARENTS
            return above._replace(condition="token") if holds else above  # credentials also contain dates and regions
        if key_class.bare:
            return KeyClass("name", person_context) if person_context else None
        if key_class.condition == "alone" and not _QUERY.intersection(words(parent)):
            return None
        return key_class

    def _person_context(self, value: Mapping[Any, Any]) -> str:
        """Return the condition under which a bare ``name`` is a person, or an empty string if no name is."""
        account = ""
        for key, item in value.items():
            key_class = self._keys.classify(key) if isinstance(key, str) and isinstance(item, str) else None
            if key_class is not None and not key_class.bare and key_class.condition != "code":
                if key_class.kind in PERSONAL and (
                    "@" in item or value_shapes.matches_condition(key_class.condition, item)
                ):
                    return "person"
                if key_class.kind in ACCOUNT:
                    account = "fullname"
        return account

    def _key(self, key: Any) -> Any:
        if isinstance(key, str) and len(key) > 6 and not key.isidentifier():
            return self._engine.text(key)
        return self.walk(key) if isinstance(key, tuple) else key

    def _sequence(self, value: list[Any] | tuple[Any, ...], key_class: KeyClass | None, parent: str, depth: int) -> Any:
        if len(value) == 2 and isinstance(value[0], str | bytes) and key_class is None:
            first = value[0] if isinstance(value[0], str) else value[0].decode("latin-1")
            announced = self._keys.classify(first) if len(first) <= 64 else None
            second = self.walk(value[1], None if announced is None or announced.bare else announced, "", depth)
            items = [self.walk(value[0], None, "", depth), second]
        else:
            items = [self.walk(item, key_class, parent, depth) for item in value]
        if all(new is old for new, old in zip(items, value, strict=True)):
            return value
        return tuple(items) if isinstance(value, tuple) else items

    def _named_tuple(self, value: Any, parent: str, depth: int) -> Any:
        fields = dict(zip(value._fields, value, strict=False))
        cleaned = self._mapping(fields, None, parent, depth)
        return value if cleaned is fields else type(value)._make(cleaned[name] for name in value._fields)

    def _set(self, value: AbstractSet[Any], key_class: KeyClass | None, parent: str, depth: int) -> Any:
        items = [(self.walk(item, key_class, parent, depth), item) for item in value]
        if all(new is old for new, old in items):
            return value
        return (frozenset if isinstance(value, frozenset) else set)(new for new, _ in items)

    def _fields(self, value: Any, fields: dict[str, Any], parent: str, depth: int) -> Any:
        cleaned = self._mapping(fields, None, parent, depth)
        if cleaned is fields:
            return value
        twin = copy.copy(value)
        for name, item in cleaned.items():
            object.__setattr__(twin, name, item)
        return twin

    def _redact_exc_info(self, error: BaseException, depth: int) -> Any:
        """Return a copy with redacted arguments, attributes, notes and chain, or the same exception."""
        announced = self._engine.text(str(error))
        args = self.walk(error.args, None, "", depth)
        state = vars(error)
        clean = self._mapping(state, None, "", depth)
        cause = None if error.__cause__ is None else self.walk(error.__cause__, None, "", depth)
        context = None if error.__context__ is None else self.walk(error.__context__, None, "", depth)
        chained = cause is not error.__cause__ or context is not error.__context__
        if not chained and args is error.args and clean is state and announced == str(error):
            return error
        twin = self._copy_exception(error, args, clean, announced)
        twin.__cause__ = cause if isinstance(cause, BaseException) else None
        twin.__context__ = context if isinstance(context, BaseException) else None
        twin.__suppress_context__ = error.__suppress_context__
        twin.__traceback__ = error.__traceback__
        return twin

    def _copy_exception(self, error: BaseException, args: Any, state: dict[str, Any], announced: str) -> BaseException:
        """Copy the exception without its ``__init__``, or return a plain exception if the copy is not clean."""
        plain = Exception(f"{type(error).__name__}: {announced}")
        try:
            twin = type(error).__new__(type(error), *args)
            twin.__dict__.update(state)
            clean = self._engine.text(str(twin)) == str(twin)
        except Exception:  # the app's class may raise anything
            return plain
        return twin if clean else plain


def _attributes(value: Any) -> Iterable[str] | None:
    """Return the field names of a dataclass, attrs class, pydantic model or namespace; else None."""
    kind = type(value)
    if isinstance(value, type):
        return None
    if hasattr(kind, "__dataclass_fields__"):
        return [
            field.name for field in import_module("dataclasses").fields(value)
        ]  # the module is loaded if a dataclass exists
    if hasattr(kind, "__attrs_attrs__"):
        return [field.name for field in kind.__attrs_attrs__]
    if (hasattr(kind, "model_fields") or kind is SimpleNamespace) and isinstance(
        getattr(value, "__dict__", None), dict
    ):
        return list(value.__dict__)
    return None


def _same_container(value: Any, items: Iterable[Any]) -> Any:
    twin = copy.copy(value)
    twin.clear()
    twin.extend(items)
    return twin


def _hides_contents(key_class: KeyClass) -> bool:
    """Whether a key of this class hides everything below it, whatever its keys."""
    return key_class.condition in {
        "any",
        "loose",
        "pathless",
        "opaque",
        "mixed",
        "digits",
        "field",
    } and key_class.kind not in {
        "address",
        "session",
        "pw_hash",
    }


def _same_mapping(value: Mapping[Any, Any], items: dict[Any, Any]) -> Any:
    """Return the items in a mapping of the same type if possible, else in a dict."""
    if isinstance(value, ChainMap):  # writes go to its first mapping only
        return items
    try:
        twin = copy.copy(value)
        for key in list(twin):
            if key not in items:
                del twin[key]  # type: ignore[attr-defined]  # a mapping that cannot becomes a dict below
        for key, item in items.items():
            twin[key] = item  # type: ignore[index]  # as above
    except Exception:  # read-only mappings and mappings with rules of their own
        return items
    return items if twin is value else twin

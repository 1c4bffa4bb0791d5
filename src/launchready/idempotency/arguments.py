"""The fingerprint of a function call: equal calls have one fingerprint, in every process and however they are written.

Arguments are bound to the function's signature with its defaults, so ``f(1)`` and ``f(1, amount=1)`` are one call.
``self``, ``cls`` and a Celery task (``bind=True``) do not count: they are the receiver, not a part of the job. Neither
does an argument that *is* its default: it says nothing, and a default such as a client object has no stable form.
"""

import dataclasses
import datetime as dt
import inspect
import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import Enum
from hashlib import sha256
from pathlib import PurePath
from typing import Any
from uuid import UUID

from launchready.errors import ConfigError


def refuse_generator(function: Callable[..., Any]) -> None:
    """Raises ConfigError for a generator function: it returns before any of its work is done."""
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise ConfigError(
            [f"@idempotent on {function.__qualname__}: a generator's work is done while it is read; return a list"]
        )


def fingerprint_of_call(function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bytes:
    """A digest of the bound arguments. Raises TypeError for an argument without a stable form."""
    signature = inspect.signature(function)
    bound = signature.bind(*args, **kwargs)
    first = next(iter(signature.parameters), None)
    values = {
        name: stable_form(value, name)
        for name, value in bound.arguments.items()
        if not (name == first and _is_receiver(name, value)) and not _is_default(signature.parameters[name], value)
    }
    return sha256(json.dumps(values, sort_keys=True).encode()).digest()


def key_of_call(key: object) -> str:
    """The key that an app's function found for a call. Raises TypeError if other processes would not find the same."""
    value = key.value if isinstance(key, Enum) else key
    if isinstance(value, bytes):
        text = value.decode("latin-1")
    elif isinstance(value, str | int | Decimal | UUID | dt.date) and not isinstance(value, bool):
        text = str(value)
    elif isinstance(value, list | tuple) and value:
        text = json.dumps(stable_form(value, "key"))
    else:
        text = ""
    if not text:
        raise TypeError(
            f"@idempotent: key= returned {type(key).__qualname__} {str(key)[:40]!r}, which cannot tell one call from "
            f"another; return text or a number, such as f'order:{{order_id}}'"
        )
    return text


def _is_receiver(name: str, value: object) -> bool:
    celery_task = any(kind.__module__ == "celery.app.task" for kind in type(value).__mro__)
    return name in {"self", "cls"} or celery_task


def _is_default(parameter: inspect.Parameter, value: object) -> bool:
    """Whether an argument is, or equals in form, the default of its parameter."""
    default = parameter.default
    if value is default or default is parameter.empty:
        return value is default
    try:
        return bool(stable_form(value, "") == stable_form(default, "") and type(value) is type(default))
    except TypeError:
        return False


def stable_form(value: object, name: str) -> Any:
    """The value as JSON that is the same in every process. A type is named, so that ``"1"`` and ``1`` differ."""
    if value is None or (isinstance(value, bool | int | float | str) and not isinstance(value, Enum)):
        return value
    if isinstance(value, list | tuple):
        return [stable_form(each, name) for each in value]
    if isinstance(value, Mapping):
        pairs = [[stable_form(key, name), stable_form(each, name)] for key, each in value.items()]
        return {"mapping": sorted(pairs, key=json.dumps)}
    if isinstance(value, set | frozenset):
        return {"set": sorted((stable_form(each, name) for each in value), key=json.dumps)}
    return {type(value).__qualname__: _text(value, name)}


def _text(value: object, name: str) -> Any:
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, dt.timedelta | Decimal | UUID | PurePath | complex):
        return str(value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: stable_form(getattr(value, field.name), name) for field in dataclasses.fields(value)}
    dump = getattr(value, "model_dump", None)  # pydantic
    if callable(dump):
        return stable_form(dump(mode="json"), name)
    meta, key = getattr(value, "_meta", None), getattr(value, "pk", None)  # a saved Django model
    if meta is not None and key is not None:
        return [str(meta), stable_form(key, name)]
    raise TypeError(
        f"@idempotent: the argument {name!r} is a {type(value).__qualname__}, which has no form that two processes "
        f"agree on; pass its id, or plain data"
    )

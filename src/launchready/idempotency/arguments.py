"""The fingerprint of a function call: equal calls have one fingerprint, in every process and however they are written.

Arguments are bound to the function's signature with its defaults, so ``f(1)`` and ``f(1, amount=1)`` are one call.
``self`` and ``cls`` do not count: they are a Celery task or an instance, not a part of the job.
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


def fingerprint_of_call(function: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> bytes:
    """A digest of the bound arguments. Raises TypeError for an argument without a stable form."""
    signature = inspect.signature(function)
    bound = signature.bind(*args, **kwargs)
    bound.apply_defaults()
    first = next(iter(signature.parameters), None)
    values = {
        name: _stable(value, name)
        for name, value in bound.arguments.items()
        if not (name == first and name in {"self", "cls"})
    }
    return sha256(json.dumps(values, sort_keys=True).encode()).digest()


def _stable(value: object, name: str) -> Any:
    """The value as JSON that is the same in every process. A type is named, so that ``"1"`` and ``1`` differ."""
    if value is None or (isinstance(value, bool | int | float | str) and not isinstance(value, Enum)):
        return value
    if isinstance(value, list | tuple):
        return [_stable(each, name) for each in value]
    if isinstance(value, Mapping):
        pairs = [[_stable(key, name), _stable(each, name)] for key, each in value.items()]
        return {"mapping": sorted(pairs, key=json.dumps)}
    if isinstance(value, set | frozenset):
        return {"set": sorted((_stable(each, name) for each in value), key=json.dumps)}
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
        return {field.name: _stable(getattr(value, field.name), name) for field in dataclasses.fields(value)}
    dump = getattr(value, "model_dump", None)  # pydantic
    if callable(dump):
        return _stable(dump(mode="json"), name)
    meta, key = getattr(value, "_meta", None), getattr(value, "pk", None)  # a saved Django model
    if meta is not None and key is not None:
        return [str(meta), _stable(key, name)]
    raise TypeError(
        f"@idempotent: the argument {name!r} is a {type(value).__qualname__}, which has no form that two processes "
        f"agree on; pass its id, or plain data"
    )

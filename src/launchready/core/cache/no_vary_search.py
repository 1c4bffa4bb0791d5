"""No-Vary-Search (draft-ietf-httpbis-no-vary-search): query parameters that make no difference.

A response states the rule; from then on queries of that path that differ in nothing else share one entry.
``params=("utm_source")`` ignores names, ``params`` with ``except=("page")`` ignores all others, ``key-order`` ignores
their order. Each process learns a rule from the first response that it forwards.
"""

from typing import NamedTuple
from urllib.parse import parse_qsl

from launchready.core.cache.cache_key import url_key, url_key_of
from launchready.core.cache.stored_response import Lines
from launchready.http.message import Request
from launchready.http.structured import Item, parse_dictionary

FIELD = b"no-vary-search"

_MAX_RULES = 1024


class NoVarySearch(NamedTuple):
    """``ignored``: names; with ``others``, all names but these. ``any_order``: the order of names is ignored."""

    ignored: frozenset[str]
    others: bool
    any_order: bool


Rules = dict[tuple[str, bytes | None, bytes], NoVarySearch]


def key(rules: Rules, request: Request) -> str:
    """The key of a URL under the rule of its path."""
    rule = rules.get(_path(request))
    if rule is None:
        return url_key(request)
    pairs = parse_qsl(request.query.decode("latin-1"), keep_blank_values=True, encoding="latin-1")
    kept = [(name, value) for name, value in pairs if (name in rule.ignored) is rule.others]
    if rule.any_order:
        kept.sort(key=lambda pair: pair[0])
    scheme, host, path = _path(request)
    return url_key_of(scheme, host, path, b"*") + repr(kept)  # no real query has this form


def learn(rules: Rules, request: Request, headers: Lines) -> None:
    """Remember the rule of a response for its path; bounded."""
    rule = parse(b", ".join(value for name, value in headers if name == FIELD))
    if rule is None:
        rules.pop(_path(request), None)
        return
    if len(rules) >= _MAX_RULES:
        rules.clear()
    rules[_path(request)] = rule


def parse(value: bytes) -> NoVarySearch | None:
    """The rule of a field value; None if every difference counts or the value is invalid."""
    said = parse_dictionary(value)
    if not said:
        return None
    params, order, excepted = said.get("params"), said.get("key-order"), said.get("except")
    if order is not None and not isinstance(order.value, bool):
        return None
    any_order = order is not None and order.value is True
    if params is None or params.value is False:
        return NoVarySearch(frozenset(), others=False, any_order=any_order) if any_order and excepted is None else None
    if params.value is True:
        names = frozenset[str]() if excepted is None else _names(excepted)
        return None if names is None else NoVarySearch(names, others=True, any_order=any_order)
    names = _names(params)
    return None if names is None or excepted is not None else NoVarySearch(names, others=False, any_order=any_order)


def _names(item: Item) -> frozenset[str] | None:
    """An inner list of strings."""
    if not isinstance(item.value, list) or any(type(each.value) is not str for each in item.value):
        return None
    return frozenset(str(each.value) for each in item.value)


def _path(request: Request) -> tuple[str, bytes | None, bytes]:
    return request.scheme, request.get(b"host"), request.raw_path

"""The routes of a Django project, for the comparison with patterns at start."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.urls import get_resolver
from django.urls.resolvers import RegexPattern

from launchready.http.app_routes import AppRoute, as_pattern

_GROUP = re.compile(r"\((?:\?P<(\w+)>|\?:)?((?:[^()]|\([^()]*\))*)\)\??")
_META = re.compile(r"[\[\]\\+*?|().]")


def routes_of() -> list[AppRoute]:
    """Return the routes of ROOT_URLCONF, without methods, which Django does not know.

    Without an importable ROOT_URLCONF the list is empty: Django reports that at the request itself.
    """
    try:
        return list(_walk(get_resolver().url_patterns, "/"))
    except (ImportError, AttributeError, ImproperlyConfigured):
        return []


def _walk(patterns: Iterable[Any], prefix: str) -> Iterator[AppRoute]:
    for each in patterns:
        path = prefix + _text(each.pattern)
        if hasattr(each, "url_patterns"):
            yield from _walk(each.url_patterns, path)
        else:
            yield AppRoute(frozenset(), as_pattern(path), each.callback)


def _text(pattern: Any) -> str:
    if not isinstance(pattern, RegexPattern):
        return str(pattern)
    return _plain(str(pattern))


def _plain(regex: str) -> str:
    """Return a regular expression as a path. A part that is not plain text becomes a path parameter."""
    text = regex.removeprefix("^").removesuffix("$").removesuffix(r"\Z").removesuffix("/?")

    def parameter(group: re.Match[str]) -> str:
        spans = "." in group[2] and r"\." not in group[2]
        return f"<{'path' if spans else 'str'}:{group[1] or 'value'}>"

    segments = _GROUP.sub(parameter, text).replace(r"\.", "%2E").replace(r"\-", "-").split("/")
    plain = [each if each.startswith("<") or not _META.search(each) else _unknown(each) for each in segments]
    return "/".join(plain).replace("%2E", ".")


def _unknown(segment: str) -> str:
    return "<path:rest>" if "." in segment else "<value>"

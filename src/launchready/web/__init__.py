"""Parsers of headers, pages and certificate facts: pure, one module for each standard.

``import launchready`` is enough: ``launchready.web.hsts`` loads on first use.
"""

from importlib import import_module


def __getattr__(name: str) -> object:
    try:
        return import_module(f"{__name__}.{name}")
    except ModuleNotFoundError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None

"""Stores: one module each, selected by the URL scheme. Every store returns the same results, sync and async.

A module with ``SCHEMES = ("x", ...)`` and a function ``connect(url) -> Store`` is a store. Adding one needs no other
edit, and tests/stores/ runs the whole contract on it. :mod:`.base` states the contract.
"""

import pkgutil
from importlib import import_module
from urllib.parse import urlsplit

from launchready.errors import ConfigError
from launchready.stores.base import Store, safe_url


def connect(url: str) -> Store:
    """Return the store for a URL. Raises ConfigError for an unknown scheme, MissingExtra for a missing driver."""
    name = store_name(url)
    if name is None:
        known = ", ".join(f"{scheme}://" for scheme in schemes())
        raise ConfigError([f"store={safe_url(url)!r}: unknown store scheme; write one of {known}"])
    store: Store = import_module(f"{__name__}.{name}").connect(url)
    return store


def store_name(url: str) -> str | None:
    """Return the store module of a URL, such as "postgresql" for ``postgres://``, or None for an unknown scheme."""
    scheme = urlsplit(url).scheme
    return next((name for name in names() if scheme in _schemes(name)), None)


def schemes() -> list[str]:
    """Return every supported URL scheme."""
    return sorted(scheme for name in names() for scheme in _schemes(name))


def names() -> list[str]:
    """Return the store modules: all modules except ``base`` and private ones (``_...``)."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted(name for name in found if name != "base" and not name.startswith("_"))


def _schemes(name: str) -> tuple[str, ...]:
    found: tuple[str, ...] = import_module(f"{__name__}.{name}").SCHEMES
    return found

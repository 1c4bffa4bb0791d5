"""Stores: one file each, found by the scheme of its URL. Same answers from every store, sync and async.

A file here with ``SCHEMES = ("x", ...)`` and a function ``connect(url) -> Store`` is a store; nothing else has to be
edited to add one, and tests/stores/ runs its whole contract on it. What a store promises: :mod:`.base`.
"""

import pkgutil
from importlib import import_module
from urllib.parse import urlsplit

from launchready.errors import ConfigError
from launchready.stores.base import Store, safe_url


def connect(url: str) -> Store:
    """The store of this URL. Raises ConfigError for an unknown scheme, MissingExtra for a driver not installed."""
    scheme = urlsplit(url).scheme
    for name in names():
        if scheme in _schemes(name):
            store: Store = import_module(f"{__name__}.{name}").connect(url)
            return store
    known = ", ".join(f"{scheme}://" for scheme in schemes())
    raise ConfigError([f"store={safe_url(url)!r}: no such kind of store; write one of {known}"])


def schemes() -> list[str]:
    """Every URL scheme that some file here answers to."""
    return sorted(scheme for name in names() for scheme in _schemes(name))


def names() -> list[str]:
    """The store files here: every module that is neither ``base`` nor a part of another one (``_...``)."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted(name for name in found if name != "base" and not name.startswith("_"))


def _schemes(name: str) -> tuple[str, ...]:
    found: tuple[str, ...] = import_module(f"{__name__}.{name}").SCHEMES
    return found

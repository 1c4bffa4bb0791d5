"""Records of e-mail authentication, read and judged: pure, one module a standard.

``import launchready`` is enough: ``launchready.mail.dkim`` is loaded when it is first named.
"""

from importlib import import_module


def __getattr__(name: str) -> object:
    try:
        return import_module(f"{__name__}.{name}")
    except ModuleNotFoundError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None

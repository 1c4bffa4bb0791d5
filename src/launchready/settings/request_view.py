"""The request, as the middleware gives it to an app's own functions: no framework has made one of its own yet.

``headers`` and ``cookies`` read as a framework's do (``request.headers.get("x-user")``), whichever it is; what the
functions of the rate limit and the cache use works too (``request.get(b"x-user")``, ``request.path``).
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from launchready.http.message import Request


class Fields(Mapping[str, str]):
    """Header lines by name, in any case; of several lines the last, as ``Request.get`` has it."""

    def __init__(self, request: Request) -> None:
        self._request = request

    def __getitem__(self, name: str) -> str:
        value = self._request.get(name.lower().encode())
        if value is None:
            raise KeyError(name)
        return value.decode("latin-1")

    def __iter__(self) -> Iterator[str]:
        return (name.decode("latin-1") for name in self._request.fields)

    def __len__(self) -> int:
        return len(self._request.fields)


class RequestView:
    """One request."""

    def __init__(self, request: Request) -> None:
        self._request = request

    def __getattr__(self, name: str) -> Any:
        return getattr(self._request, name)

    @property
    def headers(self) -> Fields:
        return Fields(self._request)

    @property
    def cookies(self) -> dict[str, str]:
        pairs = [pair.partition("=") for line in self.lines(b"cookie") for pair in line.decode("latin-1").split(";")]
        return {name.strip(): value.strip() for name, _, value in pairs if name.strip()}


def text_of(value: object) -> str | None:
    """What an app's function found, as text; a header line (bytes) is the text that it holds."""
    if value is None:
        return None
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def found(function: Callable[[RequestView], object], request: Request) -> str | None:
    return text_of(function(RequestView(request)))

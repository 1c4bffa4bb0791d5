"""Types of the WSGI interface between server and app (PEP 3333)."""

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any

Environ = dict[str, Any]
ExcInfo = tuple[type[BaseException], BaseException, TracebackType]
StartResponse = Callable[..., Callable[[bytes], object]]
App = Callable[[Environ, StartResponse], Iterable[bytes]]

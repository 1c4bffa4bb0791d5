"""What every store promises, beyond the verbs in :mod:`launchready.exchange.store`.

- ``execute(op)`` sets ``op.answer`` or raises StoreError; ``aexecute`` does the same without blocking the event loop.
- A store that cannot be reached, hangs, restarts or is read-only raises StoreUnavailable within 3 seconds, and works
  again by itself when the server does: no restart of the app.
- ``inline``: the verbs that are answered without waiting for anything outside the process, by operation type. Drivers
  call these in the event loop, with no task and no thread. One that would have to wait after all raises Elsewhere,
  and is then asked through ``aexecute``.
- No thread, no connection and no file before the first operation; usable after a fork from then on.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from launchready.exchange.ops import Op

Inline = Mapping[type[Op[Any]], Callable[[Any], None]]


class Store(Protocol):
    """What ``connect`` returns."""

    inline: Inline
    shared: bool
    """Other processes see the same data."""

    def execute(self, op: Op[Any]) -> None: ...

    async def aexecute(self, op: Op[Any]) -> None: ...

    def close(self) -> None: ...

    async def aclose(self) -> None: ...

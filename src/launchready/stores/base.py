"""What every store promises, beyond the verbs in :mod:`launchready.exchange.store`.

- ``execute(op)`` sets ``op.answer`` or raises StoreError; ``aexecute`` does the same without blocking the event loop.
- A store that cannot be reached, hangs, restarts or is read-only raises StoreUnavailable within 3 seconds, and works
  again by itself when the server does: no restart of the app.
- ``inline``: the verbs that are answered without waiting for anything outside the process (see Inline).
- No thread, no connection and no file before the first operation; usable after a fork from then on.
"""

from typing import Any, Protocol

from launchready.exchange.ops import Inline, Op


class Store(Protocol):
    """What ``connect`` returns."""

    inline: Inline
    shared: bool
    """Other processes see the same data."""

    def execute(self, op: Op[Any]) -> None: ...

    async def aexecute(self, op: Op[Any]) -> None: ...

    def close(self) -> None: ...

    async def aclose(self) -> None: ...

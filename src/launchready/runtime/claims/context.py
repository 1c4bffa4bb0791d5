"""The idempotency context: what a handler can do with the key that is held for it."""

import inspect
import json
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from hashlib import sha256
from typing import Any, Protocol

from launchready.errors import CheckUnavailable, ClaimLost, OutcomeUnknown, StoreUnavailable
from launchready.exchange.claim import STEPS, Claim, Step
from launchready.exchange.operations import Op
from launchready.exchange.store import Get, Put

METADATA_KEY, METADATA_STEP = "launchready_key", "launchready.metadata"
"""The field of ``metadata()``, and the step of the downstream key in it."""


class OperationExecutor(Protocol):
    """The adapter that executes the operations of a handler."""

    def execute(self, op: Op[Any]) -> None: ...

    async def aexecute(self, op: Op[Any]) -> None: ...


class IdempotencyContext:
    """The key that is held for the running handler.

    - ``first``: False if the work was done before; ``result`` is then its result (in a transaction).
    - ``key``: the key as the client sent it, or None without a key. Without a key nothing is stored and nothing is
      protected.
    - ``tx``: the database connection whose transaction holds the key (``mode="transaction"``).
    """

    first = True
    result: Any = None
    tx: Any = None

    def __init__(self, claim: Claim | None, adapter: OperationExecutor | None) -> None:
        self._claim = claim
        self._adapter = adapter

    @property
    def key(self) -> str | None:
        return None if self._claim is None else self._claim.text

    @property
    def fence(self) -> int:
        """A number that grows with every attempt. A resource that stores the highest one can refuse a late attempt."""
        return 0 if self._claim is None else max(claim.version for claim in self._claim.all)

    def downstream_key(self, step: str = "") -> str:
        """Return 40 hexadecimal digits for a provider's idempotency key: the same on every attempt, in every process.

        Each ``step`` has its own key: ``downstream_key("stripe.charge")``, ``downstream_key("stripe.refund")``.
        """
        root = os.urandom(20).hex() if self._claim is None else self._claim.root
        return sha256(f"{root}:{step}".encode()).hexdigest()[:40]

    def metadata(self) -> dict[str, str]:
        """Metadata for a provider's object, so that ``launchready reconcile`` finds the key that made it.

        The same on every attempt. Empty without a key.
        """
        return {} if self._claim is None else {METADATA_KEY: self.downstream_key(METADATA_STEP)}

    def check(self) -> None:
        """Verify in the store that the key is still held. Call it before an effect that cannot be undone.

        Raises ClaimLost if the key was taken over or resolved meanwhile, CheckUnavailable if the store is
        down: nothing has happened yet, so the request is answered with 503 and the key is freed.
        """
        for claim in self._claim.all if self._claim is not None else ():
            try:
                held = claim.keeper is not None and claim.keeper.still_held(claim)
            except StoreUnavailable as error:
                raise CheckUnavailable(str(error)) from error
            if not held:
                raise ClaimLost("this attempt is too late: its key was taken over, so it must stop")

    async def acheck(self) -> None:
        """The same as ``check``, without blocking the event loop."""
        import asyncio  # noqa: PLC0415 - only for async handlers

        await asyncio.to_thread(self.check)

    def step(self, name: str, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        """Run ``function`` once for this key. A retry gets the stored result and continues from there.

        - The result is stored as JSON. An exception is not stored: the step is then unfinished.
        - If ``function`` returns an awaitable, so does ``step``: ``await once.step("charge", charge, booking)``.
        - A process that dies inside a step leaves it unfinished: pass ``downstream_key(name)`` to the provider.
        """
        claim, adapter = self._claim, self._adapter
        if claim is None or adapter is None:
            return function(*args, **kwargs)
        if inspect.iscoroutinefunction(function):
            return self._astep(adapter, claim, name, function(*args, **kwargs))
        for look in _step_lookups(claim, name):
            adapter.execute(look)
            if look.answer is not None:
                return _step_result(name, look.answer.value)
        result = function(*args, **kwargs)
        if isinstance(result, Generator | AsyncGenerator | map | filter | zip):
            raise TypeError(f"step {name!r} returned a {type(result).__name__}, whose work is not done; return a list")
        if inspect.isawaitable(result):
            return self._finish(adapter, claim, name, result)
        for put in _step_writes(claim, name, result, awaited=False):
            adapter.execute(put)
        return result

    async def _astep(self, adapter: OperationExecutor, claim: Claim, name: str, work: Any) -> Any:
        try:
            for look in _step_lookups(claim, name):
                await adapter.aexecute(look)
                if look.answer is not None:
                    break
        except BaseException:
            work.close()
            raise
        if look.answer is None:
            return await self._finish(adapter, claim, name, work)
        work.close()
        found = _step_result(name, look.answer.value)
        return await found if inspect.isawaitable(found) else found

    async def _finish(self, adapter: OperationExecutor, claim: Claim, name: str, work: Awaitable[Any]) -> Any:
        result = await work
        for put in _step_writes(claim, name, result, awaited=True):
            await adapter.aexecute(put)
        return result


def _step_lookups(claim: Claim, name: str) -> list[Get[Step]]:
    return [Get(STEPS, f"{each.key}:{name}") for each in claim.all]


def _step_writes(claim: Claim, name: str, result: Any, *, awaited: bool) -> list[Put[Step]]:
    try:
        document = json.dumps(result).encode()
    except (TypeError, ValueError):  # the step is done all the same, and never runs again
        document = None
    step = Step(document, awaited=awaited)
    return [Put(STEPS, f"{each.key}:{name}", step, each.ttl) for each in claim.all]


def _step_result(name: str, step: Step) -> Any:
    if step.result is None:
        raise OutcomeUnknown(f"the step {name!r} is done, but its result could not be stored as JSON")
    result = json.loads(step.result)
    return _as_awaitable(result) if step.awaited else result


async def _as_awaitable(result: Any) -> Any:
    return result


def call_with_known_args(function: Callable[..., Any], **known: Any) -> Any:
    """Call a function of the app with the arguments it names. A parameter of any other name gets the first one."""
    given: list[Any] = []
    named: dict[str, Any] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is parameter.VAR_POSITIONAL:
            continue
        if parameter.kind is parameter.VAR_KEYWORD:
            named |= {key: value for key, value in known.items() if key not in named}
        elif name not in known and parameter.default is not parameter.empty:
            continue
        elif parameter.kind is parameter.KEYWORD_ONLY:
            named[name] = known.get(name, next(iter(known.values())))
        else:
            given.append(known.get(name, next(iter(known.values()))))
    return function(*given, **named)

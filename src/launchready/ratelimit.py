"""What an app says and asks about limits in its own words.

::

    launchready.ratelimit.failed()                # in a log-in that answers 200 to a wrong password
    launchready.ratelimit.bans()                  # {"198.51.100.7": Ban(strikes=2, seconds=731.4)}
    launchready.ratelimit.unban("198.51.100.7")   # True: there was a ban
"""

from launchready.core.ratelimit import Ban
from launchready.core.ratelimit.bans import banned
from launchready.drivers.current import CURRENT
from launchready.drivers.drive import adrive, drive
from launchready.errors import ConfigError
from launchready.settings.stack import STACKS

__all__ = ["Ban", "abans", "aunban", "bans", "failed", "unban"]


def failed(*, really: bool = True) -> None:
    """The log-in that is being answered was refused (``really=False``: it was not), whatever its status says.

    Counts where a Limit has ``count="failures"``; elsewhere nothing happens. Raises ConfigError outside of a request
    that goes through the launchready middleware.
    """
    exchange = CURRENT.get()
    if exchange is None:
        raise ConfigError(
            ["launchready.ratelimit.failed(): no request is being answered by an app behind LaunchReadyMiddleware"]
        )
    exchange.request.failed = really


def bans() -> dict[str, Ban]:
    """Who is banned now, by the client's address, in the apps of this process: strikes, and seconds left.

    Raises StoreUnavailable where a store does not answer.
    """
    found: dict[str, Ban] = {}
    for stack in [each for each in STACKS if each.bans]:
        known = drive(banned(), stack.answers.execute)
        assert isinstance(known, dict)  # it waits for no app
        found.update(known)
    return found


def unban(client: str) -> bool:
    """Lift a ban and forget its strikes; ``client`` as in ``bans()``. False: there was none.

    Raises StoreUnavailable where a store does not answer.
    """
    flows = [(stack, rule.lift(client)) for stack in list(STACKS) for rule in stack.bans]
    lifted = [drive(flow, stack.answers.execute) for stack, flow in flows]
    return True in lifted


async def abans() -> dict[str, Ban]:
    """``bans()`` in a coroutine."""
    found: dict[str, Ban] = {}
    for stack in [each for each in STACKS if each.bans]:
        known = await adrive(banned(), stack.answers.aexecute)
        assert isinstance(known, dict)  # it waits for no app
        found.update(known)
    return found


async def aunban(client: str) -> bool:
    """``unban()`` in a coroutine."""
    flows = [(stack, rule.lift(client)) for stack in list(STACKS) for rule in stack.bans]
    lifted = [await adrive(flow, stack.answers.aexecute) for stack, flow in flows]
    return True in lifted

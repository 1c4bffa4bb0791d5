"""``check_host`` on a resolver: the only file of these parsers that asks anybody."""

import asyncio
from typing import Any

from launchready.clock import SYSTEM
from launchready.mail.spf.evaluate import Lookup, LookupAnswer, SPFResult, evaluate
from launchready.mail.spf.macros import Address
from launchready.net.blocking import run_blocking
from launchready.net.dns import resolver_of

# Section 4.6.4: at least 20 seconds for the whole evaluation.
SECONDS = 20.0


def check_host(
    ip: str | Address,
    domain: str,
    sender: str,
    *,
    helo: str = "",
    resolver: Any = None,
    receiver: str = "unknown",
    timeout: float = SECONDS,
) -> SPFResult:
    """May ``ip`` send mail for ``sender``, by what ``domain`` says (RFC 7208 section 4).

    - ``ip``: the address that the mail comes from. A ValueError when it is none.
    - ``domain``: of the envelope sender; empty means that of ``sender``, or else ``helo``.
    - ``sender``: the envelope sender; without a local part it is postmaster's. ``helo``: the name it greeted with.
    - ``resolver``: (host, port), or an object with ``async query(name, rdtype)``, or a dnspython resolver; None means
      the machine's own.
    - ``receiver``: your own name, for explanations that ask for it. ``timeout``: seconds, after which it is temperror.
    - Never raises for what a network or a zone does.
    """
    return run_blocking(
        lambda: acheck_host(ip, domain, sender, helo=helo, resolver=resolver, receiver=receiver, timeout=timeout)
    )


async def acheck_host(
    ip: str | Address,
    domain: str,
    sender: str,
    *,
    helo: str = "",
    resolver: Any = None,
    receiver: str = "unknown",
    timeout: float = SECONDS,
) -> SPFResult:
    """``check_host`` without blocking."""
    asks = resolver_of(resolver)
    flow = evaluate(ip, domain, sender, helo=helo, receiver=receiver, now=SYSTEM.wall())
    asked: dict[tuple[str, str], LookupAnswer] = {}
    try:
        async with asyncio.timeout(timeout):
            op = next(flow)
            while True:
                assert isinstance(op, Lookup)
                key = (op.name.lower(), op.rdtype)
                if key not in asked:
                    asked[key] = await asks.query(*key)
                op.answer = asked[key]
                op = next(flow)
    except StopIteration as stop:
        found: SPFResult = stop.value
        return found
    except TimeoutError:
        return SPFResult("temperror", reason=f"no answer within {timeout:g} s")
    finally:
        flow.close()

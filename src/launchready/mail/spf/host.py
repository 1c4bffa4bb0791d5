"""``check_host`` with a resolver."""

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
    """Whether ``domain`` allows ``ip`` to send mail for ``sender`` (RFC 7208 section 4).

    - ``ip``: the sending address. ValueError for anything else.
    - ``domain``: of the envelope sender. Empty means that of ``sender``, or else ``helo``.
    - ``sender``: the envelope sender; without a local part it is postmaster's. ``helo``: the name in HELO.
    - ``resolver``: (host, port), an object with ``async query(name, rdtype)``, or a dnspython resolver. None is the
      machine's own.
    - ``receiver``: your own name, for explanations. ``timeout``: seconds; afterwards the result is temperror.
    - Never raises for errors of a network or a zone.
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
    """``check_host`` for async code."""
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

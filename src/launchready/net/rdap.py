"""Registration data over RDAP (RFC 9082, RFC 9083), the successor of WHOIS.

IANA's bootstrap file lists the server of each top-level domain (RFC 9224). Some country domains have none: then the
registration is unknown, which is not a finding.
"""

import inspect
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from launchready.net.answers import HttpAnswer, RdapAnswer

HttpGetter = Callable[[str], Awaitable[HttpAnswer]]
BOOTSTRAP = "https://data.iana.org/rdap/dns.json"


async def look_up(domain: str, provider: Any, get: HttpGetter) -> RdapAnswer:
    """The domain object of ``domain``, from the provider or else from the registry.

    A provider is a mapping (one domain object) or a callable from domain to one, async or not. None or an empty
    mapping means that the registration is not probed.
    """
    question = f"registration of {domain}"
    if provider is None:
        return await ask_registry(question, domain, get)
    found = provider if isinstance(provider, Mapping) else provider(domain)
    if inspect.isawaitable(found):
        found = await found
    if not found:
        return RdapAnswer(question, probed=False, reason="not probed")
    if not isinstance(found, Mapping):
        return RdapAnswer(question, reason="the answer is not a domain object")
    return RdapAnswer(question, found)


async def ask_registry(question: str, domain: str, get: HttpGetter) -> RdapAnswer:
    """Two requests: for the list of servers, and to the server of the domain."""
    index, trouble = await get_json(get, BOOTSTRAP)
    if index is None:
        return RdapAnswer(question, reason=f"the list of registries could not be read: {trouble}")
    base = server_for(domain, index)
    if base is None:
        return RdapAnswer(question, reason="its registry offers no registration data")
    found, trouble = await get_json(get, f"{base.rstrip('/')}/domain/{domain}")
    return RdapAnswer(question, found, reason=trouble)


async def get_json(get: HttpGetter, url: str) -> tuple[Mapping[str, Any] | None, str]:
    """A JSON object, or the reason why there is none."""
    answer = await get(url)
    if answer.trouble is not None or answer.status != 200:
        return None, answer.reason or f"{url} answered {answer.status}"
    try:
        found = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None, f"{url} did not answer JSON"
    return (found, "") if isinstance(found, dict) else (None, f"{url} did not answer an object")


def server_for(domain: str, index: Mapping[str, Any]) -> str | None:
    """The https server of the longest matching entry (RFC 9224 section 4)."""
    services = index.get("services")
    labels = domain.split(".")
    for at in range(1, len(labels)):
        suffix = ".".join(labels[at:])
        for entry in services if isinstance(services, list) else ():
            if isinstance(entry, list) and len(entry) == 2 and suffix in entry[0]:
                return next((url for url in entry[1] if str(url).startswith("https://")), None)
    return None

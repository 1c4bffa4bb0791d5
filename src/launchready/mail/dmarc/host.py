"""``discover`` with a resolver, or with answers that the caller already has."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from launchready.mail.dmarc.walk import Discovery, decide, names
from launchready.net.blocking import run_blocking
from launchready.net.dns import Resolver, resolver_of

Texts = Mapping[str, Iterable[str]] | Callable[[str], Iterable[str]]


def discover(
    domain: str, answers: Texts | None = None, *, resolver: Any = None, exists: bool | None = None
) -> Discovery:
    """The DMARC policy of a domain, by the tree walk of RFC 9989 section 4.10.

    - ``answers``: the TXT records by name, with or without ``_dmarc.``, or a callable from ``_dmarc`` name to texts.
      With answers no query is sent.
    - ``resolver``: (host, port), or another value that ``check_host`` accepts. None is the machine's own.
    - ``exists``: whether the domain itself exists, because ``np`` is for names that do not. None: it is queried.
    - Raises LookupError when an answer that decides is missing: a timeout is not a policy.
    """
    if answers is None:
        return run_blocking(lambda: adiscover(domain, resolver=resolver, exists=exists))
    found = {name: list(texts(answers, name)) for name in names(domain)}
    return decide(domain, found, exists=exists is not False)


async def adiscover(domain: str, *, resolver: Any = None, exists: bool | None = None) -> Discovery:
    """``discover`` for async code. All names are queried at once."""
    asks: Resolver = resolver_of(resolver)
    walked = names(domain)
    replies = await asyncio.gather(*(asks.query(f"_dmarc.{name}", "TXT") for name in walked))
    if exists is None:
        exists = (await asks.query(walked[0], "A")).status != "nxdomain"
    answers: dict[str, Iterable[str]] = {}
    for name, reply in zip(walked, replies, strict=True):
        if not reply.known:
            raise LookupError(f"TXT _dmarc.{name}: {reply.reason or 'no answer'}")
        answers[name] = reply.records
        so_far = decide(domain, {key: list(value) for key, value in answers.items()}, exists=exists)
        if so_far.source == walked[0] or so_far.found.tags.get("psd") in ("y", "n"):
            return so_far
    return decide(domain, {key: list(value) for key, value in answers.items()}, exists=exists)


def texts(answers: Texts, name: str) -> Iterable[str]:
    if callable(answers):
        return answers(f"_dmarc.{name}") or ()
    return answers.get(f"_dmarc.{name}") or answers.get(name) or ()

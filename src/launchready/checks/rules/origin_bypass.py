"""The server behind a content network does not answer everybody: else its protection can be walked around."""

from collections.abc import Iterable

from launchready.checks.finding import Score
from launchready.checks.operations import Get, Together
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.site import Site
from launchready.net.answers import HttpAnswer

# What an answer carries that came through such a network.
EDGE = ("cf-ray", "x-amz-cf-id", "x-served-by", "x-akamai-transformed", "x-sucuri-id")

SILENT = ("private", "timeout", "broken", "unasked")


def origins(site: Site) -> Iterable[str]:
    return (site.origin,) if site.origin else ()


@rule("WEB013", family="web", topic="that the server behind Cloudflare is not open to everybody", subjects=origins)
def origin_bypass(site: Site, subject: str) -> Verdict:
    """Asked at its own address for the name of the site, as an attacker would who found the address in an old record.
    A refusal is right; so is an answer that still came through the network.
    """
    ops = [Get(f"{scheme}://{site.main}/", address=subject) for scheme in ("https", "http")]
    yield Together(ops)
    bare = [op.answer for op in ops if serves(op.answer)]
    if not bare:
        # A firewall that drops says as little as a network that is slow: not a pass, and nothing to repair.
        return (
            NOT_APPLICABLE
            if all(op.answer.trouble in ("private", "timeout", "broken", "unasked") for op in ops)
            else FINE
        )
    return [
        origin_bypass.fail(
            site,
            subject,
            f"The protection of your content network can be walked around: the server at {subject} answers everybody",
            severity="medium",
            when="can-wait",
            reason="30 days: it needs somebody who attacks you",
            score=Score(4, 2, 1),
            minutes=45,
            evidence="\n".join(f"GET {answer.url} at {subject} → {answer.status}" for answer in bare),
            impact="Floods, scanners and forged client addresses reach the server itself.",
            fix="Let the firewall of the server take port 80 and 443 from the network's addresses only "
            "(cloudflare.com/ips), or use Authenticated Origin Pulls or a tunnel.",
        )
    ]


def serves(answer: HttpAnswer) -> bool:
    """Whether the site itself was shown, not a refusal and not an answer of the network."""
    return answer.known and answer.status < 400 and not any(answer.header(name) for name in EDGE)

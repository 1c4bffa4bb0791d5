"""The domain itself and www lead to a server: both are typed by visitors, whichever of them is the main one."""

from collections.abc import Iterable

from launchready.checks.finding import Score
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import addresses, unsigned
from launchready.checks.site import Site
from launchready.checks.takeover_services import open_to_strangers, service
from launchready.net.addresses import is_public


def both(site: Site) -> Iterable[str]:
    return (site.domain, site.www) if site.expects_www else (site.domain,)


@rule("DNS002", family="dns", topic="the address of the site", subjects=both)
def site_address(site: Site, subject: str) -> Verdict:
    """One address that is not public is enough to be a finding: whoever draws it cannot open the site."""
    found = yield from addresses(subject)
    apex = subject == site.domain
    if not apex and found.chain and found.last == site.domain:
        # An alias of the domain itself: what is wrong there is said there.
        return FINE if found.state == "found" else NOT_APPLICABLE
    fix = f"{subject}.  300  IN  A  <the IPv4 address of your server>"
    dangling = found.state != "found" and bool(found.chain)
    impact = "Everybody who types this address sees an error of the browser."
    if found.state == "bogus":
        title, fix = unsigned(subject)
    elif dangling:
        gone = f"it points to {found.last}, which does not exist or has no address (a dangling CNAME)"
        title = f"Nobody can open {subject}: {gone}"
        impact += open_to_strangers(found.chain)
        fix = f"Correct the name that {subject} points to, or replace that record:\n{fix}"
    elif found.state != "found":
        title = f"Nobody can open {subject}: the name has no address"
        if not apex:
            fix = f"{subject}.  300  IN  CNAME  {site.domain}."
    elif hidden := [address for address in found.addresses if not is_public(address)]:
        who = "Nobody" if len(hidden) == len(found.addresses) else "Not everybody"
        title = f"{who} can open {subject}: its address {hidden[0]} is private, not on the public internet"
    else:
        return FINE
    claimable = dangling and service(found.chain) is not None
    severe = apex or dangling or found.state in ("found", "bogus")
    return [
        site_address.fail(
            site,
            subject,
            title,
            severity="critical" if severe else "high",
            when="48h",
            reason="a stranger can take over a name" if claimable else "customers cannot reach the site",
            score=Score(4, 3, 3),
            minutes=10,
            evidence=found.evidence,
            impact=impact,
            fix=fix,
        )
    ]

"""The domain is there. NXDOMAIN (nobody registered it, or it is not delegated) and SERVFAIL (it is there, and its
name servers or its DNSSEC signatures are broken) need different repairs, so they are told apart.
"""

from launchready.checks.finding import Finding, Score
from launchready.checks.operations import Query, Together, known
from launchready.checks.rule import FINE, Verdict, rule
from launchready.checks.shared_queries import unsigned
from launchready.checks.site import Site, registered

EVERYTHING = Score(4, 3, 3)


@rule("DNS001", family="dns", topic="that the domain exists", root=True)
def domain_exists(site: Site, subject: str) -> Verdict:
    """RFC 8020: NXDOMAIN means that nothing is there, below the name neither. RFC 4035 section 5.5: a validating
    resolver answers SERVFAIL for bad signatures, and the plain answer with CD set.
    """
    soa, ns = Query(subject, "SOA"), Query(subject, "NS")
    yield Together([soa, ns])
    if "nxdomain" in (soa.answer.status, ns.answer.status):
        return [nobody(site, subject)]
    if soa.answer.status == ns.answer.status == "servfail":
        # A resolver that answers nothing about the parent either says nothing about this domain.
        unchecked = Query(subject, "SOA", checking_disabled=True)
        parent = Query(registered(subject).partition(".")[2], "SOA")
        yield Together([unchecked, parent])
        if unchecked.answer.known:
            return [bogus(site, subject)]
        known(parent.answer)
        return [broken(site, subject)]
    known(soa.answer if soa.answer.known else ns.answer)
    return FINE


def nobody(site: Site, subject: str) -> Finding:
    owned = registered(subject)
    return domain_exists.fail(
        site,
        subject,
        f"Nobody can reach {subject}: this name does not exist on the internet",
        severity="critical",
        when="48h",
        reason="customers cannot reach the site",
        score=EVERYTHING,
        minutes=30,
        evidence=f"SOA {subject} → does not exist (NXDOMAIN)",
        impact="Visitors see an error of their browser, and every mail to the domain comes back.",
        fix=f"Check the spelling. Then look at your registrar: {owned} must be registered and paid for, and the name "
        "servers entered there must be those of your DNS provider.",
    )


def bogus(site: Site, subject: str) -> Finding:
    title, fix = unsigned(subject)
    return domain_exists.fail(
        site,
        subject,
        title,
        severity="critical",
        when="48h",
        reason="customers cannot reach the site",
        score=EVERYTHING,
        minutes=30,
        evidence=f"SOA {subject} → SERVFAIL; the same question without checking signatures (CD=1) → answered",
        impact="Providers that check signatures, most of the large ones, treat the domain as if it were not there.",
        fix=fix,
    )


def broken(site: Site, subject: str) -> Finding:
    return domain_exists.fail(
        site,
        subject,
        f"Nobody can reach {subject}: the name servers of the domain do not answer for it",
        severity="critical",
        when="48h",
        reason="customers cannot reach the site",
        score=EVERYTHING,
        minutes=30,
        evidence=f"SOA, NS {subject} → SERVFAIL, with and without checking signatures",
        impact="Visitors see an error of their browser, and mail waits or comes back.",
        fix="Compare the name servers entered at your registrar with those that your DNS provider shows, and make sure "
        f"that the provider still has the zone {subject}.",
    )

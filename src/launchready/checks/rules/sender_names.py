"""Your own sending servers have a name that leads back to them (PTR): Gmail asks it of everybody who sends."""

import ipaddress

from launchready.checks.finding import Score
from launchready.checks.operations import Query, Together, known
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import sends_mail, spf_records
from launchready.checks.site import Site
from launchready.mail import spf

MOST_ADDRESSES = 5


@rule("MAIL024", family="mail", topic="that your own sending servers have names (PTR)", after=("MAIL002", "MAIL003"))
def sender_names(site: Site, subject: str) -> Verdict:
    """Gmail's rules for senders: a PTR record, and an address record of that name that leads back. Only single
    addresses in the domain's own SPF record are looked at: ranges belong to services, which see to it themselves.
    """
    found = yield from spf_records(subject)
    if len(found) != 1 or (yield from sends_mail(site)) is False:
        return NOT_APPLICABLE
    own = [
        term.network.partition("/")[0] for term in spf.parse(found[0]).terms if term.network.endswith(("/32", "/128"))
    ]
    if not own:
        return NOT_APPLICABLE
    ops = {address: Query(ipaddress.ip_address(address).reverse_pointer, "PTR") for address in own[:MOST_ADDRESSES]}
    yield Together(ops.values())
    nameless = [address for address, op in ops.items() if op.answer.status in ("empty", "nxdomain")]
    if not nameless:
        for op in ops.values():
            known(op.answer)
        return FINE
    return [
        sender_names.fail(
            site,
            subject,
            f"Gmail may refuse mail from your own server {nameless[0]}: its address has no name (PTR record)",
            severity="low",
            when="can-wait",
            reason="30 days: it matters only if you send from there",
            score=Score(3, 1, 1),
            minutes=20,
            evidence="\n".join(f"PTR {address} → no record" for address in nameless),
            impact="Mail from this server bounces with 550-5.7.25 at Gmail.",
            fix="At the host of the server set the reverse DNS of the address to its name; or take the address out of "
            "the SPF record if you do not send from there any more.",
        )
    ]

"""Names that nobody created lead nowhere: a wildcard record answers for every slip and every old link."""

from launchready.checks.finding import Score
from launchready.checks.operations import Query, Together, known
from launchready.checks.rule import FINE, Verdict, rule
from launchready.checks.shared_queries import nobody
from launchready.checks.site import Site


@rule("DNS010", family="dns", topic="that unknown names lead nowhere (wildcard)")
def wildcard(site: Site, subject: str) -> Verdict:
    """RFC 4592. Right for some products; then ignore this code."""
    name = nobody(site)
    address, mail = Query(name, "A"), Query(name, "MX")
    yield Together([address, mail])
    found = [op for op in (address, mail) if op.answer.records]
    if not found:
        known(address.answer)
        known(mail.answer)
        return FINE
    kinds = " and ".join(op.rdtype for op in found)
    return [
        wildcard.fail(
            site,
            subject,
            f"Every name below {subject} leads somewhere, typing slips as well (wildcard {kinds} record)",
            severity="low",
            when="can-wait",
            reason="90 days: right for some products",
            score=Score(1, 2, 1),
            minutes=10,
            evidence="\n".join(f"{op.rdtype} {name} → {', '.join(op.answer.records)}" for op in found),
            impact="A missing record goes unnoticed, and links to names that never existed seem to work.",
            fix=f"Create the names that you use, and delete the record *.{subject}; or keep it and ignore DNS010.",
        )
    ]

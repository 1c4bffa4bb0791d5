"""Name servers: at least two (RFC 2182 section 5), and each of them a name with an address."""

from launchready.checks.finding import Score
from launchready.checks.operations import Each, Query, known
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import addresses
from launchready.checks.site import Site


@rule("DNS004", family="dns", topic="the name servers")
def name_servers(site: Site, subject: str) -> Verdict:
    """Whether each server answers for the zone with authority is not asked yet."""
    op = Query(subject, "NS")
    yield op
    servers = known(op.answer).records
    if not servers:
        return NOT_APPLICABLE
    each = Each([addresses(server) for server in servers])
    yield each
    dead = [found for found in each.answer if found.state != "found"]
    if dead:
        gone = ", ".join(found.name for found in dead)
        return [
            name_servers.fail(
                site,
                subject,
                f"Some visitors cannot find {subject}: a name server of the domain does not exist: {gone}",
                severity="high",
                when="48h",
                reason="customers cannot reach the site",
                score=Score(4, 3 if len(dead) == len(servers) else 2, 3),
                minutes=20,
                evidence="\n".join(found.evidence for found in dead),
                impact="Every look-up that picks this server is slow, or fails.",
                fix=f"At your registrar, replace {gone} by the name servers that your DNS provider shows.",
            )
        ]
    if len(servers) == 1:
        return [
            name_servers.fail(
                site,
                subject,
                f"When one machine fails, {subject} is gone: the domain has a single name server",
                severity="medium",
                when="can-wait",
                reason="30 days: it breaks only if something else fails",
                score=Score(4, 3, 1),
                minutes=20,
                evidence=f"NS {subject} → {servers[0]}",
                impact="Site and mail depend on one machine of the DNS provider.",
                fix="At your registrar, enter a second name server of your DNS provider beside this one.",
            )
        ]
    return FINE

"""The authority that renews your certificates is allowed to (CAA, RFC 8659)."""

from collections.abc import Iterable

from launchready.checks.finding import Score
from launchready.checks.operations import Query, Together, Undetermined
from launchready.checks.rule import FINE, Verdict, rule
from launchready.checks.site import Site, registered
from launchready.web import caa


def hosts(site: Site) -> Iterable[str]:
    return site.web


@rule(
    "DNS008",
    family="dns",
    topic="that your certificate authority may renew (CAA)",
    subjects=hosts,
    after=("DNS002", "DNS003"),
    merge=True,
)
def certificate_authority(site: Site, subject: str) -> Verdict:
    """Section 3: the closest records decide; an authority that gets no answer must refuse. SERVFAIL is such an answer,
    seen; silence may be ours alone.
    """
    # Registries publish none for a whole top-level domain, so the walk ends at the domain that somebody registered.
    top = registered(subject)
    ops = {name: Query(name, "CAA") for name in caa.ancestors(subject) if name == top or name.endswith(f".{top}")}
    yield Together(ops.values())
    found = caa.judge(subject, site.ca, lambda name: ops[name].answer if name in ops else ())
    blocked = [one for one in map(caa.parse, found.records) if one.blocks]
    if found.unknown:
        answer = ops[found.unknown].answer
        if answer.status != "servfail":
            raise Undetermined(answer.question, answer.reason)
        address = Query(subject, "A")
        yield address
        if address.answer.status == "servfail":
            raise Undetermined(answer.question, answer.reason)  # nothing at all is answered there: one cause
        what, evidence = "the records about it cannot be read", f"{answer.question} → {answer.reason}"
        fix = f"Ask your DNS provider why the CAA records of {found.unknown} are answered with an error."
    elif found.allowed or (not site.ca and not blocked):
        return FINE
    else:
        what = f"{site.ca or 'every authority'} is not allowed to issue"
        evidence = "\n".join([f"CAA {found.source} → {record}" for record in found.records] + [f"CAA: {found.reason}"])
        fix = f'{found.source}.  300  IN  CAA  0 issue "{site.ca or "letsencrypt.org"}"'
        if blocked:
            what = f"an unknown rule forbids every authority ({blocked[0].tag})"
            fix = f"Delete the CAA record with the tag {blocked[0].tag}, or clear its critical flag (128)."
    return [
        certificate_authority.fail(
            site,
            subject,
            f"At the next renewal the certificate is refused, and browsers then refuse the site: {what} (CAA)",
            severity="high",
            when="48h",
            reason="customers cannot reach the site after the next renewal",
            score=Score(4, 3, 2),
            minutes=10,
            evidence=evidence,
            impact="Nobody notices until the certificate ends; then everybody does, at once.",
            fix=fix,
        )
    ]

"""The policy for forged mail holds for subdomains, too (``sp``, RFC 9989 section 4.7)."""

from launchready.checks.finding import Score
from launchready.checks.rule import FINE, NOT_APPLICABLE, Verdict, rule
from launchready.checks.shared_queries import dmarc_policy
from launchready.checks.site import Site


@rule("MAIL012", family="mail", topic="that forged mail of subdomains is held back", after=("MAIL005", "MAIL006"))
def dmarc_subdomains(site: Site, subject: str) -> Verdict:
    """``sp=none`` beside a stricter p opens every name below the domain; ``np`` only those that do not exist. Without
    sp, p holds for all of them.
    """
    policy = yield from dmarc_policy(subject)
    found = policy.found
    if policy.source != subject or found.p in (None, "none"):
        return NOT_APPLICABLE
    weak = [name for name, value in (("sp", found.sp), ("np", found.np)) if value == "none"]
    if not weak:
        return FINE
    every = "sp" in weak
    what = "subdomains of" if every else "names that do not exist below"
    kept = "; ".join(f"{name}={value}" for name, value in found.tags.items() if name not in weak)
    return [
        dmarc_subdomains.fail(
            site,
            subject,
            f"Others can still write as {what} {subject}: forged mail passes there (DMARC {weak[0]}=none)",
            severity="medium" if every else "low",
            when="can-wait",
            reason="30 days: the domain itself is protected" if every else "90 days: only invented names are open",
            score=Score(1, 2, 1),
            minutes=10,
            evidence=f'TXT _dmarc.{subject} → "{found.records[0]}"',
            impact="Mail from billing." + subject + ", for example, looks like yours.",
            fix=f'_dmarc.{subject}.  300  IN  TXT  "{kept}"',
        )
    ]

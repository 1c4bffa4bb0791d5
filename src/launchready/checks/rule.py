"""Rules: one file each in ``rules/``, found by walking the folder (see ``catalogue``). To add a check, add a file.

::

    @rule("MAIL005", family="mail", topic="the policy for forged mail (DMARC)")
    def dmarc_missing(site: Site, subject: str) -> Verdict:
        '''RFC 9989 ...'''
        ...
        return [RULE.fail(...)]      # or FINE, or NOT_APPLICABLE

- A rule is run once for each of its ``subjects`` (default: the domain), all at the same time.
- It returns findings; ``FINE``; or ``NOT_APPLICABLE`` when the question does not arise, which is not a pass.
- ``after``: codes whose finding on the same subject explains whatever this rule would say; it is then silent. A
  finding of a ``root`` rule silences all others: a domain that does not exist has no missing records.
- ``blocked_by``: codes whose finding on the same subject explains why this rule could not tell; what it could tell
  is still said. (An expired certificate explains why a page could not be read.)
- ``merge``: equal findings on several subjects become one that names them all.
"""

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from launchready.checks.finding import Finding, Score, Severity, When
from launchready.checks.site import Site
from launchready.exchange.operations import Op

# What is looked at on this machine: no missing domain explains anything about it.
LOCAL = frozenset({"secrets", "env", "db"})
FAMILIES = ("dns", "registration", "tls", "web", "mail", "secrets", "env", "db", "deeplinks")

Verdict = Generator[Op[Any], None, Sequence[Finding] | None]
RuleBody = Callable[[Site, str], Verdict]
FINE: Sequence[Finding] = ()
NOT_APPLICABLE = None


def domain_subject(site: Site) -> Iterable[str]:
    """The subject of most rules."""
    return (site.domain,)


@dataclass(frozen=True, slots=True)
class Rule:
    """What is known of a rule before it runs. Calling it starts the flow for one subject."""

    code: str
    family: str
    topic: str
    body: RuleBody
    subjects: Callable[[Site], Iterable[str]] = domain_subject
    after: tuple[str, ...] = ()
    blocked_by: tuple[str, ...] = ()
    root: bool = False
    merge: bool = False

    def __call__(self, site: Site, subject: str) -> Verdict:
        return self.body(site, subject)

    @property
    def local(self) -> bool:
        return self.family in LOCAL

    @property
    def docs(self) -> str:
        return f"docs/findings/{self.code}.md"

    def fail(
        self,
        site: Site,
        subject: str,
        title: str,
        *,
        severity: Severity,
        when: When,
        reason: str,
        score: Score,
        minutes: int,
        evidence: str,
        impact: str,
        fix: str,
    ) -> Finding:
        """A finding of this rule."""
        verify = site.rerun_command(self.code, "" if self.merge else subject)
        return Finding(
            self.code,
            title,
            severity,
            when,
            "fail",
            subject,
            evidence,
            impact,
            fix,
            verify,
            self.docs,
            score,
            minutes,
            reason,
            self.topic,
        )

    def undetermined(self, site: Site, subject: str, question: str, reason: str) -> Finding:
        """What is reported when nothing can be concluded: not a pass, and not a missing record."""
        topic = self.topic[:1].upper() + self.topic[1:]
        again = site.rerun_command(self.code, subject)
        return Finding(
            self.code,
            f"{topic} could not be checked on {subject}: {reason}",
            "medium",
            "can-wait",
            "undetermined",
            subject,
            f"{question}: {reason}",
            "It may be fine, and it may be broken: nobody can tell from here and now.",
            f"Run the check again, from another network if it stays so: {again}",
            again,
            self.docs,
            Score(1, 1, 1),
            5,
            "could not be checked",
            self.topic,
        )


def rule(
    code: str,
    *,
    family: str,
    topic: str,
    subjects: Callable[[Site], Iterable[str]] = domain_subject,
    after: tuple[str, ...] = (),
    blocked_by: tuple[str, ...] = (),
    root: bool = False,
    merge: bool = False,
) -> Callable[[RuleBody], Rule]:
    """Makes a rule of a generator."""

    def made(body: RuleBody) -> Rule:
        return Rule(code, family, topic, body, subjects, after, blocked_by, root, merge)

    return made


@dataclass(frozen=True, slots=True)
class RuleSelection:
    """Which rules run: by family, code, or both. Empty ``only`` means all."""

    only: frozenset[str] = field(default_factory=frozenset)
    skip: frozenset[str] = field(default_factory=frozenset)

    def __contains__(self, one: Rule) -> bool:
        names = {one.family, one.code}
        return (not self.only or bool(names & self.only)) and not names & self.skip

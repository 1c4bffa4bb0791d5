"""Rules: the checks, grouped by topic in ``rules/<topic>.py`` and found by a walk of the folder (``catalogue``).

To add a check, add a function to the module of its topic::

    @rule("MAIL005", family="mail", topic="a policy for forged mail is published (DMARC)")
    def dmarc_missing(site: Site, subject: str) -> Verdict:
        '''RFC 9989 ...'''
        ...
        return [dmarc_missing.fail(...)]      # or FINE, or NOT_APPLICABLE

- The docstring of the function is the text of ``launchready explain CODE``.
- A rule runs once for each of its ``subjects`` (default: the domain), all at the same time.
- It returns findings, ``FINE``, or ``NOT_APPLICABLE`` when the question does not arise, which is not a pass.
- ``topic`` is the statement that holds when the rule passes.
- ``after``: codes whose finding on the same subject explains any finding of this rule, which is then suppressed.
- ``root``: a finding suppresses all others: a domain that does not exist has no missing records.
- ``blocked_by``: codes whose finding on the same subject explains why this rule is undetermined. Its own findings
  are still reported. (An expired certificate explains why a page could not be read.)
- ``merge``: equal findings on several subjects become one finding that names them all.
"""

from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from launchready.checks.finding import Finding, Score, Severity, When
from launchready.checks.sanitize import Lines, lines, one_line
from launchready.checks.site import Site
from launchready.exchange.operations import Op

# Families that are checked on this machine: a missing domain explains none of their findings.
LOCAL = frozenset({"secrets", "env", "db"})
FAMILIES = ("dns", "registration", "tls", "web", "mail", "secrets", "env", "db", "deeplinks")

Verdict = Generator[Op[Any], None, Sequence[Finding] | None]
RuleBody = Callable[[Site, str], Verdict]
FINE: Sequence[Finding] = ()
NOT_APPLICABLE = None


def one_item(text: Lines) -> Iterable[str]:
    """A plain text is one line."""
    return (text,) if isinstance(text, str) else text


def domain_subject(site: Site) -> Iterable[str]:
    """The default subject of a rule."""
    return (site.domain,)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule and its properties. Calling it starts the flow for one subject."""

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
        evidence: Lines,
        impact: str,
        fix: Lines,
    ) -> Finding:
        """A finding of this rule. An item of ``evidence`` or ``fix`` is one line, whatever text it contains."""
        verify = site.rerun_command(self.code, "" if self.merge else subject)
        return Finding(
            self.code,
            title,
            severity,
            when,
            "fail",
            subject,
            lines(one_item(evidence)),
            impact,
            lines(one_item(fix)),
            verify,
            self.docs,
            score,
            minutes,
            reason,
            self.topic,
        )

    def undetermined(self, site: Site, subject: str, question: str, reason: str) -> Finding:
        """The finding of a rule that could not decide: neither a pass nor a missing record."""
        again = site.rerun_command(self.code, subject)
        return Finding(
            self.code,
            f"Could not check whether {self.topic}: {subject}: {reason}",
            "medium",
            "can-wait",
            "undetermined",
            subject,
            one_line(f"{question}: {reason}"),
            "It may be fine or broken: this run could not find out.",
            f"Run the check again. If the result stays the same, run it from another network: {again}",
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
    """Turns a generator function into a rule."""

    def decorate(body: RuleBody) -> Rule:
        return Rule(code, family, topic, body, subjects, after, blocked_by, root, merge)

    return decorate


@dataclass(frozen=True, slots=True)
class RuleSelection:
    """The rules to run, by family or code. An empty ``only`` selects all."""

    only: frozenset[str] = field(default_factory=frozenset)
    skip: frozenset[str] = field(default_factory=frozenset)

    def __contains__(self, one: Rule) -> bool:
        names = {one.family, one.code}
        return (not self.only or bool(names & self.only)) and not names & self.skip

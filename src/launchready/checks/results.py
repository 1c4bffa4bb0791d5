"""Combines the outcomes of a run: one root cause is one finding.

In this order:

- A finding of a root rule (the domain does not exist) suppresses all others. An undetermined root rule suppresses the
  undetermined ones.
- A finding is suppressed if a rule that explains it (``after``) has a finding on the same subject. An undetermined
  outcome is also suppressed if that rule is undetermined, or if a rule that blocks it has a finding.
- An unanswered question is reported once, even if several rules asked it.
- Equal findings of a rule with ``merge`` become one, with all subjects.
"""

import itertools
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from launchready.checks.engine import RuleOutcome
from launchready.checks.finding import Finding, Passed, Results
from launchready.checks.rule import Rule, RuleSelection
from launchready.checks.site import Site

MAX_SUBJECTS = 12


def required_rules(rules: Iterable[Rule], choice: RuleSelection) -> tuple[Rule, ...]:
    """The selected rules, the root rules, and all rules that may explain their findings, except skipped ones."""
    every = {one.code: one for one in rules if not {one.family, one.code} & choice.skip}
    wanted = [one for one in every.values() if one in choice]
    found: dict[str, Rule] = {
        one.code: one for one in every.values() if one.root and not all(one.local for one in wanted)
    }
    while wanted:
        one = wanted.pop()
        if one.code not in found or one.root:
            found[one.code] = one
            explain = (*one.after, *one.blocked_by)
            wanted += [every[code] for code in explain if code in every and code not in found]
    return tuple(found[code] for code in sorted(found))


def combine(
    outcomes: Sequence[RuleOutcome], site: Site, choice: RuleSelection, ignore: Collection[str] = ()
) -> Results:
    """The findings and passes to report."""
    spoken, explaining = suppress(outcomes, choice)
    chosen = [one for one in spoken if one.rule in choice or one.rule.code in explaining]
    failed = [finding for one in chosen for finding in one.findings or ()]
    merging = {one.rule.code for one in chosen if one.rule.merge}
    findings = [*merge_findings(failed, merging), *undetermined_findings(chosen, site)]
    passed = [
        Passed(one.rule.code, one.subject, one.rule.topic)
        for one in chosen
        if one.findings is not None and not one.findings and one.undetermined is None and one.rule in choice
    ]
    return Results([one for one in findings if one.code not in ignore], passed)


def suppress(outcomes: Sequence[RuleOutcome], choice: RuleSelection) -> tuple[list[RuleOutcome], set[str]]:
    """The outcomes that nothing else explains, and the codes that explained others."""
    loud = {(one.rule.code, subject_host(one.subject)) for one in outcomes if one.findings or one.undetermined}
    found = {(one.rule.code, subject_host(one.subject)) for one in outcomes if one.findings}
    by_code = {one.rule.code: one.rule for one in outcomes}
    dead = {one.rule.code for one in outcomes if one.rule.root and one.findings}
    unsure = {one.rule.code for one in outcomes if one.rule.root and one.undetermined}
    spoken: list[RuleOutcome] = []
    explaining = set(dead)
    for one in outcomes:
        if one.rule.root:
            spoken.append(one)
            continue
        if one.rule.local:
            spoken.append(one)
            continue
        causes = {code for code in one.rule.after if (code, subject_host(one.subject)) in found}
        if one.undetermined is not None:
            causes |= unsure | {code for code in one.rule.blocked_by if (code, subject_host(one.subject)) in found}
            causes |= {code for code in possible_causes(one.rule, by_code) if (code, subject_host(one.subject)) in loud}
        if dead:
            continue
        if causes and (one.findings or one.undetermined):
            explaining |= causes if one.rule in choice or one.rule.code in explaining else set()
            continue
        spoken.append(one)
    return spoken, explaining


def possible_causes(rule: Rule, by_code: Mapping[str, Rule]) -> list[str]:
    """Codes that may explain why a rule is undetermined. Two rules that name each other do not count: both would be
    suppressed, and the problem would stay unreported.
    """
    mutual = {code for code, one in by_code.items() if rule.code in (*one.after, *one.blocked_by)}
    return [code for code in (*rule.after, *rule.blocked_by) if code not in mutual]


def subject_host(subject: str) -> str:
    """The host of a subject: a problem of the host explains a problem of its URLs."""
    url = subject.rpartition(" ")[2]
    return (urlsplit(url).hostname or subject) if "://" in url else subject


def merge_findings(findings: Iterable[Finding], merging: Collection[str]) -> list[Finding]:
    """Merges findings that say the same about several subjects."""
    groups: dict[tuple[str, ...], list[Finding]] = defaultdict(list)
    for finding in findings:
        alone = () if finding.code in merging else (finding.subject, finding.evidence)
        groups[(finding.code, finding.severity, finding.when, finding.title, *alone)].append(finding)
    return [group[0] if len(group) == 1 else merge_group(group) for group in groups.values()]


def merge_group(group: list[Finding]) -> Finding:
    """One finding with all subjects and all evidence."""
    group.sort(key=lambda finding: (finding.subject.count("."), finding.subject))
    subjects = [finding.subject for finding in group]
    more = len(subjects) - MAX_SUBJECTS
    shown = ", ".join(subjects[:MAX_SUBJECTS]) + (f" and {more} more" if more > 0 else "")
    evidence = "\n".join(dict.fromkeys(finding.evidence for finding in group[:MAX_SUBJECTS]))
    return replace(group[0], subject=shown, evidence=evidence)


def undetermined_findings(outcomes: Iterable[RuleOutcome], site: Site) -> list[Finding]:
    """One finding for each unanswered question, under the first rule that asked it."""
    asked = sorted(
        ((one.undetermined, one) for one in outcomes if one.undetermined is not None),
        key=lambda pair: (pair[0].question, pair[1].rule.code, pair[1].subject),
    )
    found: list[Finding] = []
    for question, group in itertools.groupby(asked, key=lambda pair: pair[0].question):
        unknown, first = next(group)
        found.append(first.rule.undetermined(site, first.subject, question, unknown.reason))
    return found

"""The report of a run: ranked findings, and what could not be checked, kept apart."""

import datetime as dt
import functools
import html
import importlib
import json
import pkgutil
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from launchready.checks.diff import Diff, compare, read_findings, read_passed
from launchready.checks.finding import Finding, Passed
from launchready.checks.ranking import ranked
from launchready.errors import ConfigError

SCHEMA_VERSION = 1
UNKNOWN = "could not check"
FailOn = Literal["48h", "any", "never"]
MINIMUM = {
    "The domain leads to the site": ("DNS001", "DNS002", "DNS003", "DNS004", "REG001", "REG002"),
    "The site answers": ("WEB001", "WEB011", "WEB025", "WEB026"),
    "Every address is encrypted, with a valid certificate": ("TLS001", "TLS002", "TLS003"),
    "Your mail is recognised as yours": ("MAIL002", "MAIL003", "MAIL005", "MAIL007", "MAIL008"),
}


@dataclass(frozen=True)
class Report:
    """The result of ``check()``. Iteration yields the findings, the first to fix first.

    - ``fix_now``: before launch, within 48 hours. ``can_wait``: later. ``undetermined``: could not be checked.
    - ``passed``: the checks that passed.
    - ``checked``: the codes that ran.
    - ``accepted``: findings that the owner accepted for a while (``launchready accept``). No other list contains
      them.
    - ``dates``: in a kept report, when each code was answered, in seconds since the epoch.
    - ``exit_code``: 1 something to fix within 48 hours; 3 nothing worse, but something could not be checked; 0 fine.
    """

    domain: str
    findings: tuple[Finding, ...]
    passed: tuple[Passed, ...] = ()
    started: float = 0.0
    seconds: float = 0.0
    checked: tuple[str, ...] = ()
    accepted: tuple[Finding, ...] = ()
    dates: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        domain: str,
        findings: Iterable[Finding],
        passed: Iterable[Passed] = (),
        *,
        started: float,
        seconds: float,
        checked: Iterable[str] = (),
    ) -> "Report":
        """A report with ranked findings."""
        order = sorted(passed, key=lambda one: (one.code, one.subject))
        return cls(domain, ranked(findings), tuple(order), started, seconds, tuple(sorted(checked)))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Report":
        """The report in the output of ``to_dict()`` or ``to_json()``. ConfigError when the data is not a report."""
        kept, fine = read_findings(data), read_passed(data)
        start, took = float(data.get("started", 0.0)), float(data.get("seconds", 0.0))
        codes = data.get("checked", ())
        report = cls.of(str(data.get("domain", "")), kept, fine, started=start, seconds=took, checked=codes)
        return replace(report, dates={str(code): float(date) for code, date in data.get("dates", {}).items()})

    def accepting(self, ids: Collection[str]) -> "Report":
        """The report with accepted findings moved to ``accepted``. An id is ``CODE`` or ``CODE@subject``.

        An undetermined finding cannot be accepted, because its problem is unknown.
        """
        accepted = tuple(one for one in self.findings if one.status == "fail" and _is_accepted(one, ids))
        return replace(self, findings=tuple(one for one in self.findings if one not in accepted), accepted=accepted)

    def __str__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        """The page in a frame, so that its style does not reach the rest of a notebook."""
        page = html.escape(self.to_html(), quote=True)
        return f'<iframe srcdoc="{page}" sandbox style="width:100%;height:40rem;border:0"></iframe>'

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def __len__(self) -> int:
        return len(self.findings)

    def __bool__(self) -> bool:
        """A report without findings is still a report."""
        return True

    @property
    def fix_now(self) -> tuple[Finding, ...]:
        return tuple(one for one in self.findings if one.status == "fail" and one.when == "48h")

    @property
    def can_wait(self) -> tuple[Finding, ...]:
        return tuple(one for one in self.findings if one.status == "fail" and one.when != "48h")

    @property
    def undetermined(self) -> tuple[Finding, ...]:
        return tuple(one for one in self.findings if one.status == "undetermined")

    def fix_by(self, finding: Finding) -> str:
        """The day by which a finding should be fixed: 2026-12-24. "" for an undetermined one."""
        if finding.status != "fail":
            return ""
        end = dt.datetime.fromtimestamp(self.started, dt.UTC) + dt.timedelta(days=finding.days)
        return end.strftime("%Y-%m-%d")

    @property
    def headline(self) -> str:
        """The verdict in one sentence."""
        now, wait, unknown = len(self.fix_now), len(self.can_wait), len(self.undetermined)
        parts = [f"{now or 'nothing'} to fix within 48 hours"]
        parts += [f"{wait} can wait"] if wait else []
        parts += [f"{unknown} could not be checked"] if unknown else []
        parts += [f"{len(self.accepted)} accepted for now"] if self.accepted else []
        parts.append(f"{len(self.passed)} fine")
        if now:
            verdict = "Not ready to launch"
        elif not self.passed:
            verdict = "Nothing is known yet"
        elif unknown:
            verdict = "Not known to be ready"
        else:
            verdict = "Ready to launch" if self.covers_minimum else "Fine as far as it goes"
        return f"{verdict}: {', '.join(parts)}."

    @property
    def minimum(self) -> tuple[tuple[str, str], ...]:
        """The minimum bar: the questions that every launch must pass, with "yes", "no" and why, or "could not
        check".
        """
        return tuple((question, self.answer_for(codes)) for question, codes in MINIMUM.items())

    @property
    def covers_minimum(self) -> bool:
        """Whether the whole minimum bar was checked. A partial run is never "ready"."""
        return all(answer != UNKNOWN for _, answer in self.minimum)

    def answer_for(self, codes: Sequence[str]) -> str:
        """The answer to one question of the minimum bar, from the findings with these codes."""
        broken = [one for one in self.fix_now if one.code in codes]
        if broken:
            return f"no: {broken[0].title}"
        seen = {one.code for one in self.passed} | {one.code for one in self.can_wait}
        if any(one.code in codes for one in self.undetermined) or not seen.intersection(codes):
            return UNKNOWN
        return "yes"

    @property
    def exit_code(self) -> int:
        return self.exit("48h")

    def exit(self, fail_on: FailOn = "48h") -> int:
        """The exit code for ``--fail-on``. "never" ignores findings, but still reports undetermined ones."""
        if (self.fix_now and fail_on != "never") or (self.can_wait and fail_on == "any"):
            return 1
        return 3 if self.undetermined else 0

    def to_dict(self) -> dict[str, Any]:
        """Plain values. ``schema_version`` changes when a name disappears or changes its meaning, not when one is
        added.
        """
        return {
            "schema_version": SCHEMA_VERSION,
            "domain": self.domain,
            "headline": self.headline,
            "exit_code": self.exit_code,
            "started": self.started,
            "seconds": round(self.seconds, 3),
            "counts": {
                "fix_now": len(self.fix_now),
                "can_wait": len(self.can_wait),
                "undetermined": len(self.undetermined),
                "passed": len(self.passed),
                "accepted": len(self.accepted),
            },
            "minimum_bar": dict(self.minimum),
            "findings": [one.to_dict() | {"fix_by": self.fix_by(one)} for one in self.findings],
            "passed": [one.to_dict() for one in self.passed],
            "accepted": [one.to_dict() for one in self.accepted],
            "checked": list(self.checked),
            **({"dates": dict(self.dates)} if self.dates else {}),
        }

    def diff(self, previous: "Report | Mapping[str, Any] | str") -> Diff:
        """The changes since an earlier report: a Report, or the output of its ``to_dict()`` or ``to_json()``.

        ConfigError when the earlier report is about another domain.
        """
        before = previous if isinstance(previous, Report) else Report.from_dict(read_report(previous))
        if before.domain != self.domain:
            raise ConfigError([f"the earlier report is about {before.domain}, this one about {self.domain}"])
        now = (*self.findings, *self.accepted)  # An accepted finding is not fixed.
        return compare(now, before.findings, since=before.started, checked=self.checked, checked_before=before.checked)

    def completed(self, earlier: "Report") -> "Report":
        """This report with the answers of an earlier one for every code that this run did not answer.

        A code is answered if it ran without an undetermined finding. ``dates`` says when each code was answered.
        """
        open_codes = {one.code for one in self.undetermined}
        answered = set(self.checked) - open_codes
        kept = [one for one in earlier.findings if one.code not in answered and one.status == "fail"]
        unknown = [one for one in self.undetermined if one.code not in {old.code for old in kept}]
        failed = [one for one in (*self.findings, *self.accepted) if one.status == "fail"]
        passed = [one for one in earlier.passed if one.code not in answered]
        codes = {*self.checked, *earlier.checked}
        dates = {code: earlier.dates.get(code, earlier.started) for code in earlier.checked}
        report = Report.of(
            self.domain,
            [*failed, *(one for one in kept if one not in failed), *unknown],
            {*self.passed, *passed},
            started=self.started,
            seconds=self.seconds,
            checked=codes,
        )
        return replace(report, dates={**dates, **dict.fromkeys(answered, self.started)})

    def to(self, name: str, **options: Any) -> str:
        """The report in one of ``formats()``. ConfigError for an unknown format."""
        if name not in formats():
            raise ConfigError([f"format: {name!r} is not known; known are {', '.join(formats())}"])
        module = importlib.import_module(f"launchready.checks.formats.{name}")
        rendered: str = module.render(self, **options)
        return rendered

    def to_text(self, *, color: bool = False) -> str:
        return self.to("text", color=color)

    def to_json(self) -> str:
        return self.to("json")

    def to_markdown(self) -> str:
        return self.to("md")

    def to_html(self) -> str:
        return self.to("html")

    def to_sarif(self) -> str:
        return self.to("sarif")

    def to_junit(self) -> str:
        return self.to("junit")


def _is_accepted(finding: Finding, ids: Collection[str]) -> bool:
    """Whether the finding is accepted by its code, or by its code at each of its subjects."""
    return finding.code in ids or all(f"{finding.code}@{subject}" in ids for subject in finding.subject.split(", "))


def read_report(previous: Mapping[str, Any] | str) -> Mapping[str, Any]:
    """An earlier report as plain values."""
    if not isinstance(previous, str):
        return previous
    try:
        found = json.loads(previous)
    except ValueError as error:
        raise ConfigError([f"not a report of launchready: {error}"]) from None
    if not isinstance(found, dict):
        raise ConfigError(["not a report of launchready: no object"])
    return found


@functools.cache
def formats() -> Sequence[str]:
    """The names of the modules in ``formats/``. To add a format, add a module with ``render(report) -> str``."""
    from launchready.checks import formats as folder  # noqa: PLC0415

    return tuple(sorted(module.name for module in pkgutil.iter_modules(folder.__path__)))

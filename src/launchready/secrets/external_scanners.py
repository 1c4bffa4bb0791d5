"""Second opinions: what an installed gitleaks, betterleaks or kingfisher finds, merged by value.

They run offline, on the same repository, without their own validation of keys. What they find and we do too is one
finding; what only they find carries their rule's name, "gitleaks:generic-api-key".
"""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from typing import Any

from launchready.errors import ConfigError
from launchready.secrets.hits import Unread
from launchready.secrets.key_kinds import identify
from launchready.secrets.scan_blob import Hit

ENGINES = ("gitleaks", "betterleaks", "kingfisher")
_TIMEOUT = 600


def installed() -> tuple[str, ...]:
    """Those on the path."""
    return tuple(name for name in ENGINES if shutil.which(name))


def hits(name: str, root: str, *, past: bool) -> Iterator[Hit | Unread]:
    """What one of them finds. ConfigError when it is not there; ``Unread`` when it fails."""
    if name not in ENGINES:
        raise ConfigError([f"engine: {name!r} is not known; known are {', '.join(ENGINES)}"])
    if shutil.which(name) is None:
        raise ConfigError([f"engine: {name} is not installed; leave out --engine {name}, or install it"])
    with tempfile.TemporaryDirectory(prefix="launchready-") as folder:
        report = os.path.join(folder, "report.json")  # noqa: PTH118
        try:
            read = _findings(_report(name, root, report, past=past))
        except (OSError, subprocess.TimeoutExpired, ValueError) as error:
            yield Unread(f"({name})", f"gave no report ({type(error).__name__})")
            return
    for finding in read:
        hit = _hit(name, finding, root)
        if hit is not None:
            yield hit


def _report(name: str, root: str, report: str, *, past: bool) -> str:
    """The text of its report. Of two generations of flags, the one that it knows."""
    for command in _commands(name, root, report, past=past):
        subprocess.run(  # noqa: S603 - the named program
            command, capture_output=True, check=False, timeout=_TIMEOUT, cwd=root, env={**os.environ, **_OFFLINE}
        )
        if os.path.exists(report):  # noqa: PTH110
            break
    with open(report, encoding="utf-8", errors="replace") as file:  # noqa: PTH123
        return file.read()


#: betterleaks asks vendors when these say so; never from here.
_OFFLINE = {"BETTERLEAKS_VALIDATE": "false", "BETTERLEAKS_ANALYZE": "false"}


def _commands(name: str, root: str, report: str, *, past: bool) -> Iterator[list[str]]:
    if name == "kingfisher":
        history = "full" if past else "none"
        form = ["--format", "json", "--output", report]
        yield [name, "scan", root, "--no-validate", "--no-update-check", "--git-history", history, *form]
        return
    if name == "betterleaks":  # since 2.0
        yield [name, "git" if past else "filesystem", root, "-s", "--no-banner", "--exit-code", "0", "-o", report]
    form = ["--report-format", "json", "--report-path", report]
    yield [name, "git" if past else "dir", root, "--no-banner", "--exit-code", "0", *form]


def _findings(text: str) -> list[dict[str, Any]]:
    """A JSON array, an object that holds one, or one object a line."""
    try:
        read = json.loads(text or "[]")
    except ValueError:
        read = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    if isinstance(read, dict):
        read = read.get("findings", [read])
    return [one for one in read if isinstance(one, dict)]


def _hit(name: str, one: dict[str, Any], root: str) -> Hit | None:
    """The fields of gitleaks, of betterleaks 2 and of kingfisher, under our names."""
    inner, location, match = _part(one, "finding"), _part(one, "location"), _part(one, "match")
    value = str(one.get("Secret") or match.get("value") or inner.get("snippet") or "")
    if not value:
        return None
    path = str(one.get("File") or location.get("path") or inner.get("path") or "")
    path = os.path.relpath(path, root) if os.path.isabs(path) else path  # noqa: PTH117
    known = _part(_part(inner, "git_metadata"), "commit").get("id")
    commit = str(one.get("Commit") or _part(one, "attributes").get("git.sha") or known or "")
    line = int(one.get("StartLine") or location.get("start_line") or inner.get("line") or 0)
    theirs = str(one.get("RuleID") or one.get("rule_id") or _part(one, "rule").get("id") or "secret")
    return Hit(path, line, commit, identify(value) or f"{name}:{theirs}", value)


def _part(one: dict[str, Any], name: str) -> dict[str, Any]:
    found = one.get(name)
    return found if isinstance(found, dict) else {}


def merged(ours: Iterable[Hit], theirs: Iterable[Hit]) -> Iterator[Hit]:
    """Theirs, without what we have: the same value, or one that is a part of the other."""
    known = {hit.value for hit in ours}
    for hit in theirs:
        if not any(hit.value in value or value in hit.value for value in known):
            yield hit

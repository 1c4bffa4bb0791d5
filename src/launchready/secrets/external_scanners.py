"""Second opinions: runs an installed gitleaks, betterleaks or kingfisher, and merges the results by value.

They run offline on the same repository, without validating keys. A secret that both find is one finding. A finding of
the other scanner alone carries its rule name: "gitleaks:generic-api-key".
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
    """Return the scanners on the path."""
    return tuple(name for name in ENGINES if shutil.which(name))


def hits(name: str, root: str, *, past: bool) -> Iterator[Hit | Unread]:
    """Yield the hits of one scanner. Raises ConfigError if it is not installed; yields ``Unread`` if it fails."""
    if name not in ENGINES:
        raise ConfigError([f"engine: {name!r} is not known; known are {', '.join(ENGINES)}"])
    if shutil.which(name) is None:
        raise ConfigError([f"engine: {name} is not installed; leave out --engine {name}, or install it"])
    with tempfile.TemporaryDirectory(prefix="launchready-") as folder:
        report = os.path.join(folder, "report.json")  # noqa: PTH118
        try:
            read = _findings(_report(name, root, report, past=past))
        except (OSError, subprocess.TimeoutExpired, ValueError) as error:
            yield Unread(f"({name})", f"wrote no report ({type(error).__name__})")
            return
    for finding in read:
        hit = _hit(name, finding, root)
        if hit is not None:
            yield hit


def _report(name: str, root: str, report: str, *, past: bool) -> str:
    """Return the text of its report. Flags differ between versions, so each variant is tried."""
    for command in _commands(name, root, report, past=past):
        subprocess.run(  # noqa: S603 - a scanner of ENGINES
            command, capture_output=True, check=False, timeout=_TIMEOUT, cwd=root, env={**os.environ, **_OFFLINE}
        )
        if os.path.exists(report):  # noqa: PTH110
            break
    with open(report, encoding="utf-8", errors="replace") as file:  # noqa: PTH123
        return file.read()


#: Keep betterleaks from validating keys at their vendors.
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
    """Parse a JSON array, an object that contains one, or one object per line."""
    try:
        read = json.loads(text or "[]")
    except ValueError:
        read = [json.loads(line) for line in text.splitlines() if line.startswith("{")]
    if isinstance(read, dict):
        read = read.get("findings", [read])
    return [one for one in read if isinstance(one, dict)]


def _hit(name: str, one: dict[str, Any], root: str) -> Hit | None:
    """Convert a finding of gitleaks, betterleaks 2 or kingfisher to a ``Hit``."""
    inner, location, match = _mapping(one, "finding"), _mapping(one, "location"), _mapping(one, "match")
    value = str(one.get("Secret") or match.get("value") or inner.get("snippet") or "")
    if not value:
        return None
    path = str(one.get("File") or location.get("path") or inner.get("path") or "")
    path = os.path.relpath(path, root) if os.path.isabs(path) else path  # noqa: PTH117
    known = _mapping(_mapping(inner, "git_metadata"), "commit").get("id")
    commit = str(one.get("Commit") or _mapping(one, "attributes").get("git.sha") or known or "")
    line = int(one.get("StartLine") or location.get("start_line") or inner.get("line") or 0)
    rule_id = str(one.get("RuleID") or one.get("rule_id") or _mapping(one, "rule").get("id") or "secret")
    return Hit(path, line, commit, identify(value) or f"{name}:{rule_id}", value)


def _mapping(one: dict[str, Any], name: str) -> dict[str, Any]:
    found = one.get(name)
    return found if isinstance(found, dict) else {}


def new_hits(ours: Iterable[Hit], theirs: Iterable[Hit]) -> Iterator[Hit]:
    """Yield the hits whose value is not in ours, nor a part of ours, nor contains ours."""
    known = {hit.value for hit in ours}
    for hit in theirs:
        if not any(hit.value in value or value in hit.value for value in known):
            yield hit

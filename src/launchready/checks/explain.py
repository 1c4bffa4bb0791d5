"""What a rule looks at and why, in its own words: for ``launchready explain CODE`` and for the pages of the manual."""

import inspect
import sys
from collections.abc import Sequence

from launchready.checks.catalogue import rules
from launchready.checks.rule import Rule

FAMILY_NAMES = {
    "dns": "the domain and its hosts (DNS)",
    "registration": "the registration of the domain",
    "tls": "certificates and encryption (TLS)",
    "web": "redirects, headers and answers (HTTP)",
    "mail": "e-mail: delivery and authentication",
    "deeplinks": "links that open an app",
}


def page(one: Rule) -> str:
    """The page of one code, in Markdown."""
    module = inspect.getdoc(sys.modules[one.body.__module__]) or ""
    own = inspect.getdoc(one.body) or ""
    parts = [
        f"# {one.code}: {one.topic}",
        module,
        own,
        f"Part of: {FAMILY_NAMES.get(one.family, one.family)}.",
    ]
    if one.after:
        parts.append(f"Silent where one of these explains it already: {links(one.after)}.")
    parts += [
        "What was seen, what breaks, who notices and what to paste stand in the finding itself. Ask again with:",
        f"```\nlaunchready check example.com --only {one.code}\n```",
        f"To leave it out of the report: `--ignore {one.code}`.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def links(codes: Sequence[str]) -> str:
    return ", ".join(f"[{code}]({code}.md)" for code in codes)


def found(code: str) -> Rule | None:
    """The rule with this code, in any spelling; None when there is none."""
    return next((one for one in rules() if one.code == code.strip().upper()), None)

"""The explanation of a check: printed by ``launchready explain CODE`` and written to docs/findings/."""

import inspect
from collections.abc import Sequence

from launchready.checks.catalogue import rules
from launchready.checks.rule import Rule

FAMILY_NAMES = {
    "dns": "the domain and its hosts (DNS)",
    "registration": "the registration of the domain",
    "tls": "certificates and encryption (TLS)",
    "web": "redirects, headers and responses (HTTP)",
    "mail": "email delivery and authentication",
    "deeplinks": "links that open an app",
}


def page(one: Rule) -> str:
    """The page of one code, in Markdown. Its text is the docstring of the rule."""
    parts = [
        f"# {one.code}: {one.topic}",
        inspect.getdoc(one.body) or "",
        f"Part of: {FAMILY_NAMES.get(one.family, one.family)}.",
    ]
    if one.after:
        parts.append(f"Not reported when one of these already explains the problem: {links(one.after)}.")
    parts += [
        "The finding itself shows what was seen, what breaks, who notices, and what to paste. Run this check alone:",
        f"```\nlaunchready check example.com --only {one.code}\n```",
        f"Leave it out of the report: `--ignore {one.code}`.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def links(codes: Sequence[str]) -> str:
    return ", ".join(f"[{code}]({code}.md)" for code in codes)


def find(code: str) -> Rule | None:
    """The rule with this code, in upper or lower case; None when no rule has it."""
    return next((one for one in rules() if one.code == code.strip().upper()), None)

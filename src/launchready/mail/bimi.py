"""BIMI (draft-brand-indicators-for-message-identification): the logo beside a mail. It is a draft, so never
required.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from launchready.mail.tags import fields, versioned


@dataclass(frozen=True, slots=True)
class BIMI:
    """The TXT records at ``default._bimi``. ``logo`` and ``certificate`` are URLs; both are empty if BIMI is
    declined.
    """

    present: bool = False
    valid: bool = False
    logo: str = ""
    certificate: str = ""
    problems: tuple[str, ...] = ()


def ignored(text: str) -> str:
    return f'receivers ignore "{text}": the record must be "v=BIMI1; l=https://..."'


def parse(txts: Iterable[str]) -> BIMI:
    """Reads all TXT records at ``default._bimi.<domain>``. Never raises."""
    records, unread = versioned(txts, "BIMI1")
    if not records:
        return BIMI(bool(unread), problems=tuple(map(ignored, unread)))
    if len(records) > 1:
        return BIMI(True, problems=(f"{len(records)} records where one may stand",))
    found, problems = fields(records[0])
    logo, certificate = found.get("l", ""), found.get("a", "")
    if "l" not in found:
        problems.append("l, the address of the logo, is missing")
    elif logo and not logo.lower().startswith("https://"):
        problems.append("the logo must come over https")
    elif logo and not logo.lower().partition("?")[0].endswith((".svg", ".svgz")):
        problems.append("the logo must be an SVG file")
    if certificate and not certificate.lower().startswith("https://"):
        problems.append("the mark certificate must come over https")
    return BIMI(True, not problems, logo, certificate, tuple(problems))

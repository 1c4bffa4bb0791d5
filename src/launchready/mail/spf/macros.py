"""Macros (RFC 7208 section 7) such as ``%{i}``: validation and expansion."""

import ipaddress
import re
from collections.abc import Mapping
from urllib.parse import quote

# Section 7.1: %% %_ %- and %{ letter digits r delimiters }. ABNF letters have no case.
MACRO = re.compile(
    r"%(?:(?P<plain>[%_-])|\{(?P<letter>[A-Za-z])(?P<digits>\d*)(?P<reverse>[rR]?)(?P<delimiters>[-.+,/_=]*)\})"
)
ANYWHERE = "slodiphv"
# Section 7.2: c, r and t are only allowed in explanations.
IN_EXPLANATIONS = ANYWHERE + "crt"
PLAIN = {"%": "%", "_": " ", "-": "%20"}
LONGEST_NAME = 253

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def macro_problem(text: str, letters: str = ANYWHERE) -> str:
    """The problem of the macros of a text, or ""."""
    if "%" in MACRO.sub("", text):
        return "a % that is not a macro"
    for match in MACRO.finditer(text):
        letter, digits = match["letter"], match["digits"]
        if letter and letter.lower() not in letters:
            return f"%{{{letter}}} is not a macro that may stand here"
        if digits and int(digits[:4]) == 0:
            return "a macro that keeps 0 labels"
    return ""


def macro_letters(text: str) -> frozenset[str]:
    """The macro letters that a text uses."""
    return frozenset(match["letter"].lower() for match in MACRO.finditer(text) if match["letter"])


def expand(text: str, values: Mapping[str, str]) -> str:
    """Expands a text with valid macros. ``values`` has every letter of the text."""

    def filled(match: re.Match[str]) -> str:
        if match["plain"]:
            return PLAIN[match["plain"]]
        parts = re.split(f"[{re.escape(match['delimiters'] or '.')}]", values[match["letter"].lower()])
        if match["reverse"]:
            parts.reverse()
        if match["digits"]:
            parts = parts[-int(match["digits"][:4]) :]
        value = ".".join(parts)
        # An upper-case letter means URL escaping (section 7.3).
        return quote(value, safe="-._~") if match["letter"].isupper() else value

    return MACRO.sub(filled, text)


def truncate_name(name: str) -> str:
    """A name of at most 253 characters: labels are removed from the left until it fits (section 7.3)."""
    name = name.rstrip(".")
    return name if len(name) <= LONGEST_NAME else name[-LONGEST_NAME - 1 :].partition(".")[2]


def macro_address(ip: Address) -> str:
    """The address for ``%{i}``: an IPv6 address as nibbles, in upper case as in section 7.4."""
    return str(ip) if ip.version == 4 else ".".join(ip.exploded.replace(":", "").upper())

"""Misspelt names: finds the existing name that was probably meant."""

from collections.abc import Iterable

from launchready.checks.site import registered
from launchready.checks.takeover_services import SERVICES

# Domains that records of a launch point to, beside those of ``takeover_services``.
KNOWN = (
    "google.com", "googlemail.com", "outlook.com", "cloudflare.com", "cloudflare.net", "amazonaws.com",
    "awsdns.com", "messagingengine.com", "zoho.com", "zoho.eu", "mailgun.org", "sendgrid.net", "mtasv.net",
    "privateemail.com", "registrar-servers.com", "domaincontrol.com", "digitalocean.com", "hetzner.com", "gandi.net",
    "ovh.net", "ionos.com", "fastly.net", "cloudfront.net", "shopify.com", "railway.app", "protonmail.ch",
)  # fmt: skip
MAX_EDITS = 2
# Shorter names resemble each other by chance: "api" is not a misspelt "app".
MIN_LENGTH = 4


def correction(name: str, own: Iterable[str] = ()) -> str:
    """The name that was probably meant by a name that does not exist, or ``""``.

    ``own``: existing names of the same project. If two names are equally close, none is returned.
    """
    candidates = {one for one in own if one != name and is_near(name, one)}
    tail = registered(name)
    if tail != name or not candidates:
        suffixes = {*KNOWN, *(suffix for one in SERVICES for suffix in one.names)}
        head = name.removesuffix(tail)
        candidates |= {head + one for one in suffixes if one != tail and is_near(tail, one)}
    return candidates.pop() if len(candidates) == 1 else ""


def misspellings(name: str) -> list[str]:
    """The most common misspellings of the first label: two letters swapped, one left out, one doubled."""
    label, dot, rest = name.partition(".")
    if len(label) < MIN_LENGTH:
        return []
    swapped = [label[:at] + label[at + 1] + label[at] + label[at + 2 :] for at in range(len(label) - 1)]
    shorter = [label[:at] + label[at + 1 :] for at in range(len(label))]
    doubled = [label[:at] + label[at] + label[at:] for at in range(len(label))]
    made = dict.fromkeys([*swapped, *shorter, *doubled])
    return [one + dot + rest for one in made if one != label and not one.startswith("-") and not one.endswith("-")]


def is_near(one: str, other: str) -> bool:
    """Whether two names differ by at most two edits and are long enough that this is no accident."""
    first, second = one.split("."), other.split(".")
    while first and second and first[-1] == second[-1]:
        first.pop()
        second.pop()
    one, other = ".".join(first), ".".join(second)
    edits = distance(one, other)
    return 0 < edits <= MAX_EDITS and min(len(one), len(other)) >= MIN_LENGTH * edits


def distance(one: str, other: str) -> int:
    """The number of letters added, left out, replaced or swapped (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        line = [i]
        for j, b in enumerate(other, 1):
            line.append(min(row[j] + 1, line[-1] + 1, row[j - 1] + (a != b)))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                line[j] = min(line[j], before[j - 2] + 1)
        before, row = row, line
    return row[-1]

"""The tree walk (RFC 9989 section 4.10): finds the record that applies to a domain. Pure: the caller queries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from launchready.mail.dmarc.record import DMARC, Policy, parse

# Section 4.10: at most eight queries, however deep the name.
MAX_QUERIES = 8


def names(domain: str) -> tuple[str, ...]:
    """The domains of the tree walk, nearest first: at most eight, however deep the name (section 4.10)."""
    labels = domain.lower().rstrip(".").split(".")
    above = [labels[at:] for at in range(1, len(labels))]
    if len(labels) >= MAX_QUERIES:
        above = [labels[-size:] for size in range(MAX_QUERIES - 1, 0, -1)]
    return tuple(".".join(part) for part in [labels, *above])


@dataclass(frozen=True, slots=True)
class Discovery:
    """The origin of the policy of a domain.

    - ``source``: the domain whose record applies, or "". ``found`` is that record (or the problems at the domain
      itself).
    - ``organisational``: the organisational domain (section 4.10.2), used for reports and relaxed alignment.
    - ``policy``: the policy for mail of this domain: p of its own record, else np (only for a name that does not
      exist), sp or p of the record above. ``acts_as``: the same after ``t=y``.
    - ``tag``: the tag that ``policy`` comes from.
    """

    domain: str
    source: str
    organisational: str
    policy: Policy | None
    found: DMARC
    tag: str = ""

    @property
    def acts_as(self) -> Policy | None:
        return self.found.lowered(self.policy)


def decide(domain: str, answers: Mapping[str, Sequence[str]], *, exists: bool = True) -> Discovery:
    """The policy of ``domain``. ``answers`` maps each of ``names(domain)`` to the TXT records at its ``_dmarc``
    name.

    The domain's own record wins, then that of the organisational domain, then that of the public suffix, never one in
    between (section 4.10.1). ``exists`` is False for an NXDOMAIN name, to which ``np`` applies.
    """
    walked = names(domain)
    read = {name: parse(answers.get(name, ())) for name in walked}
    valid: list[str] = []
    for name in walked:
        if read[name].valid:
            valid.append(name)
            # Section 4.10: the walk ends at a record that declares itself a public suffix, or declares that it is none.
            if read[name].tags.get("psd") in ("y", "n"):
                break
    organisation = organisational(walked, valid, read)
    suffix = next((name for name in valid if read[name].tags.get("psd") == "y"), "")
    own = walked[0]
    source = next((name for name in (own, organisation, suffix) if name in valid), "")
    if not source:
        return Discovery(own, "", organisation, None, read[own])
    found = read[source]
    if source == own:
        return Discovery(own, own, organisation, found.p, found, "p")
    choices = [("np", None if exists else found.np), ("sp", found.sp), ("p", found.p)]
    tag, policy = next((choice for choice in choices if choice[1] is not None), ("p", found.p))
    return Discovery(own, source, organisation, policy, found, tag)


def organisational(walked: Sequence[str], valid: Sequence[str], read: Mapping[str, DMARC]) -> str:
    """Section 4.10.2: the name with ``psd=n``; else one label below ``psd=y``; else the valid record with fewest
    labels.
    """
    for name in valid:
        psd = read[name].tags.get("psd")
        if psd == "n":
            return name
        if psd == "y" and name != walked[0]:
            labels = walked[0].split(".")
            return ".".join(labels[-(name.count(".") + 2) :])
    return valid[-1] if valid else walked[0]

"""The result of a reconciliation, as objects, text and JSON."""

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

CHARGED_WITHOUT_BOOKING = "charged-without-booking"
BOOKED_WITHOUT_CHARGE = "booked-without-charge"
CHARGED_TWICE = "charged-twice"
AMOUNT_DIFFERS = "amount-differs"
CURRENCY_DIFFERS = "currency-differs"
REFUNDED = "booked-and-refunded"
DISPUTED = "disputed"

CHARGED, NOT_CHARGED, UNDETERMINED = "charged", "not-charged", "undetermined"

_TITLES = {
    CHARGED_WITHOUT_BOOKING: "Charged without a booking",
    BOOKED_WITHOUT_CHARGE: "Booked without a charge",
    CHARGED_TWICE: "Charged twice",
    AMOUNT_DIFFERS: "The amount differs",
    CURRENCY_DIFFERS: "The currency differs",
    REFUNDED: "Booked, but refunded",
    DISPUTED: "Disputed by the customer's bank",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference: ``subject`` is a charge or booking, ``evidence`` both sides, ``fix`` the next step."""

    kind: str
    subject: str
    evidence: str
    fix: str


@dataclass(frozen=True, slots=True)
class KeyVerdict:
    """What a key of unknown outcome did.

    - ``outcome``: "charged", "not-charged", or "undetermined" with the reason in ``evidence``.
    - ``settled``: the key was settled in this run: a charged key as done, the other as free to retry.
    """

    key: str
    route: str
    outcome: str
    evidence: str
    charges: tuple[str, ...] = ()
    settled: bool = False


@dataclass(frozen=True, slots=True)
class ReconcileReport:
    """Everything that a reconciliation found.

    ``complete``: the provider listed every charge of the period. Otherwise a missing difference proves nothing.
    ``keys``: the number of keys that the store holds and that could be read; None without a store.
    """

    provider: str
    since: datetime
    until: datetime
    charges: int
    bookings: int | None
    keys: int | None
    differences: tuple[Difference, ...]
    unknown_keys: tuple[KeyVerdict, ...]
    complete: bool
    notes: tuple[str, ...] = ()

    @property
    def unsettled(self) -> tuple[KeyVerdict, ...]:
        """Keys whose outcome is still unknown in the store."""
        return tuple(verdict for verdict in self.unknown_keys if not verdict.settled)

    @property
    def exit_code(self) -> int:
        """0 fine, 1 differences or proven keys to settle, 3 nothing worse but something was undetermined."""
        if self.differences or any(verdict.outcome != UNDETERMINED for verdict in self.unsettled):
            return 1
        blind = self.charges > 0 and self.keys == 0
        return 0 if self.complete and not self.unsettled and not blind else 3

    def to_dict(self) -> dict[str, Any]:
        return {
            "schema_version": 1,
            "provider": self.provider,
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "charges": self.charges,
            "bookings": self.bookings,
            "keys": self.keys,
            "complete": self.complete,
            "differences": [asdict(one) for one in self.differences],
            "unknown_keys": [asdict(one) for one in self.unknown_keys],
            "notes": list(self.notes),
        }

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False)

    def to_text(self) -> str:
        """A summary line, then differences by kind, keys, and notes."""
        lines = [self.headline]
        for kind, title in _TITLES.items():
            rows = [one for one in self.differences if one.kind == kind]
            if rows:
                lines += ["", f"{title}: {len(rows)}"]
                lines += [
                    f"  {_clean(one.subject)}: {_clean(one.evidence)}\n    Fix: {_clean(one.fix)}" for one in rows
                ]
        if self.unknown_keys:
            lines += ["", f"Keys of unknown outcome: {len(self.unknown_keys)}"]
            lines += [f"  {one.key[:12]} {_clean(one.route)}: {_verdict(one)}" for one in self.unknown_keys]
        lines += ["", *(f"Note: {_clean(note)}" for note in self.notes)] if self.notes else []
        return "\n".join(lines)

    @property
    def headline(self) -> str:
        period = f"{self.since:%Y-%m-%d %H:%M} to {self.until:%Y-%m-%d %H:%M} UTC"
        settled = len(self.unknown_keys) - len(self.unsettled)
        parts = [f"{self.charges} charges of {self.provider}, {period}"]
        parts += [f"{self.bookings} bookings"] if self.bookings is not None else ["no bookings to compare"]
        parts += [f"{len(self.differences)} differences"]
        parts += [f"{len(self.unknown_keys)} keys of unknown outcome, {settled} settled"] if self.unknown_keys else []
        parts += [] if self.complete else ["the list of charges is INCOMPLETE"]
        return "; ".join(parts) + "."


def _verdict(verdict: KeyVerdict) -> str:
    words = {CHARGED: "charged", NOT_CHARGED: "not charged", UNDETERMINED: "undetermined"}[verdict.outcome]
    action = ""
    if verdict.settled:
        action = "; settled as done" if verdict.outcome == CHARGED else "; free to retry"
    return f"{words}: {_clean(verdict.evidence)}{action}"


def _clean(text: str) -> str:
    """Without control characters: metadata of a charge must not move the cursor or fake a line."""
    return "".join(char if char.isprintable() else "\ufffd" for char in text)[:500]

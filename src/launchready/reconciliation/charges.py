"""Charges as providers report them, in one form for all providers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from launchready.errors import LaunchReadyError
from launchready.runtime.claims.context import METADATA_KEY

SUCCEEDED, AUTHORIZED, PENDING, FAILED = "succeeded", "authorized", "pending", "failed"


class ProviderError(LaunchReadyError):
    """The provider did not answer, or answered with an error. Nothing was settled."""

    status = 502


@dataclass(frozen=True, slots=True)
class Charge:
    """One charge.

    - ``amount``, ``captured``, ``refunded``: minor units (cents). ``currency``: ISO 4217, lower case.
    - ``status``: "succeeded" (money moved), "authorized" (reserved, not captured), "pending", or "failed".
    - ``keys``: idempotency keys of the requests that made the charge, and ``metadata["launchready_key"]``.
    """

    id: str
    amount: int
    currency: str
    created: datetime
    status: str = SUCCEEDED
    captured: int = 0
    refunded: int = 0
    disputed: bool = False
    keys: frozenset[str] = frozenset()
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def net(self) -> int:
        """Captured and not refunded."""
        return self.captured - self.refunded if self.status == SUCCEEDED else 0

    @property
    def identified(self) -> bool:
        """Whether its metadata names an idempotency key, so that it belongs to that key and to no other."""
        return METADATA_KEY in self.metadata


@dataclass(frozen=True, slots=True)
class Listing:
    """The charges of a period.

    - ``complete``: every charge that the provider has from ``since`` to ``until`` is in ``charges``.
    - ``notes``: what limits the listing, for the reader of the report.
    """

    charges: tuple[Charge, ...]
    since: datetime
    until: datetime
    complete: bool = True
    notes: tuple[str, ...] = ()


class PaymentProvider(Protocol):
    """A payment provider, read-only."""

    name: str

    def list_charges(self, since: datetime, until: datetime) -> Listing:
        """Every charge created from ``since`` on and before ``until``. Raises ProviderError."""

    def find_charge(self, charge_id: str) -> Charge | None:
        """One charge by its id, of any age; None if the provider has none or cannot tell."""


def parse_time(value: object, where: str) -> datetime:
    """A time from a datetime, ISO 8601 text or seconds since 1970. Without a zone it counts as UTC. ValueError."""
    if isinstance(value, datetime):
        time = value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        return datetime.fromtimestamp(value, UTC)
    else:
        try:
            time = datetime.fromisoformat(str(value).strip())
        except ValueError:
            raise ValueError(f"{where}: {value!r} is not a time; write 2026-11-24T09:30:00Z") from None
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)

"""A CSV export of a provider's dashboard.

Columns, in any order and case: ``id``, ``amount``, ``currency``, ``created``; optionally ``status``, ``captured``,
``refunded``, ``disputed``, ``idempotency_key``, and metadata as ``metadata[name]`` or ``name (metadata)``. ``columns``
maps these names to those of the file. Amounts are in major units ("42.50"); times without a zone are UTC.

The file does not say which period it covers. Only with ``covers`` does a missing charge prove anything.
"""

import argparse
import csv
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from launchready.errors import ConfigError
from launchready.reconciliation.charges import (
    AUTHORIZED,
    FAILED,
    PENDING,
    SUCCEEDED,
    Charge,
    Listing,
    parse_time,
)
from launchready.reconciliation.money import minor_units
from launchready.runtime.claims.context import METADATA_KEY

HELP = "a CSV export with the columns id, amount, currency, created"
REQUIRED = ("id", "amount", "currency", "created")
OPTIONAL = ("status", "captured", "refunded", "disputed", "idempotency_key")
_METADATA = re.compile(r"metadata[\[.](.+?)\]?|(.+?) \(metadata\)", re.IGNORECASE)
_STATUS = {
    "": SUCCEEDED, "paid": SUCCEEDED, "succeeded": SUCCEEDED, "captured": SUCCEEDED, "complete": SUCCEEDED,
    "completed": SUCCEEDED, "refunded": SUCCEEDED, "partially refunded": SUCCEEDED, "disputed": SUCCEEDED,
    "authorized": AUTHORIZED, "uncaptured": AUTHORIZED, "requires capture": AUTHORIZED, "pending": PENDING,
    "processing": PENDING, "failed": FAILED, "declined": FAILED, "canceled": FAILED, "cancelled": FAILED,
}  # fmt: skip
_TRUE = frozenset({"true", "yes", "1"})


class CsvExport:
    """One file. ``covers``: the period in which the file has every charge, as exported."""

    name = "csv_export"

    def __init__(
        self, path: str | Path, *, columns: Mapping[str, str] | None = None,
        covers: tuple[datetime | str, datetime | str] | None = None,
    ) -> None:  # fmt: skip
        unknown = set(columns or ()) - {*REQUIRED, *OPTIONAL}
        if unknown:
            raise ConfigError([f"csv: unknown column {min(unknown)!r}; known are {', '.join(REQUIRED + OPTIONAL)}"])
        self._path = Path(path)
        self._columns = {ours: theirs.strip().lower() for ours, theirs in (columns or {}).items()}
        try:
            self._covers = (
                None if covers is None else (parse_time(covers[0], "covers"), parse_time(covers[1], "covers"))
            )
        except ValueError as error:
            raise ConfigError([f"csv: {error}"]) from None

    def list_charges(self, since: datetime, until: datetime) -> Listing:
        charges = tuple(charge for charge in self._read() if since <= charge.created < until)
        notes = (
            []
            if self._covers
            else ["the file's period is not stated, so a missing charge proves nothing; see --covers"]
        )
        begin, end = self._covers or (since, until)
        return Listing(charges, max(since, begin), min(until, end), self._covers is not None, tuple(notes))

    def find_charge(self, charge_id: str) -> Charge | None:
        return next((charge for charge in self._read() if charge.id == charge_id), None)

    def _read(self) -> list[Charge]:
        try:
            with self._path.open(encoding="utf-8-sig", newline="") as file:
                sample = file.readline()
                file.seek(0)
                delimiter = max(",;\t", key=sample.count)
                rows = csv.DictReader(file, delimiter=delimiter)
                head = {(name or "").strip().lower(): name for name in rows.fieldnames or ()}
                self._check(head)
                return [self._charge(row, head, rows.line_num) for row in rows]
        except (OSError, UnicodeDecodeError, csv.Error) as error:
            raise ConfigError([f"csv: {self._path} cannot be read ({error})"]) from None

    def _check(self, head: Mapping[str, str]) -> None:
        missing = [name for name in REQUIRED if self._columns.get(name, name) not in head]
        if missing:
            known = ", ".join(head) or "none"
            raise ConfigError(
                [f"csv: {self._path} has no column {name!r} (it has {known}); map it with columns" for name in missing]
            )

    def _charge(self, row: Mapping[str, str | None], head: Mapping[str, str], line: int) -> Charge:
        def cell(name: str) -> str:
            return (row.get(head.get(self._columns.get(name, name), "")) or "").strip()

        where = f"csv: {self._path}:{line}"
        currency = cell("currency").lower()
        state = _STATUS.get(cell("status").lower())
        if state is None:
            raise ConfigError(
                [f"{where}: unknown status {cell('status')!r}; write one of {', '.join(filter(None, _STATUS))}"]
            )
        metadata = {}
        for name, original in head.items():
            found = _METADATA.fullmatch(name)
            if found and (value := (row.get(original) or "").strip()):
                metadata[found[1] or found[2]] = value
        try:
            amount = minor_units(cell("amount"), currency, where)
            captured = minor_units(cell("captured"), currency, where) if cell("captured") else amount
            refunded = minor_units(cell("refunded"), currency, where) if cell("refunded") else 0
            created = parse_time(cell("created"), where)
        except ValueError as error:
            raise ConfigError([str(error)]) from None
        if cell("status").lower() == "refunded" and not cell("refunded"):
            refunded = captured
        keys = frozenset(filter(None, (cell("idempotency_key"), metadata.get(METADATA_KEY, ""))))
        disputed = cell("disputed").lower() in _TRUE or cell("status").lower() == "disputed"
        return Charge(
            cell("id"), amount, currency, created, state, captured if state == SUCCEEDED else 0, refunded, disputed,
            keys, metadata,
        )  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--file", required=True, metavar="FILE", help="the exported file")
    parser.add_argument("--column", nargs=2, action="append", default=[], metavar=("OURS", "THEIRS"),
                        help='a column with another name: --column created "Created date (UTC)"')  # fmt: skip
    parser.add_argument("--covers", nargs=2, metavar=("FROM", "UNTIL"),
                        help="the period in which the file has every charge: 2026-11-01 2026-12-01")  # fmt: skip


def from_arguments(args: argparse.Namespace) -> CsvExport:
    covers = (args.covers[0], args.covers[1]) if args.covers else None
    return CsvExport(args.file, columns=dict(args.column), covers=covers)

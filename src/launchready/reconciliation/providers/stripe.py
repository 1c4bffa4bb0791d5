"""Stripe: charges by ``GET /v1/charges``, their idempotency keys by ``GET /v1/events``.

- A charge does not name the request that made it, but its events do (``request.idempotency_key``). Stripe keeps events
  for 30 days, so older charges are matched by metadata alone.
- Lists are read page by page to their end (100 objects a page). A list over ``MAX_OBJECTS`` is incomplete.
- A payment intent that was created without a charge yet counts as pending: the customer may still complete it.
- 429 and 5xx are retried by the client, as ``Retry-After`` says.
- A restricted key needs read access to Charges and Events. Nothing is ever written.
"""

import argparse
import os
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from launchready.errors import ConfigError
from launchready.reconciliation.charges import (
    AUTHORIZED,
    FAILED,
    PENDING,
    SUCCEEDED,
    Charge,
    Listing,
    ProviderError,
)
from launchready.runtime.claims.context import METADATA_KEY

if TYPE_CHECKING:
    import httpx

    from launchready.client import Client

HELP = "Stripe, with a secret or restricted key in STRIPE_SECRET_KEY"
API = "https://api.stripe.com"
VERSION = "2024-06-20"
MAX_OBJECTS = 200_000
PAGE = 100
EVENTS_KEPT = timedelta(days=30)
EVENT_TYPES = (
    "charge.succeeded", "charge.captured", "charge.failed", "charge.pending", "payment_intent.created",
    "payment_intent.succeeded", "payment_intent.amount_capturable_updated", "payment_intent.canceled",
)  # fmt: skip


class Stripe:
    """A Stripe account. ``options`` are those of ``launchready.client.Client``."""

    name = "stripe"

    def __init__(self, api_key: str, *, base_url: str = API, **options: Any) -> None:
        if not api_key:
            raise ConfigError(["stripe: no API key; set STRIPE_SECRET_KEY to a restricted key with read access"])
        headers = {"Authorization": f"Bearer {api_key}", "Stripe-Version": VERSION}
        self._options: dict[str, Any] = {
            "base_url": base_url, "headers": headers, "deadline": "60s", "retries": 6, **options,
        }  # fmt: skip

    def list_charges(self, since: datetime, until: datetime) -> Listing:
        with self._client() as client:
            return _Reader(client).list_charges(since, until)

    def find_charge(self, charge_id: str) -> Charge | None:
        with self._client() as client:
            return _Reader(client).find_charge(charge_id)

    def _client(self) -> "Client":
        from launchready.client import Client  # noqa: PLC0415 - httpx is slow to import, and --help must not wait

        return Client(**self._options)


class _Reader:
    """Reads lists through one client."""

    def __init__(self, client: "Client") -> None:
        self._client = client

    def list_charges(self, since: datetime, until: datetime) -> Listing:
        period = {"created[gte]": int(since.timestamp()), "created[lt]": int(until.timestamp()) + 1}
        objects, complete = self._read_all("/v1/charges", period)
        notes = [] if complete else [f"more than {MAX_OBJECTS} charges: shorten the period"]
        events = self._events(since, until, notes)
        keys = keys_by_object(events)
        charges = [parse_charge(one, keys) for one in objects]
        charges += open_intents(events, {str(one.get("payment_intent")) for one in objects}, keys)
        return Listing(tuple(charges), since, until, complete, tuple(notes))

    def find_charge(self, charge_id: str) -> Charge | None:
        answer = self._get(f"/v1/charges/{quote(charge_id, safe='')}", {})
        return None if answer.status_code == 404 else parse_charge(self._body(answer), {})

    def _events(self, since: datetime, until: datetime, notes: list[str]) -> list[dict[str, Any]]:
        """Events of charges and payment intents, oldest first."""
        first = max(since, until - EVENTS_KEPT)
        if first > since:
            notes.append(f"events are kept for 30 days: charges before {first:%Y-%m-%d} are matched by metadata only")
        # Events follow their charge, so the list of events has no upper bound.
        query = {"created[gte]": int(first.timestamp()), **{f"types[{n}]": name for n, name in enumerate(EVENT_TYPES)}}
        try:
            events, complete = self._read_all("/v1/events", query)
        except PermissionError:
            notes.append("the API key may not read Events: charges are matched by metadata only")
            return []
        if not complete:
            notes.append(f"more than {MAX_OBJECTS} events: some charges are matched by metadata only")
        return events[::-1]

    def _read_all(self, path: str, query: Mapping[str, object]) -> tuple[list[dict[str, Any]], bool]:
        """All objects of a list, and whether its end was reached."""
        found: dict[str, dict[str, Any]] = {}
        for page, more in self._pages(path, query):
            before = len(found)
            found |= {one["id"]: one for one in page}
            if more and len(found) == before:
                raise ProviderError(f"stripe: {path} repeats a page; the list cannot be read to its end")
            if more and len(found) >= MAX_OBJECTS:
                return list(found.values()), False
        return list(found.values()), True

    def _pages(self, path: str, query: Mapping[str, object]) -> Iterator[tuple[list[dict[str, Any]], bool]]:
        cursor: dict[str, object] = {}
        while True:
            body = self._body(self._get(path, {**query, "limit": PAGE, **cursor}))
            page, more = body.get("data"), bool(body.get("has_more"))
            if not isinstance(page, list) or (more and not page):
                raise ProviderError(f"stripe: {path} is not a list of objects")
            yield page, more
            if not more:
                return
            cursor = {"starting_after": page[-1]["id"]}

    def _get(self, path: str, query: Mapping[str, Any]) -> "httpx.Response":
        import httpx  # noqa: PLC0415 - as above

        try:
            return self._client.get(path, params=query)
        except httpx.HTTPError as error:
            raise ProviderError(f"stripe: no answer ({type(error).__name__}); nothing was settled") from None

    def _body(self, answer: "httpx.Response") -> dict[str, Any]:
        if answer.status_code == 401:
            raise ConfigError(["stripe: the API key is not valid; check STRIPE_SECRET_KEY"])
        if answer.status_code == 403 and answer.request.url.path == "/v1/events":
            raise PermissionError
        try:
            body = answer.json()
        except ValueError:
            body = None
        if answer.status_code != 200 or not isinstance(body, dict):
            raise ProviderError(f"stripe: {answer.request.url.path} answered {answer.status_code}; nothing was settled")
        return body


def keys_by_object(events: Iterable[Mapping[str, Any]]) -> Mapping[str, frozenset[str]]:
    """Idempotency keys by the id of the charge or payment intent that the request made."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for event in events:
        key = (event.get("request") or {}).get("idempotency_key")
        subject = event["data"]["object"]
        if key:
            for name in (subject.get("id"), subject.get("payment_intent"), subject.get("latest_charge")):
                if isinstance(name, str):
                    found[name].add(key)
    return {name: frozenset(keys) for name, keys in found.items()}


def open_intents(
    events: Iterable[Mapping[str, Any]], charged: Container[str], keys: Mapping[str, frozenset[str]]
) -> list[Charge]:
    """Payment intents without a charge that are not canceled, as pending charges."""
    latest = {
        event["data"]["object"]["id"]: event["data"]["object"]
        for event in events
        if str(event.get("type")).startswith("payment_intent.")
    }
    return [
        parse_charge({**one, "status": PENDING}, keys)
        for name, one in latest.items()
        if name not in charged and one.get("status") != "canceled"
    ]


def parse_charge(one: Mapping[str, Any], keys: Mapping[str, frozenset[str]]) -> Charge:
    """A charge object of the API. Metadata of a payment intent is copied to its charges by Stripe."""
    metadata = {str(name): str(value) for name, value in (one.get("metadata") or {}).items()}
    status = one.get("status")
    if status == "succeeded":
        status = SUCCEEDED if one.get("captured", True) else AUTHORIZED
    captured = one.get("amount_captured", one["amount"]) if status == SUCCEEDED else 0
    known = keys.get(one["id"], frozenset()) | keys.get(one.get("payment_intent") or "", frozenset())
    named = frozenset({metadata[METADATA_KEY]}) if METADATA_KEY in metadata else frozenset()
    return Charge(
        one["id"],
        one["amount"],
        str(one["currency"]).lower(),
        datetime.fromtimestamp(one["created"], UTC),
        status if status in {SUCCEEDED, AUTHORIZED, FAILED} else PENDING,  # an unknown status proves nothing
        captured,
        one.get("amount_refunded", 0),
        bool(one.get("disputed")),
        known | named,
        metadata,
    )


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--api-url", default=API, metavar="URL", help=argparse.SUPPRESS)


def from_arguments(args: argparse.Namespace) -> Stripe:
    return Stripe(os.environ.get("STRIPE_SECRET_KEY", ""), base_url=args.api_url)

"""The sample payment provider accepts every charge and counts it."""

from pathlib import Path

import httpx
import pytest

from launchready.demo.provider import ChargeLedger
from launchready.demo.sample_app import start_provider
from launchready.demo.servers import Servers

ORDER = {"amount": 4250, "source": "card", "metadata": {"booking_id": 7}}


@pytest.mark.parametrize(("honour_keys", "expected"), [(False, 3), (True, 2)])
def test_keys_are_honoured_only_with_honour_keys(honour_keys: bool, expected: int) -> None:
    """Two orders with one key and one without make three charges, or two where keys are honoured."""
    ledger = ChargeLedger(honour_keys=honour_keys)
    first = ledger.charge(ORDER, "key")
    second = ledger.charge(ORDER, "key")
    ledger.charge(ORDER, None)
    assert (first["id"] == second["id"]) is honour_keys
    assert ledger.by_booking() == {"7": expected}


def test_the_ledger_counts_charges_over_http(tmp_path: Path) -> None:
    """As a process of its own it answers 201 with an id each time, and shows how often a booking was charged."""
    with Servers() as servers, httpx.Client(trust_env=False) as client:
        provider = start_provider(servers, tmp_path)
        provider.wait_until_listening()
        key = {"idempotency-key": "the same"}
        answers = [client.post(f"{provider.url}/v1/charges", json=ORDER, headers=key) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [201, 201]
        assert len({answer.json()["id"] for answer in answers}) == 2
        assert client.get(f"{provider.url}/ledger").json() == {"7": 2}
    assert not provider.alive()

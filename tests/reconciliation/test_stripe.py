"""Stripe's adapter against answers that a healthy account rarely gives."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from launchready.errors import ConfigError
from launchready.reconciliation.charges import ProviderError
from launchready.reconciliation.providers.stripe import Stripe

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
KEY = "rk_" + "test_" + "1" * 20


def charge(name="ch_1", **more):
    return {"id": name, "object": "charge", "amount": 4250, "amount_captured": 4250, "amount_refunded": 0, "captured": True,
            "currency": "eur", "created": int(NOW.timestamp()) - 60, "status": "succeeded", "metadata": {}} | more  # fmt: skip


def event(kind, subject, key=None, number=1):
    return {"id": f"evt_{number}", "type": kind, "created": int(NOW.timestamp()) - 60, "data": {"object": subject},
            "request": {"id": "req_1", "idempotency_key": key}}  # fmt: skip


def intent(name="pi_1", **more):
    return {"id": name, "object": "payment_intent", "amount": 4250, "currency": "eur", "metadata": {},
            "created": int(NOW.timestamp()) - 60, "status": "requires_action"} | more  # fmt: skip


def stripe(charges=(), events=(), **options):
    """An account with these objects; an answer by path may be given instead."""
    answers = {"/v1/charges": {"data": list(charges), "has_more": False},
               "/v1/events": {"data": list(events)[::-1], "has_more": False}} | options  # fmt: skip
    asked = []

    def answer(request):
        asked.append(request)
        found = answers[request.url.path]
        return found if isinstance(found, httpx.Response) else httpx.Response(200, json=found)

    account = Stripe(KEY, transport=httpx.MockTransport(answer), retries=0)
    return account, asked


def listing(*args, days=1, **options):
    account, asked = stripe(*args, **options)
    return account.list_charges(NOW - timedelta(days=days), NOW), asked


def test_a_charge_gets_the_key_of_its_request():
    """By the event of the charge, and by that of its payment intent."""
    found, asked = listing(
        [charge(), charge("ch_2", payment_intent="pi_2")],
        [event("charge.succeeded", charge(), "key 1"),
         event("payment_intent.created", intent("pi_2"), "key 2", 2),
         event("charge.succeeded", charge("ch_2", payment_intent="pi_2"), "key 3", 3)],
    )  # fmt: skip
    assert [(one.id, sorted(one.keys)) for one in found.charges] == [("ch_1", ["key 1"]), ("ch_2", ["key 2", "key 3"])]
    assert all(request.headers["authorization"] == f"Bearer {KEY}" for request in asked)
    assert {request.method for request in asked} == {"GET"}


@pytest.mark.parametrize(
    ("more", "status", "captured"),
    [
        ({}, "succeeded", 4250),
        ({"amount_captured": 4000}, "succeeded", 4000),
        ({"captured": False, "amount_captured": 0}, "authorized", 0),
        ({"status": "pending"}, "pending", 0),
        ({"status": "failed"}, "failed", 0),
        ({"status": "a status of next year"}, "pending", 0),
    ],
)
def test_states_of_a_charge(more, status, captured):
    """Only captured money has moved."""
    found, _ = listing([charge(**more)])
    assert [(one.status, one.captured) for one in found.charges] == [(status, captured)]


def test_an_open_payment_intent_is_pending():
    """The customer may still complete it, so its key is not free; a canceled one is gone."""
    events = [event("payment_intent.created", intent(), "key 1"), event("payment_intent.created", intent("pi_2"), "key 2", 2),
              event("payment_intent.canceled", intent("pi_2", status="canceled"), None, 3)]  # fmt: skip
    found, _ = listing([], events)
    assert [(one.id, one.status, one.net, sorted(one.keys)) for one in found.charges] == [
        ("pi_1", "pending", 0, ["key 1"])
    ]


def test_without_permission_for_events():
    """Charges are matched by metadata, and the report says so."""
    found, _ = listing([charge(metadata={"launchready_key": "k"})], **{"/v1/events": httpx.Response(403, json={})})
    assert [sorted(one.keys) for one in found.charges] == [["k"]]
    assert "may not read Events" in found.notes[0]
    assert found.complete


def test_events_are_kept_for_thirty_days():
    """A longer period says what is missing."""
    found, asked = listing([charge()], days=90)
    assert "30 days" in found.notes[0]
    events = next(request for request in asked if request.url.path == "/v1/events")
    assert int(events.url.params["created[gte]"]) == int((NOW - timedelta(days=30)).timestamp())


def test_a_bound_makes_the_list_incomplete(monkeypatch):
    """A list that is cut is never taken for the whole."""
    from launchready.reconciliation.providers import stripe as module

    monkeypatch.setattr(module, "MAX_OBJECTS", 1)
    found, _ = listing(**{"/v1/charges": {"data": [charge()], "has_more": True}})
    assert not found.complete
    assert "shorten the period" in found.notes[0]


@pytest.mark.parametrize(
    ("answer", "error", "text"),
    [
        (httpx.Response(401, json={}), ConfigError, "not valid"),
        (httpx.Response(500, json={}), ProviderError, "answered 500"),
        (httpx.Response(200, text="<html>"), ProviderError, "answered 200"),
        (httpx.Response(200, json=[]), ProviderError, "answered 200"),
        ({"data": "none", "has_more": False}, ProviderError, "not a list"),
        ({"data": [], "has_more": True}, ProviderError, "not a list"),
        ({"data": [charge()], "has_more": True}, ProviderError, "repeats a page"),
    ],
)
def test_answers_that_are_no_list(answer, error, text):
    """An error, and nothing is judged by half a list."""
    with pytest.raises(error, match=text):
        listing(**{"/v1/charges": answer})


def test_one_charge_by_its_id():
    """An id is a name, never a path; an unknown one is None."""
    account, asked = stripe(**{"/v1/charges/ch_1": charge(), "/v1/charges/ch_2": httpx.Response(404, json={}),
                               "/v1/charges/../balance": httpx.Response(404, json={})})  # fmt: skip
    assert account.find_charge("ch_1").amount == 4250
    assert account.find_charge("ch_2") is None
    assert account.find_charge("../balance") is None
    assert asked[-1].url.raw_path == b"/v1/charges/..%2Fbalance"

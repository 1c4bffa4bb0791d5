"""Nested records keep their shape, are never modified, and always end."""

import collections
import copy
import dataclasses
import datetime as dt
import types
from typing import Any, NamedTuple

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from launchready.redaction.text import redact

MAIL = "jo.doe" + "@coach.example"
TOKEN = "aB3dE5gH7jK9mN1pQ" + "2rS"
Point = collections.namedtuple("Point", "email n")  # noqa: PYI024  # the untyped kind is the one under test


@dataclasses.dataclass(frozen=True)
class Client:
    """A frozen dataclass."""

    email: str
    plan: str


class Login(NamedTuple):
    """A named tuple, whose fields are keys."""

    user: str
    password: str


@attrs.frozen
class Card:
    """An attrs class."""

    cvc: str
    brand: str


class Guest(BaseModel):
    """A pydantic model."""

    email: str
    seats: int


RECORDS: list[tuple[Any, Any]] = [
    ({"password": "hunter2x9", "plan": "basic", "n": 3}, {"password": "[password]", "plan": "basic", "n": 3}),
    ({"otp": 482913, "amount": 482913}, {"otp": "[otp]", "amount": 482913}),
    ({"a": [{"email": MAIL}, (1, MAIL)]}, {"a": [{"email": "[email]"}, (1, "[email]")]}),
    ({"credentials": {"user": "jo", "value": ["abc", 7, True, None]}}, {"credentials": {"user": "jo", "value": ["[generic_key]", 7, True, None]}}),
    ({"card": {"number": "4242424242424242", "cvc": "123", "exp_month": 12}}, {"card": {"number": "[card ****4242]", "cvc": "[cvc]", "exp_month": 12}}),
    ({"user": {"name": "Jo", "email": MAIL}}, {"user": {"name": "[name]", "email": "[email]"}}),
    ({"name": "Evening Yoga", "plan": "basic"}, {"name": "Evening Yoga", "plan": "basic"}),
    ({"name": "token", "value": TOKEN}, {"name": "token", "value": "[generic_key]"}),
    ([(b"authorization", b"Bearer " + TOKEN.encode())], [(b"authorization", b"Bearer [bearer]")]),
    (MAIL.encode(), b"[email]"),
    ({MAIL: 1}, {"[email]": 1}),
    ({MAIL}, {"[email]"}),
    (Point(MAIL, 1), Point("[email]", 1)),
    (Client(MAIL, "basic"), Client("[email]", "basic")),
    (Guest(email=MAIL, seats=2), Guest(email="[email]", seats=2)),
    (4242424242424242, "[card ****4242]"),
    (Login("jo", "hunter2x9"), Login("jo", "[password]")),
    (Card("123", "visa"), Card("[cvc]", "visa")),
    (types.SimpleNamespace(password="hunter2x9"), types.SimpleNamespace(password="[password]")),
    (collections.deque([MAIL], maxlen=3), collections.deque(["[email]"], maxlen=3)),
    (collections.UserList([MAIL]), collections.UserList(["[email]"])),
    (collections.ChainMap({"n": 1}, {"password": "hunter2x9"}), {"n": 1, "password": "[password]"}),
    ({"dob": dt.date(1990, 4, 12), "at": dt.date(2026, 1, 1)}, {"dob": "[dob]", "at": dt.date(2026, 1, 1)}),
    ({"password": 12345678, "n": 12345678}, {"password": "[password]", "n": 12345678}),
    ({("to", MAIL): 1}, {("to", "[email]"): 1}),
]  # fmt: skip


@pytest.mark.parametrize(("record", "expected"), RECORDS)
def test_record(record, expected):
    """The redacted record has the same shape and type, the caller's record is unchanged, and one pass is enough."""
    before = copy.deepcopy(record)
    clean = redact(record)
    assert clean == expected
    assert record == before
    assert redact(clean) == clean


@pytest.mark.parametrize(
    "value", [None, True, 3, 2.5, "plain", b"\xff\xfe", {"a": [1]}, (1,), {1}, dt.date(2026, 1, 1), object()]
)
def test_clean_value_is_the_same_object(value):
    """A value with nothing to hide is returned as the same object."""
    assert redact(value) is value


def test_refused_input_is_hidden():
    """A pydantic error shows a refused input of any type under the name of the field; it is hidden."""

    class Account(BaseModel):
        password: str

    with pytest.raises(ValidationError) as caught:
        Account(password={"value": "hunter2x9"})
    assert "input_value=[password], input_type=dict" in str(redact(caught.value))
    assert "hunter2x9" in str(caught.value)


def test_memoryview():
    """A memoryview is returned as a memoryview."""
    assert redact(memoryview(b"password=hunter2x9")) == memoryview(b"password=[password]")
    assert redact(memoryview(b"\xffplain")) == memoryview(b"\xffplain")


def test_mapping_types():
    """An OrderedDict and a defaultdict keep their type."""
    ordered = redact(collections.OrderedDict(password="hunter2x9"))
    assert ordered == collections.OrderedDict(password="[password]")
    assert isinstance(ordered, collections.OrderedDict)
    default = redact(collections.defaultdict(list, {"token": TOKEN}))
    assert isinstance(default, collections.defaultdict)


def test_exception_chain():
    """An exception keeps its class; arguments, cause and context of the copy are redacted."""
    cause = ConnectionError(f"cannot mail {MAIL}")
    error = ValueError("failed", MAIL)
    error.__cause__ = cause
    clean = redact(error)
    assert isinstance(clean, ValueError)
    assert clean.args == ("failed", "[email]")
    assert str(clean.__cause__) == "cannot mail [email]"
    assert (error.args, error.__cause__) == (("failed", MAIL), cause)


def test_exception_that_cannot_be_copied():
    """A plain exception with redacted text replaces an exception whose text comes from elsewhere."""

    class Own(Exception):
        def __str__(self) -> str:
            return MAIL

    assert str(redact(Own())) == "Own: [email]"


def test_depth_and_cycles():
    """Ten thousand levels, and a record that contains itself, end in a marker."""
    deep: list[Any] = [MAIL]
    for _ in range(10_000):
        deep = [deep]
    assert MAIL not in str(redact(deep))
    circle: dict[str, Any] = {"email": MAIL}
    circle["self"] = circle
    assert redact(circle)["email"] == "[email]"
    wide: list[Any] = [1]
    for _ in range(60):
        wide = [wide, wide]
    assert "too many" in repr(redact(wide))[:10_000_000]


def test_record_that_raises():
    """An object whose parts cannot be read becomes a marker, and nothing is raised."""

    class Bad(dict[str, str]):
        def items(self) -> Any:
            raise RuntimeError("no")

    assert redact(Bad(a="b")) == "[redacted]"


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20) | st.binary(max_size=20) | st.sampled_from([MAIL, TOKEN, "482913"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8) | st.sampled_from(["password", "otp", "email", "name", "token", "card"]), inner, max_size=4) | st.tuples(inner, inner),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(VALUES)
def test_any_record(record):
    """Any record: no exception, no change to the argument, and a second pass changes nothing."""
    before = copy.deepcopy(record)
    once = redact(record)
    assert record == before
    assert redact(once) == once

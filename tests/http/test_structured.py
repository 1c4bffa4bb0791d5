"""Structured Fields, strictly (RFC 9651)."""

import pytest

from launchready.http.structured import Item, Token, parse_dictionary, parse_list


@pytest.mark.parametrize(
    ("value", "members"),
    [
        (b"", {}),
        (b"max-age=60", {"max-age": Item(60)}),
        (b"a, b=?0,c=?1", {"a": Item(True), "b": Item(False), "c": Item(True)}),
        (b'a="x \\" \\\\", b=tok/en', {"a": Item('x " \\'), "b": Item(Token("tok/en"))}),
        (b"a=1.5;p;q=2 ,\t b=-3", {"a": Item(1.5, {"p": True, "q": 2}), "b": Item(-3)}),
        (b"a=:aGk=:", {"a": Item(b"hi")}),
        (b'a=("x" y;z);w', {"a": Item([Item("x"), Item(Token("y"), {"z": True})], {"w": True})}),
        (b"a=()", {"a": Item([])}),
        (b"a=1, a=2", {"a": Item(2)}),
    ],
)
def test_dictionaries(value, members):
    """Everything that §3.2 allows is parsed with its types."""
    assert parse_dictionary(value) == members


@pytest.mark.parametrize(
    "value",
    [
        b"Max-Age=60", b"a=1,", b"a=1,,b", b"a b", b"a =1", b"a= 1", b"a=1 b=2", b"a=1.", b"a=1.2345", b"a='1'", b'a="x',
        b"a=\xff", b"a=(1", b"a=(1,2)", b"a=:!:", b"a=:a:", b"a=1234567890123456", b"a=&", b"max-age=10, &&", b"\ta=1", b"a;",
        b"a=@1659578233", b"a=?2",
    ],
)  # fmt: skip
def test_one_wrong_character(value):
    """One wrong character invalidates the whole field (§4.2)."""
    assert parse_dictionary(value) is None


def test_lists():
    """Members keep their order; surrounding text invalidates the list."""
    assert parse_list(b'"a", "b";x, c') == [Item("a"), Item("b", {"x": True}), Item(Token("c"))]
    assert parse_list(b"") == []
    for broken in (b'"a" "b"', b'"a",', b"(", b'"a\x00"'):
        assert parse_list(broken) is None

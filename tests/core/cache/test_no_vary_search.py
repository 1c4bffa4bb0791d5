"""Parsing of No-Vary-Search."""

import pytest

from launchready.core.cache.no_vary_search import NoVarySearch, parse


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (b"key-order", NoVarySearch(frozenset(), False, True)),
        (b"params", NoVarySearch(frozenset(), True, False)),
        (b'params=("a" "b")', NoVarySearch(frozenset({"a", "b"}), False, False)),
        (b'params, except=("a")', NoVarySearch(frozenset({"a"}), True, False)),
        (b'key-order, params, except=("a")', NoVarySearch(frozenset({"a"}), True, True)),
        (b"", None), (b"params=?0", None), (b"key-order=?0", None), (b"params=1", None), (b"params=(a)", None),
        (b'params=("a"), except=("b")', None), (b'except=("a")', None), (b"key-order=1", None), (b"params, ", None),
        (b'key-order, except=("a")', None),
    ],
)  # fmt: skip
def test_rules(value, rule):
    """An unreadable field has no effect: every query has its own entry."""
    assert parse(value) == rule

"""Tables of plain text."""

from launchready.demo.table import columns, table


def test_long_cells_are_wrapped_and_columns_stay_aligned() -> None:
    """Every line fits, and cells stay aligned with their columns."""
    text = table(("tried", "seen"), [("a short one", "a text that is longer than its column is wide")], (12, 20))
    assert text.splitlines() == [
        "------------  --------------------",
        "tried         seen",
        "------------  --------------------",
        "a short one   a text that is",
        "              longer than its",
        "              column is wide",
        "------------  --------------------",
    ]


def test_numbers_align_to_the_right() -> None:
    """The first column aligns to the left, all others to the right."""
    assert columns([("route", "n"), ("GET /", "1,000")]) == "route      n\nGET /  1,000"

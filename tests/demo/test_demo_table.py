"""Tables of plain text."""

from launchready.demo.table import columns, table


def test_long_cells_are_wrapped_and_columns_stay_aligned() -> None:
    """Every line fits, and each cell starts where its column does."""
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


def test_numbers_stand_to_the_right() -> None:
    """The first column to the left, the others to the right."""
    assert columns([("route", "n"), ("GET /", "1,000")]) == "route      n\nGET /  1,000"

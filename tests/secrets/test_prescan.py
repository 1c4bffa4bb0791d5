"""The glance before the readers: it never says no where a reader finds something."""

import planted
import pytest
from test_scan_text import MAKE, SECRETS, made

from launchready.secrets.file_context import context_of
from launchready.secrets.prescan import may_hold_secret
from launchready.secrets.scan_text import find_secrets


@pytest.mark.parametrize(("path", "line", "kind"), SECRETS)
def test_never_no_where_a_reader_finds_something(path, line, kind):
    """As a line of a patch, of every kind of secret."""
    for number in range(5):
        MAKE.random.seed(f"{path} {line} {number}")
        text = line.replace("%s", made(kind)).replace("%%", "%")
        if find_secrets(text, context_of(path)):
            patch = "".join(f"+{one}\n" for one in text.split("\n"))
            assert may_hold_secret(patch.encode(), context_of(path))


@pytest.mark.parametrize(
    "kind", sorted(name[1:] for name in dir(planted.Maker) if name.startswith("_") and not name.startswith("__"))
)
def test_a_key_alone(kind):
    """Without a name beside it."""
    maker = planted.Maker(3)
    for _ in range(40):
        text = f"+x({maker.make(kind)!r})\n"
        if find_secrets(text, context_of("a.py")):
            assert may_hold_secret(text.encode(), context_of("a.py")), text


def test_no():
    """What most of a history is."""
    assert not may_hold_secret(b"+def book(slot):\n+    return slot + 1\n-import os\n", context_of("a.py"))

"""The filter before the readers passes every text in which a reader finds a secret."""

import planted
import pytest
from test_scan_text import MAKE, SECRETS, make

from launchready.secrets.file_context import context_of
from launchready.secrets.prescan import may_hold_secret
from launchready.secrets.scan_text import find_secrets


@pytest.mark.parametrize(("path", "line", "kind"), SECRETS)
def test_the_filter_passes_every_secret(path, line, kind):
    """Every kind of secret, as a line of a patch."""
    for number in range(5):
        MAKE.random.seed(f"{path} {line} {number}")
        text = line.replace("%s", make(kind)).replace("%%", "%")
        if find_secrets(text, context_of(path)):
            patch = "".join(f"+{one}\n" for one in text.split("\n"))
            assert may_hold_secret(patch.encode(), context_of(path))


@pytest.mark.parametrize(
    "kind", sorted(name[1:] for name in dir(planted.Maker) if name.startswith("_") and not name.startswith("__"))
)
def test_a_key_without_a_name_passes(kind):
    """A key that has no name next to it passes the filter."""
    maker = planted.Maker(3)
    for _ in range(40):
        text = f"+x({maker.make(kind)!r})\n"
        if find_secrets(text, context_of("a.py")):
            assert may_hold_secret(text.encode(), context_of("a.py")), text


def test_ordinary_code_is_rejected():
    """Ordinary code, which is most of a history, does not pass."""
    assert not may_hold_secret(b"+def book(slot):\n+    return slot + 1\n-import os\n", context_of("a.py"))

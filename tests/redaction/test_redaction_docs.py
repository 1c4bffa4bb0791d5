"""The page about redaction: its code runs, and says what it says."""

import re
from pathlib import Path

from launchready import redaction

PAGE = Path(__file__).parents[2] / "docs" / "redaction.md"


def test_the_code_of_the_page_runs():
    """Every block of Python runs, its assertions included."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 2
    try:
        for block in blocks:
            exec(compile(block, str(PAGE), "exec"), {})
    finally:
        redaction.uninstall()

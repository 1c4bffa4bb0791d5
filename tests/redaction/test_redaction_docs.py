"""The code in docs/redaction.md runs, and its assertions hold."""

import re
from pathlib import Path

from launchready import redaction

PAGE = Path(__file__).parents[2] / "docs" / "redaction.md"


def test_code_of_the_page():
    """Every Python block runs, its assertions included."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 2
    try:
        for block in blocks:
            exec(compile(block, str(PAGE), "exec"), {})
    finally:
        redaction.uninstall()

"""Writes docs/findings/: one page a code, from the rule's own words. ``python docs/write_findings.py``."""

from pathlib import Path

from launchready.checks.catalogue import rules
from launchready.checks.explain import page

FOLDER = Path(__file__).parent / "findings"

if __name__ == "__main__":
    for one in (each for each in rules() if not each.local):  # these are written by hand
        (FOLDER / f"{one.code}.md").write_text(page(one), encoding="utf-8")

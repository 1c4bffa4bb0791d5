"""The report for programs: ``Report.to_dict()`` as JSON."""

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from launchready.checks.report import Report


def render(report: "Report") -> str:
    return json.dumps(report.to_dict(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"

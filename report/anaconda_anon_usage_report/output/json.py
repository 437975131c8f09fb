"""Print a report as JSON."""

from __future__ import annotations

import json

from ..results import Report


def print_json(report: Report) -> None:
    """Print one object: ``totals``, each table by name, and ``skipped_lines``.

    It is ASCII, so that no name in it can do anything to a terminal.
    """
    skipped = [skip._asdict() for skip in report.skipped]
    value = {"totals": report.totals, **report.tables, "skipped_lines": skipped}
    print(json.dumps(value, indent=2))

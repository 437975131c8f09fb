"""Run the command, and compare its output with the tally of a fleet."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fleet.tally import Row, Tally

from anaconda_anon_usage_report import cli


def report(*arguments: object, minimum: int = 1) -> dict[str, Any]:
    """Return the JSON of the command.

    Args:
        arguments: its arguments.
        minimum: the size of the smallest group that is shown.
    """
    output, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        status = cli.main([*map(str, arguments), "--json", "--min-clients", str(minimum)])
    assert status == 0, errors.getvalue()
    result: dict[str, Any] = json.loads(output.getvalue())
    return result


def sorted_rows(rows: Sequence[Row]) -> list[str]:
    """Return rows in a form and an order that do not depend on the order of a report."""
    return sorted(json.dumps(row, sort_keys=True) for row in rows)


def check(found: dict[str, Any], tally: Tally) -> None:
    """Compare the JSON of the command with a tally: each total, and each row of each table."""
    expected = tally.totals()
    totals = {name: value for name, value in found["totals"].items() if name in expected}
    assert totals == expected
    for name, rows in tally.tables().items():
        assert (name, sorted_rows(found[name])) == (name, sorted_rows(rows))


def read_csv(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))

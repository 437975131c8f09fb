"""Run the command, and compare its output with the tally of a fleet."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fleet.tally import Row, Tally

from anaconda_anon_usage_report import cli
from anaconda_anon_usage_report.measures.definitions import SUFFIXES


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


def variants(counts: Mapping[str, int | None], lasting: int | None = 0) -> dict[str, int | None]:
    """Return counts for each population, in which no client is lasting or a mirror.

    Args:
        counts: the counts.
        lasting: the counts of lasting clients.
    """
    values = {"": counts, "_without_mirrors": counts, "_lasting": dict.fromkeys(counts, lasting)}
    return {name + suffix: value for suffix in SUFFIXES for name, value in values[suffix].items()}


def totals_of_a_day(
    counts: Mapping[str, int | None], lines_read: int, lines_skipped: int = 0
) -> dict[str, int | None]:
    """Return the totals of less than a day, in which all requests have a client token.

    Args:
        counts: those that are not 0.
        lines_read: the number of lines.
        lines_skipped: the number of lines that are no requests.
    """
    medians = {name: counts.get(name) for name in ("environments_per_client", "update_gap")}
    others = {name: value for name, value in counts.items() if name not in medians}
    none = dict.fromkeys(("organizations", "machines", "installers"), 0)
    return {
        **variants({**none, **others}),
        **variants(medians, lasting=None),
        "requests_without_client": 0,
        "lasting_clients": 0,
        "single_day_clients": 0,
        "too_new_clients": counts["clients"],
        "mirrors": 0,
        "lines_read": lines_read,
        "lines_skipped": lines_skipped,
    }


def read_csv(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))

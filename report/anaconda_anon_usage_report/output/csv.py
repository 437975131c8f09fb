"""Write a report as CSV files."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..measures.definitions import TABLES
from ..results import Report
from .escape import for_spreadsheet


def write_csv(report: Report, directory: Path) -> list[Path]:
    """Write each table, ``totals`` and ``skipped_lines`` to a file of its name.

    Args:
        report: The report.
        directory: The directory, which is created if it does not exist.

    Returns:
        The files.

    Raises:
        OSError: The directory or a file cannot be written.
    """
    directory.mkdir(parents=True, exist_ok=True)
    tables: dict[str, tuple[Sequence[str], Iterable[Mapping[str, Any]]]] = {
        "totals": (tuple(report.totals), [report.totals]),
    }
    for name, rows in report.tables.items():
        tables[name] = (tuple(rows[0]) if rows else TABLES[name].columns, rows)
    skipped = [skip._asdict() for skip in report.skipped]
    tables["skipped_lines"] = (("file", "line", "reason"), skipped)
    written = []
    for name, (columns, lines) in tables.items():
        path = directory / f"{name}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(columns)
            writer.writerows([for_spreadsheet(row[column]) for column in columns] for row in lines)
        written.append(path)
    return written

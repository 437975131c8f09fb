"""Make the report: the totals and tables, as they are written."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import ibis.expr.types as ir

from .measures import GROUPED, count_periods
from .measures.counting import Row
from .measures.data import Data, prepare
from .measures.definitions import AGES, GAPS, MEASURES, TABLES, TOTALS
from .measures.downloads import unused_packages
from .measures.options import ReportOptions
from .reading import Reading, Skip
from .small_groups import OTHER, count_groups, mask

#: Measures that are missing, and not 0, where there is nothing to measure.
_MEDIANS = ("environments_per_client", "update_gap")
_CHANGES = ("new", "returning", "lost")


@dataclass(frozen=True)
class Report:
    """A report.

    Args:
        totals: The value of each measure in TOTALS, and the numbers of lines, by name.
        tables: The rows of each table, by name.
        by: The length of the periods, or None.
        skipped: File, line number and reason of the first lines skipped.
    """

    totals: Row
    tables: dict[str, list[Row]]
    by: str | None
    skipped: Sequence[Skip]


def make_report(
    requests: ir.Table,
    reading: Reading,
    options: ReportOptions,
    names: Sequence[str] = tuple(TABLES),
) -> Report:
    """Count everything.

    Args:
        requests: The requests read: a table that ``prepare`` takes.
        reading: The exhausted reading, which knows the numbers of lines.
        options: The options of the report.
        names: The tables to make.
    """
    with contextlib.ExitStack() as stack:

        def keep(table: ir.Table) -> ir.Table:
            kept: ir.Table = stack.enter_context(table.cache()).cast(table.schema())
            return kept

        data = prepare(requests, options, keep)
        periods = count_periods(data)
        whole = periods if options.by is None else count_periods(data, overall=True)
        totals = _complete(whole.get(0, {}), _names(TOTALS, options))
        tables: dict[str, list[Row]] = {}
        for name in names:
            if name == "periods":
                tables[name] = _periods(data, periods)
            elif name == "unused_packages":
                tables[name] = unused_packages(data)
            else:
                rows = count_groups(
                    GROUPED[name](data), data.clients, TABLES[name], options.min_clients
                )
                tables[name] = [_readable(row, data) for row in rows]
    totals = mask(totals, options.min_clients)
    totals.update(lines_read=reading.lines_read, lines_skipped=reading.lines_skipped)
    return Report(totals, tables, options.by, reading.skipped)


def _names(measures: Sequence[str], options: ReportOptions) -> list[str]:
    chosen = [name for name in measures if name != "accounts" or options.accounts]
    return [name for measure in chosen for name in MEASURES[measure].names]


def _complete(row: Row, names: Sequence[str]) -> Row:
    """Return a row with 0 for counts of nothing."""
    return {name: row.get(name, None if name.startswith(_MEDIANS) else 0) for name in names}


def _periods(data: Data, counts: dict[int, Row]) -> list[Row]:
    """Return the rows of the table of periods, with a row for periods without requests."""
    calendar = data.calendar
    names = _names(TABLES["periods"].measures, data.options)
    rows = []
    for number in calendar.periods:
        row = _complete(counts.get(number, {}), names)
        if not calendar.reaches_back(number):
            row.update(dict.fromkeys(name for name in names if name.startswith(_CHANGES)))
        head = {"period": calendar.label(number), "incomplete": calendar.incomplete(number)}
        rows.append({**head, **mask(row, data.options.min_clients)})
    return rows


def _readable(row: Row, data: Data) -> Row:
    """Return a row of a grouped table with names instead of the engine's keys."""
    labels: dict[str, Callable[[Any], Any]] = {
        "period": data.calendar.label,
        "status_class": lambda digit: f"{digit}xx",
        "gap": lambda position: GAPS[position][0],
        "age": lambda position: AGES[position][0],
    }
    readable = {}
    for name, value in row.items():
        label = labels.get(name)
        readable[name] = label(value) if label and value != OTHER else value
        if value == "":
            readable[name] = None
    return readable

"""Print a report as tables for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table as Grid
from rich.text import Text

from ..measures.counting import Row
from ..measures.definitions import (
    KEYS,
    MEASURES,
    POPULATIONS,
    TABLES,
    TOTALS,
    Table,
)
from ..results import Report
from .escape import printable
from .values import MISSING, measure_of, shown_period, text_of, title_of

#: Columns of the table of periods, as many as fit. JSON and CSV have all.
_OF_PERIODS = (
    ("clients", "clients_lasting", "new", "returning", "lost", "environments", "sessions")
    + ("heartbeats", "downloads", "bytes"),
    ("clients", "clients_lasting", "new", "lost", "heartbeats", "downloads"),
    ("clients", "heartbeats", "downloads"),
)
_CHANGES = ("new", "returning", "lost")
_SKIPS_SHOWN = 5


def print_tables(report: Report, console: Console, top: int) -> None:
    """Print the tables that are not empty.

    Args:
        report: The report.
        console: The terminal or file to print to.
        top: The number of rows of a table to print at most.
    """
    periods = report.tables.get("periods", [])
    console.print(_totals(report.totals, periods if report.by is None else []))
    if periods and report.by:
        console.print(_fitting(console, [_periods(periods, names) for names in _OF_PERIODS]))
    shown = None
    for name, rows in report.tables.items():
        if report.by and rows and "period" in TABLES[name].keys:
            # Without the table of periods it is not known which of them are complete.
            shown = shown_period(periods) or rows[-1]["period"]
            rows = [row for row in rows if row["period"] == shown]
        if rows and name != "periods":
            table = TABLES[name]
            grids = [_grouped(table, names, rows, top, shown) for names in _choices(table)]
            console.print(_fitting(console, grids))
            console.print()
    _print_skipped(report, console)


def _totals(totals: Row, periods: Sequence[Row]) -> Grid:
    """Return the table of totals, with the clients that came and went in a single period."""
    grid = _grid("Totals", "")
    grid.add_column("")
    for title, _ in POPULATIONS.values():
        grid.add_column(title, justify="right")
    for row, names in ((totals, TOTALS), *((period, _CHANGES) for period in periods[:1])):
        for name in names:
            measure = MEASURES[name]
            if name in row:
                grid.add_row(measure.title, *(text_of(row[n], measure) for n in measure.names))
    for name, title in (("lines_read", "Lines read"), ("lines_skipped", "Lines skipped")):
        grid.add_row(title, f"{totals[name]:,}")
    return grid


def _fitting(console: Console, grids: Sequence[Grid]) -> Grid:
    """Return the first grid that is not too wide, or else the last one."""
    for grid in grids:
        if (
            Measurement.get(console, console.options.update(width=10_000), grid).maximum
            <= console.width
        ):
            return grid
    return grids[-1]


def _choices(table: Table) -> list[list[str]]:
    """Return choices of columns: all populations, those of the first measure, none."""
    measures = [MEASURES[name] for name in table.measures]
    every = [name for measure in measures for name in measure.names]
    plain = [measure.name for measure in measures]
    return [every, [*(measures[0].names if measures else ()), *plain[1:]], plain]


def _periods(rows: Sequence[Row], names: Sequence[str]) -> Grid:
    marked = any(row["incomplete"] for row in rows)
    grid = _grid("Periods", "* incomplete" if marked else "")
    grid.add_column(KEYS["period"].title, no_wrap=True)
    for name in names:
        grid.add_column(title_of(name).replace(" ", "\n"), justify="right")
    for row in rows:
        mark = " *" if row["incomplete"] else ""
        cells = (text_of(row[name], measure_of(name)) for name in names)
        grid.add_row(Text(row["period"] + mark), *cells)
    return grid


def _grouped(
    table: Table, names: Sequence[str], rows: Sequence[Row], top: int, period: str | None
) -> Grid:
    title = f"{table.title}, {period}" if period and "period" in table.keys else table.title
    more = f" {len(rows) - top:,} more rows: see --top." if len(rows) > top else ""
    grid = _grid(title, table.sentence + more)
    keys = [key for key in table.keys if key != "period"]
    for key in keys:
        grid.add_column(KEYS[key].title, overflow="fold")
    for name in names:
        grid.add_column(title_of(name).replace(" ", "\n"), justify="right")
    for row in rows[:top]:
        cells = [Text(MISSING if row[k] is None else printable(str(row[k]))) for k in keys]
        grid.add_row(*cells, *(text_of(row[name], measure_of(name)) for name in names))
    return grid


def _print_skipped(report: Report, console: Console) -> None:
    skipped = report.skipped
    if not skipped:
        return
    reasons = Counter(skip.reason for skip in skipped)
    first = f"first {len(skipped):,} " if len(skipped) < report.totals["lines_skipped"] else ""
    counts = ", ".join(f"{reason} ({number:,})" for reason, number in sorted(reasons.items()))
    console.print(Text(f"Reasons of the {first}skipped lines: {counts}"))
    for skip in skipped[:_SKIPS_SHOWN]:
        console.print(Text(f"  {printable(skip.file)}:{skip.line}: {skip.reason}"), soft_wrap=True)
    if len(skipped) > _SKIPS_SHOWN:
        console.print(Text("  ..."))


def _grid(title: str, caption: str) -> Grid:
    return Grid(
        title=Text(title, style="bold"),
        caption=Text(caption, style="dim") if caption else None,
        title_justify="left",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )

"""Choose what the page shows: the report's values, and the definitions that belong to them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from ...measures.counting import Row
from ...measures.definitions import (
    KEYS,
    LABELS,
    MEASURES,
    POPULATIONS,
    TABLES,
    TOTALS,
    Table,
)
from ...results import Report
from ...small_groups import OTHER
from ..escape import printable
from ..values import MISSING, measure_of, shown_period, text_of, title_of
from .model import Bars, Card, Cell, Chart, Content, Grid, Heading, Series

#: The numbers at the top.
_CARDS = (
    *("clients", "clients_lasting", "environments", "heartbeats"),
    *("downloads", "update_gap", "new", "lost"),
)
#: Charts of the table of periods: name, kind and measures.
_OVER_TIME: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("clients", "lines", ("clients", "clients_lasting", "environments")),
    ("heartbeats", "columns", ("heartbeats",)),
    ("downloads", "columns", ("downloads",)),
    ("changes", "changes", ("new", "lost")),
    ("returning", "columns", ("returning",)),
    ("updates", "columns", ("updates",)),
)
#: Tables with a chart of the shares of their groups over time.
_SHARES = ("download_ages", "conda_versions", "python_versions", "systems", "cpus")
#: Tables with bars.
_BARS = ("packages", "channels", "update_gaps")

#: The names of everything that is not among the first groups, and of a missing group.
REST, UNKNOWN = "All others", "unknown"
#: What is said of groups of versions.
SERIES = "Versions with the same first two numbers are added up."

#: Limits that keep the page small.
PERIODS_SHOWN, GROUPS_SHOWN, BARS_SHOWN, ROWS_SHOWN = 400, 6, 12, 50


def choose(report: Report) -> Content:
    """Choose what the page shows of a report."""
    every = report.tables.get("periods", [])
    rows = every[-PERIODS_SHOWN:]
    period = shown_period(every)
    at = next((n for n, row in enumerate(rows) if row["period"] == period), 0)
    now = rows[at] if rows else report.totals
    before = rows[at - 1] if at and not rows[at - 1]["incomplete"] else None
    names = [row["period"] for row in rows]
    charts = [_over_time(*chart, rows=rows) for chart in _OVER_TIME] if rows else []
    charts += [_shares(name, report.tables.get(name, []), names) for name in _SHARES if rows]
    current = {name: _of_period(report, name, period) for name in report.tables}
    drawn = ("periods", *_BARS)
    return Content(
        report=report,
        unit=report.by or "period",
        period=period,
        complete=bool(rows) and not now["incomplete"],
        before=before["period"] if before else None,
        periods=names,
        incomplete=[row["incomplete"] for row in rows],
        earlier=len(every) - len(rows),
        cards=[_card(name, now, before, rows[: at + 1]) for name in _CARDS if name in now],
        charts={chart.name: chart for chart in charts if chart.series},
        bars={name: _bars(name, current[name]) for name in _BARS if current.get(name)},
        grids=[_grid(TABLES[n], found) for n, found in current.items() if found and n not in drawn],
        numbers=_numbers(report.totals, now if rows else None, period),
        skipped=_reasons(report),
        definitions=list(_definitions()),
    )


def _of_period(report: Report, name: str, period: str | None) -> list[Row]:
    rows = report.tables[name]
    if "period" not in TABLES[name].keys:
        return rows
    return [row for row in rows if row["period"] == period]


def _card(name: str, now: Row, before: Row | None, rows: Sequence[Row]) -> Card:
    value = now[name]
    past = before[name] if before else None
    change = None
    if isinstance(value, int) and isinstance(past, int) and past:
        change = f"{(value - past) / past * 100:+.1f}%".replace("-", "−")
    history = [_integer(row[name]) for row in rows if not row["incomplete"]]
    cell = _cell(name, past) if past is not None else None
    return Card(name, title_of(name), _sentence(name), _cell(name, value), cell, change, history)


def _over_time(name: str, kind: str, measures: Sequence[str], rows: Sequence[Row]) -> Chart:
    series = [
        Series(title_of(measure), _sentence(measure), [row[measure] for row in rows], color)
        for color, measure in enumerate(measures)
        if any(row[measure] is not None for row in rows)
    ]
    titles = [_phrase(measure) for measure in measures]
    title = (", ".join(titles[:-1]) + (" and " if titles[1:] else "") + titles[-1]).capitalize()
    headings = [Heading(title_of(measure), measure_of(measure).name) for measure in measures]
    cells = [[_cell(measure, row[measure]) for measure in measures] for row in rows]
    sentence = "" if titles[1:] else _sentence(measures[0])
    return Chart(
        name, kind, title, sentence, series, _by_period(name, title, headings, rows, cells)
    )


def _by_period(
    name: str,
    title: str,
    headings: Sequence[Heading],
    periods: Sequence[Row],
    cells: Sequence[Sequence[Cell]],
) -> Grid:
    """Return a table with a row for each period, the last one first."""
    first = Heading(KEYS["period"].title, "period", number=False)
    rows = []
    for row, values in zip(periods, cells, strict=True):
        mark = " *" if row["incomplete"] else ""
        rows.append([Cell(row["period"], row["period"] + mark, number=False), *values])
    return Grid(name, title, "", [first, *headings], rows[::-1])


def _shares(name: str, rows: Sequence[Row], periods: Sequence[str]) -> Chart:
    """Return the chart of a table whose groups share the clients of each period."""
    table = TABLES[name]
    versions, labels = name.endswith("versions"), LABELS.get(table.keys[-1])
    values: dict[str, dict[str, list[Any]]] = {}
    for row in rows:
        group = _group(table, row, versions)
        values.setdefault(group, {}).setdefault(row["period"], []).append(row["clients"])
    rest = values.pop(REST, {})
    shown = sorted(values, key=lambda group: (-_size(values[group]), group))
    for group in shown[GROUPS_SHOWN:]:
        for period, clients in values[group].items():
            rest.setdefault(period, []).extend(clients)
    shown = shown[:GROUPS_SHOWN]
    if versions:
        shown.sort(key=_version, reverse=True)
    elif labels:
        places = {label: place for place, (label, _) in enumerate(labels)}
        shown.sort(key=lambda group: places.get(group, 0))
    series = [
        Series(group, "", [_together(values[group].get(period, [])) for period in periods], color)
        for color, group in enumerate(shown)
    ]
    if rest:
        others = [_together(rest.get(period, [])) for period in periods]
        series.append(Series(REST, "", others, None))
    headings = [Heading(one.name, "clients") for one in series]
    cells = [[_cell("clients", one.values[n]) for one in series] for n in range(len(periods))]
    marks = [{"period": period, "incomplete": False} for period in periods]
    grid = _by_period(name, table.title, headings, marks, cells)
    sentence = f"{table.sentence} {SERIES}" if versions else table.sentence
    ordered = versions or labels is not None
    return Chart(name, "shares", table.title, sentence, series, grid, ordered)


def _together(values: Sequence[Any]) -> int | str | None:
    """Return the sum of values, or the only one; None if a part of the sum is masked."""
    if len(values) == 1:
        only: int | str | None = values[0]
        return only
    return None if any(isinstance(value, str) for value in values) else sum(values)


def _size(values: dict[str, list[Any]]) -> int:
    """Return the clients of a group in all periods."""
    return sum(_integer(value) or 0 for numbers in values.values() for value in numbers)


def _version(name: str) -> list[int]:
    return [int(number) for number in re.findall(r"[0-9]{1,9}", name)]


def _bars(name: str, rows: Sequence[Row]) -> Bars:
    table = TABLES[name]
    most = max((_integer(row["clients"]) or 0 for row in rows), default=0) or 1
    keys = [key for key in table.keys if key != "period"]
    measures = table.measures[:2]
    cells = [
        (
            round((_integer(row["clients"]) or 0) * 100 / most, 2),
            [_key(row[key]) for key in keys] + [_cell(m, row[m]) for m in measures],
        )
        for row in rows[:BARS_SHOWN]
    ]
    headings = _headings(keys, measures)
    return Bars(name, table.title, table.sentence, headings, cells, _grid(table, rows))


def _grid(table: Table, rows: Sequence[Row]) -> Grid:
    """Return a table of groups with all columns but the period."""
    keys = [key for key in table.keys if key != "period"]
    columns = [name for m in table.measures for name in MEASURES[m].names]
    cells = [
        [_key(row[key]) for key in keys] + [_cell(name, row[name]) for name in columns]
        for row in rows[:ROWS_SHOWN]
    ]
    more = max(len(rows) - ROWS_SHOWN, 0)
    return Grid(table.name, table.title, table.sentence, _headings(keys, columns), cells, more)


def _headings(keys: Sequence[str], columns: Sequence[str]) -> list[Heading]:
    heads = [Heading(KEYS[key].title, key, number=False) for key in keys]
    return heads + [Heading(title_of(name), measure_of(name).name) for name in columns]


def _numbers(totals: Row, now: Row | None, period: str | None) -> Grid:
    """Return the table of all measures: for the shown period, and for the whole time."""
    rows = []
    for name in dict.fromkeys((*TOTALS, *TABLES["periods"].measures)):
        names: list[str | None] = list(MEASURES[name].names)
        names += [None] * (len(POPULATIONS) - len(names))
        sources = [totals] if now is None else [now, totals]
        if any(name in source for source in sources):
            cells = [
                _cell(column, source[column])
                if column and column in source
                else Cell(None, "", number=True)
                for source in sources
                for column in names
            ]
            rows.append([Cell(name, MEASURES[name].title, number=False), *cells])
    times = ["whole time"] if now is None else [str(period), "whole time"]
    headings = [
        Heading(f"{title}, {time}", "population" + suffix)
        for time in times
        for suffix, (title, _) in POPULATIONS.items()
    ]
    return Grid(
        "numbers", "All numbers", "", [Heading("Measure", "measures", False), *headings], rows
    )


def _definitions() -> Iterator[tuple[str, str, str]]:
    """Return the names, titles and sentences of everything that a column title can link to."""
    for suffix, (title, sentence) in POPULATIONS.items():
        yield "population" + suffix, title, sentence
    sources: tuple[dict[str, Any], ...] = (MEASURES, KEYS)
    for source in sources:
        for name, item in source.items():
            yield name, item.title, item.sentence


def _phrase(name: str) -> str:
    """Return the title of a column as it is in a sentence, such as ``lasting clients``."""
    *population, _ = reversed(title_of(name).lower().split(", "))
    return " ".join([*population, measure_of(name).title.lower()])


def _sentence(name: str) -> str:
    """Return the definition of a column, which may end with the suffix of a population."""
    measure = measure_of(name)
    suffix = name.removeprefix(measure.name)
    return POPULATIONS[suffix][1] if suffix else measure.sentence


def _group(table: Table, row: Row, versions: bool) -> str:
    """Return the name of the group that a row belongs to, such as ``CPython 3.12``."""
    names = [printable(row[key]) for key in table.keys[1:] if row[key] is not None]
    if names[:1] == [OTHER]:
        return REST
    if versions and names:
        names[-1] = ".".join(names[-1].split(".")[:2])
    return " ".join(names) or UNKNOWN


def _cell(name: str, value: Any) -> Cell:
    measure = measure_of(name)
    rounded = isinstance(value, int) and measure.name in ("bytes", "update_gap")
    return Cell(value, text_of(value, measure), rounded=rounded)


def _key(value: Any) -> Cell:
    return Cell(value, MISSING if value is None else printable(str(value)), number=False)


def _integer(value: Any) -> int | None:
    return value if isinstance(value, int) else None


def _reasons(report: Report) -> dict[str, int]:
    """Return the numbers of skipped lines by reason, among the first ones."""
    counts: dict[str, int] = {}
    for skip in report.skipped:
        counts[skip.reason] = counts.get(skip.reason, 0) + 1
    return dict(sorted(counts.items()))

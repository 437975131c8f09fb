"""The numbers of the page are those of --json: in tables, at the top, and in the script's data."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from browser import start
from fleet import files, lines
from fleet.invent import Fleet
from reporting import report as run_report

from anaconda_anon_usage_report.measures.definitions import MEASURES, TABLES

SHARES = ("download_ages", "conda_versions", "python_versions", "systems", "cpus")
OVER_TIME = {
    "clients": ("clients", "clients_lasting", "environments"),
    "heartbeats": ("heartbeats",),
    "downloads": ("downloads",),
    "changes": ("new", "lost"),
    "returning": ("returning",),
    "updates": ("updates",),
}
CARDS = ("clients", "clients_lasting", "environments", "heartbeats")
CARDS += ("downloads", "update_gap", "new", "lost")
MINIMUM = 5


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """The JSON and the page of one run on the log of a fleet, the latter open in a browser."""
    folder = tmp_path_factory.mktemp("fleet")
    fleet = Fleet(8, people=9, days=40)
    files.write(folder / "access.log", [lines.nginx(request) for request in fleet.requests])
    arguments = (folder / "access.log", "--html", folder / "page.html", "--package", "numpy")
    report = run_report(*arguments, minimum=MINIMUM)
    with start(tmp_path_factory.mktemp("profile")) as browser:
        browser.open(folder / "page.html")
        yield report, browser


def shown(report: dict[str, Any]) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """Return the last complete week and its row, and the row of the week before."""
    rows = report["periods"]
    at = max(n for n, row in enumerate(rows) if not row["incomplete"])
    return rows[at]["period"], rows[at], rows[at - 1]


def text(name: str, value: Any) -> str:
    """Return the text of a value in a cell, which has the exact number of what is rounded."""
    if value is None:
        return "–"
    if isinstance(value, str) or name.startswith(("bytes", "update_gap")):
        return str(value)
    return f"{value:,}"


def test_the_log_has_masked_numbers_and_small_groups(found):
    report, _ = found
    masked = {
        name
        for name in TABLES
        for row in report[name]
        if f"< {MINIMUM}" in row.values() and "other" in row.values()
    }
    assert masked
    assert masked & set(SHARES)
    assert any(row["project"] == "other" for row in report["packages"])


def test_the_numbers_at_the_top_are_those_of_the_last_complete_period(found):
    report, browser = found
    period, now, before = shown(report)
    assert browser.run("return document.getElementById('now').firstChild.textContent") == period
    for name in CARDS:
        selector = f"[data-card={name}]"
        number, past = browser.run(
            f"return [...document.querySelectorAll('{selector} :is(.number, .before)')]"
            ".map((one) => one.querySelector('data')?.value ?? one.textContent.trim())"
        )
        assert (name, number) == (name, text(name, now[name]))
        if name != "update_gap":
            assert (name, past) == (name, text(name, before[name]))


def test_the_tables_of_the_last_complete_period_are_those_of_json(found):
    report, browser = found
    period, _, _ = shown(report)
    names = [name for name in TABLES if name not in ("periods", *SHARES) and report[name]]
    assert len(names) > 12
    for name in names:
        rows = [row for row in report[name] if row.get("period", period) == period]
        expected = [
            [text(column, value) for column, value in row.items() if column != "period"]
            for row in rows[:50]
        ]
        assert (name, browser.cells(f"[data-table={name}]")) == (name, expected)


def test_bars_have_the_first_rows(found):
    report, browser = found
    period, _, _ = shown(report)
    for name in ("packages", "channels", "update_gaps"):
        table = TABLES[name]
        rows = [row for row in report[name] if row.get("period", period) == period]
        columns = [*table.keys[1:], *table.measures[:2]]
        expected = [[text(column, row[column]) for column in columns] for row in rows[:12]]
        assert (name, browser.cells(f"[data-bars={name}]")) == (name, expected)


def test_charts_over_time_have_the_numbers_of_all_periods(found):
    report, browser = found
    data = json.loads(browser.run("return document.getElementById('data').textContent"))
    assert data["periods"] == [row["period"] for row in report["periods"]]
    for chart, names in OVER_TIME.items():
        series = [one["values"] for one in data["charts"][chart]["series"]]
        assert series == [[row[name] for row in report["periods"]] for name in names]
        expected = [
            [row["period"] + " *" * row["incomplete"], *(text(name, row[name]) for name in names)]
            for row in reversed(report["periods"])
        ]
        assert browser.cells(f"[data-table={chart}]") == expected


@pytest.mark.parametrize("name", SHARES)
def test_shares_have_the_sums_of_groups(found, name):
    report, browser = found
    data = json.loads(browser.run("return document.getElementById('data').textContent"))
    chart = data["charts"][name]["series"]
    keys = TABLES[name].keys[1:]
    sums: dict[str, Counter[str]] = {period: Counter() for period in data["periods"]}
    masked = {period: 0 for period in data["periods"]}
    for row in report[name]:
        words = [str(row[key]) for key in keys if row[key] is not None] or ["unknown"]
        if name.endswith("versions") and words[0] != "other":
            words[-1] = ".".join(words[-1].split(".")[:2])
        group = "All others" if words[0] == "other" else " ".join(words)
        if isinstance(row["clients"], int):
            sums[row["period"]][group] += row["clients"]
        else:
            masked[row["period"]] += 1
    assert {group for counts in sums.values() for group in counts} <= {s["name"] for s in chart}
    for at, period in enumerate(data["periods"]):
        values = {one["name"]: one["values"][at] for one in chart}
        numbers = {group: value for group, value in values.items() if isinstance(value, int)}
        assert {group: n for group, n in numbers.items() if n} == dict(sums[period])
        assert list(values.values()).count(f"< {MINIMUM}") == masked[period]


def test_all_numbers_are_those_of_the_last_complete_period_and_the_whole_time(found):
    report, browser = found
    _, now, _ = shown(report)
    rows = {row[0]: row[1:] for row in browser.cells("[data-table=numbers]")}
    count = 0
    for measure in MEASURES.values():
        for source, first in ((now, 0), (report["totals"], 3)):
            for position, name in enumerate(measure.names):
                if name in source:
                    cell = rows[measure.title][first + position]
                    assert (name, cell) == (name, text(name, source[name]))
                    count += 1
    assert count == len([n for n in now if n not in ("period", "incomplete")]) + len(
        [name for name in report["totals"] if not name.startswith("lines_")]
    )
    for name in ("lines_read", "lines_skipped"):
        shown_number = browser.run(
            f"return document.querySelector('[data-number={name}]').textContent"
        )
        assert shown_number == f"{report['totals'][name]:,}"

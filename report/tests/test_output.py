"""Names from logs can do nothing to terminals, rich and spreadsheets."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from pathlib import Path
from typing import Any

import hypothesis
import hypothesis.strategies as st
import pytest
from rich.console import Console

from anaconda_anon_usage_report.measures.definitions import MEASURES, TABLES, TOTALS
from anaconda_anon_usage_report.output import print_json, print_tables, write_csv
from anaconda_anon_usage_report.output.escape import for_spreadsheet, printable
from anaconda_anon_usage_report.reading import Skip
from anaconda_anon_usage_report.results import Report

NASTY = "\x1b[31mred\x1b]8;;http://evil\x07 [bold]x[/bold] :smile: \x9b2J\u202eabc\r\n\u2028\ud800"


def report(
    project: str = "numpy",
    log: str = "access.log",
    *,
    by: str | None = None,
    value: Any = 1_234,
    rows: int = 1,
) -> Report:
    """Return a report whose table of packages has a name."""
    totals = {name: value for measure in TOTALS for name in MEASURES[measure].names}
    totals.update(lines_read=5, lines_skipped=2)
    tables = {}
    for name in ("periods", "packages"):
        row = dict.fromkeys(TABLES[name].columns, value)
        row.update(period="2026-W05", incomplete=False, project=project)
        tables[name] = [{key: row[key] for key in TABLES[name].columns} for _ in range(rows)]
    skipped = [Skip(log, 3, "empty line"), Skip(log, 4, "empty line")]
    return Report(totals, tables, by, skipped)


def printed(report: Report, *, width: int = 200, top: int = 20) -> str:
    """Return what a terminal shows."""
    output = io.StringIO()
    console = Console(file=output, width=width, force_terminal=True, color_system=None)
    print_tables(report, console, top)
    return output.getvalue()


@hypothesis.given(st.text(st.characters(codec=None, exclude_categories=())))
def test_printable_text_has_no_control_characters(text):
    shown = printable(text)
    assert {unicodedata.category(char) for char in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"} == set()
    shown.encode()


@hypothesis.given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"])))
def test_harmless_text_is_not_changed(text):
    assert printable(text) == text


@hypothesis.given(st.sampled_from("=+-@\t\r"), st.text())
def test_a_cell_is_never_a_formula(start, text):
    cell = for_spreadsheet(start + text)
    assert isinstance(cell, str)
    assert cell.startswith("'")


def test_numbers_in_cells_stay_numbers():
    assert [for_spreadsheet(value) for value in (-1, None, True, "a=b")] == [-1, None, True, "a=b"]


def test_tables_show_names_as_they_are_without_control_characters():
    text = printed(report(NASTY))
    assert "\x1b[31m" not in text
    assert "\\x1b[31mred" in text
    assert "[bold]x[/bold] :smile:" in text
    assert {char for char in text if unicodedata.category(char) in {"Cc", "Cf", "Cs"}} <= {"\n"}


def test_json_is_ascii(capsys):
    print_json(report(NASTY, NASTY))
    text = capsys.readouterr().out
    assert text.isascii()
    assert "\x1b" not in text
    found = json.loads(text)
    assert found["packages"][0]["project"] == NASTY
    assert found["skipped_lines"][0] == {"file": NASTY, "line": 3, "reason": "empty line"}


def test_csv_has_no_formula_and_no_control_character(tmp_path):
    write_csv(report("=cmd|' /C calc'!A0" + NASTY), tmp_path / "new" / "tables")
    path = tmp_path / "new" / "tables" / "packages.csv"
    with path.open(newline="", encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert row["project"].startswith("'=cmd")
    assert "\x1b" not in path.read_text()


def test_an_empty_table_has_a_header_in_csv(tmp_path):
    empty = report(rows=0)
    write_csv(empty, tmp_path)
    assert (tmp_path / "packages.csv").read_text().strip() == ",".join(TABLES["packages"].columns)
    assert _names(tmp_path) == {"totals", "periods", "packages", "skipped_lines"}


def test_columns_are_left_out_if_they_do_not_fit():
    wide, narrow = printed(report(by="week")), printed(report(by="week"), width=60)
    assert "Bytes," in wide
    assert "Bytes," not in narrow
    assert max(len(line.rstrip()) for line in narrow.splitlines()) <= 60
    for text in (wide, narrow):
        assert "1,234" in text


@pytest.mark.parametrize(("incomplete", "shown"), [(False, "2026-W06"), (True, "2026-W05")])
def test_only_groups_of_the_last_complete_period_are_printed(incomplete, shown):
    value = report(by="week", rows=2)
    for name in ("periods", "packages"):
        value.tables[name][1].update(period="2026-W06")
    value.tables["periods"][1].update(incomplete=incomplete)
    text = printed(value)
    assert f"Packages, {shown}" in text
    assert text.count(" numpy ") == 1


def test_groups_of_the_last_period_are_printed_if_no_periods_are_made():
    value = report(by="week", rows=2)
    del value.tables["periods"]
    value.tables["packages"][1].update(period="2026-W06")
    text = printed(value)
    assert "Packages, 2026-W06" in text
    assert text.count(" numpy ") == 1


def test_missing_numbers_are_dashes():
    text = printed(report(value=None))
    assert text.count("–") >= len(TOTALS)


def test_only_the_top_rows_are_printed():
    text = printed(report(rows=7), top=3)
    assert text.count(" numpy ") == 3
    assert "4 more rows: see --top." in text


def test_skipped_lines_are_listed_without_their_text():
    text = printed(report())
    assert "Reasons of the skipped lines: empty line (2)" in text
    assert "  access.log:3: empty line\n" in text


def _names(directory: Path) -> set[str]:
    return {path.stem for path in directory.iterdir()}

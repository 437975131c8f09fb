"""The page as a file: its size, its policy, its data, and how it is written."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from dataclasses import replace

import hypothesis
import hypothesis.strategies as st
import pytest
from fleet import lines
from fleet.invent import Fleet
from year import last_weeks, year

from anaconda_anon_usage_report.arguments import parse
from anaconda_anon_usage_report.cli import main
from anaconda_anon_usage_report.measures.definitions import TABLES
from anaconda_anon_usage_report.output import write_page
from anaconda_anon_usage_report.output.page import shapes
from anaconda_anon_usage_report.output.page.write import render


def contents(page: str, name: str) -> list[str]:
    """Return the contents of the elements of a name."""
    return re.findall(rf"<{name}(?: [^>]*)?>(.*?)</{name}>", page, re.DOTALL)


@pytest.mark.parametrize("by", ["week", "day"])
def test_a_year_of_10000_clients_takes_less_than_a_megabyte(by):
    assert 100_000 < len(render(year(by)).encode()) < 1_000_000


def test_only_the_last_400_periods_are_shown():
    report = last_weeks(1)
    row = report.tables["periods"][0]
    rows = [{**row, "period": f"{number:04}-W01", "incomplete": False} for number in range(1, 500)]
    page = render(replace(report, tables={"periods": rows}))
    assert "99 earlier weeks are not shown" in page
    assert "0499-W01" in page
    assert "0099-W01" not in page


def test_the_policy_has_the_hashes_of_the_style_and_the_script():
    page = render(last_weeks(3))
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    (style,), (_, script) = contents(page, "style"), contents(page, "script")
    digests = [
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        for text in (style, script)
    ]
    assert policy.replace("&#39;", "'").split("; ") == [
        "default-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "img-src data:",
        f"style-src 'sha256-{digests[0]}'",
        f"script-src 'sha256-{digests[1]}'",
    ]


def test_the_page_refers_to_nothing_outside_of_it():
    page = render(last_weeks(3))
    assert re.findall(r"https?:|//[a-z]|url\(|@import", page.replace("// Show", "")) == []
    links = set(re.findall(r'(?:href|src)="([^"#]*)', page))
    assert links == {"", "data:,"}


@hypothesis.given(st.text(st.characters(codec=None, exclude_categories=())))
@hypothesis.settings(max_examples=10, deadline=None)
@hypothesis.example("</script><!--")
def test_data_are_json_without_markup(name):
    report = last_weeks(1)
    rows = [{**row, "system_name": name} for row in report.tables["systems"]]
    tables = {"periods": report.tables["periods"], "systems": rows}
    page = render(replace(report, tables=tables))
    data, _ = contents(page, "script")
    assert not {"<", ">", "&"} & set(data)
    assert [one["values"] for one in json.loads(data)["charts"]["systems"]["series"]]


def test_an_empty_table_has_no_chart():
    report = replace(year(), tables={name: [] for name in TABLES})
    page = render(report)
    assert "<figure" not in page
    assert f'<p class="number">{report.totals["clients"]:,}</p>' in page


def test_weeks_are_reported_by_default():
    assert parse(["access.log", "--html", "page.html"]).by == "week"
    assert parse(["access.log", "--html", "page.html", "--by", "month"]).by == "month"
    assert parse(["access.log"]).by is None


def test_periods_are_always_made_for_the_page():
    arguments = ["access.log", "--table", "packages"]
    assert parse([*arguments, "--html", "page.html"]).table == ["packages", "periods"]
    assert parse(arguments).table == ["packages"]


def test_the_command_writes_only_the_page(capsys, tmp_path):
    fleet = Fleet(6, people=1, days=3)
    log, page = tmp_path / "access.log", tmp_path / "page.html"
    log.write_bytes(b"".join(lines.nginx(request) + b"\n" for request in fleet.requests))
    assert main([str(log), "--html", str(page), "--table", "packages"]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == f"wrote {page}\n"
    assert page.read_text().startswith("<!doctype html>")
    assert sorted(tmp_path.iterdir()) == [log, page]


def test_an_error_names_the_page(tmp_path):
    path = tmp_path / "absent" / "page.html"
    with pytest.raises(FileNotFoundError) as error:
        write_page(last_weeks(1), path)
    assert error.value.filename == str(path)


def test_the_old_page_stays_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "page.html"
    write_page(last_weeks(1), path)
    with path.open() as old:
        write_page(last_weeks(2), path)
        assert "2026-W47 to" not in old.read()
    assert "2026-W47 to" in path.read_text()
    mask = os.umask(0)
    os.umask(mask)
    assert path.stat().st_mode & 0o777 == 0o666 & ~mask


def test_a_symlink_to_the_page_stays(tmp_path):
    target, link = tmp_path / "target.html", tmp_path / "page.html"
    target.touch()
    link.symlink_to(target)
    write_page(last_weeks(1), link)
    assert link.is_symlink()
    assert target.stat().st_size > 10_000


@hypothesis.given(st.integers(0, 10**13), st.integers(0, 10**13))
@hypothesis.settings(deadline=None)
def test_scales_hold_their_values_in_a_few_steps(down, up):
    scale = shapes.scale(-down, up)
    assert scale.low <= -down <= up <= scale.high
    assert 0 <= scale.y(up) <= scale.y(-down) <= shapes.HEIGHT
    assert 2 <= len(scale.ticks("")) <= 8
    assert 0 in range(scale.low, scale.high + 1, scale.step)


def test_lines_have_gaps_where_values_are_missing():
    scale = shapes.scale(0, 4)
    plain, marked = shapes.line([4, None, 0, 2], [False, False, False, True], scale)
    assert plain == "M125 0h0M625 200h0"
    assert marked == "M625 200h0L875 100"


def test_small_lines_reach_from_end_to_end():
    assert shapes.small_line([0, 4, 2]) == "M0 200L500 0L1000 100"


def test_columns_of_incomplete_periods_have_a_path_of_their_own():
    plain, marked = shapes.columns([0, 0], [4, 2], [False, True], shapes.scale(0, 4))
    assert plain == "M50 0h400v200H50z"
    assert marked == "M550 100h400v100H550z"

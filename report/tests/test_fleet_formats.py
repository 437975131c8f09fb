"""The report on a simulated fleet, in each format and kind of file, has the numbers that are true.

Each test compares every number of every table with the tally of the fleet.
"""

from __future__ import annotations

import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from fleet import files, lines
from fleet.invent import Fleet
from fleet.tally import Options, Tally
from reporting import check, report

FLEET = Fleet(1)

#: Offsets and periods for the formats, so that each occurs with several others.
ZONES = (lines.offset(0), lines.offset(330), lines.offset(-570), ZoneInfo("Europe/Berlin"))
BY = ("day", None, "week", "month")


@pytest.mark.parametrize("number, name", list(enumerate(lines.WRITERS)))
def test_every_number_is_true_in_each_format(number, name, tmp_path):
    """Bad lines between the requests change nothing but their own number."""
    writer, _ = lines.WRITERS[name]
    by, zone = BY[number % 4], ZONES[number % 3]
    written, bad = files.with_bad_lines(
        [writer(request, zone) for request in FLEET.requests], every=40
    )
    files.write(tmp_path / "access.log", written)
    found = report(tmp_path / "access.log", *(["--by", by] if by else []), "--accounts")
    check(found, Tally(FLEET.requests, Options(by=by)))
    assert found["totals"]["lines_read"] == len(written)
    assert found["totals"]["lines_skipped"] == bad


def test_offsets_change_with_daylight_saving(tmp_path):
    """Local times that occur twice or never in the log of a night are told apart in UTC."""
    # Clocks in Berlin were put forward on 2026-03-29, and back on 2025-10-26.
    for start in (1_774_483_200, 1_761_264_000):
        fleet = Fleet(2, people=2, days=5, start=start)
        written = [lines.nginx(request, ZONES[3]) for request in fleet.requests]
        assert {b"+0100", b"+0200"} == {re.search(rb" ([+]\d{4})\]", line)[1] for line in written}
        files.write(tmp_path / "access.log", written)
        found = report(tmp_path / "access.log", "--by", "day", "--accounts")
        check(found, Tally(fleet.requests, Options(by="day")))


@pytest.mark.parametrize("suffix", files.COMPRESSIONS)
def test_a_fleet_in_several_files_is_counted_as_a_whole(suffix, tmp_path):
    """The files have different formats, their requests are mixed, and archives have members."""
    names = ("apache", "caddy", "nginx json")
    for number, name in enumerate(names):
        writer, _ = lines.WRITERS[name]
        part = FLEET.requests[number :: len(names)]
        written = [writer(request, lines.offset(60 * number)) for request in part]
        files.write(tmp_path / f"access.{number}.log{suffix}", written, parts=3)
    found = report(tmp_path, "--accounts")
    check(found, Tally(FLEET.requests, Options()))
    assert found["totals"]["lines_read"] == len(FLEET.requests)
    assert found["totals"]["lines_skipped"] == 0


def test_a_format_can_be_given(tmp_path):
    """``--format`` takes the place of the first lines."""
    writer, name = lines.WRITERS["traefik"]
    written = [b"no request"] * 150 + [
        writer(request, lines.offset(0)) for request in FLEET.requests
    ]
    files.write(tmp_path / "access.log", written)
    found = report(tmp_path / "access.log", "--format", name, "--accounts")
    check(found, Tally(FLEET.requests, Options()))
    assert found["totals"]["lines_skipped"] == 150


def test_a_later_month_of_a_leap_year_is_named_correctly(tmp_path):
    """The fleet is seen from 2024-02-20 to March, and in two ISO weeks of other years."""
    for start in (1_708_387_200, 1_735_430_400):
        fleet = Fleet(3, people=1, days=15, start=start)
        written = [lines.nginx(request) for request in fleet.requests]
        files.write(tmp_path / "access.log", written)
        for by in ("week", "month"):
            found = report(tmp_path / "access.log", "--by", by, "--accounts")
            check(found, Tally(fleet.requests, Options(by=by)))


def test_clients_that_have_downloaded_nothing_for_months_are_told_apart(tmp_path):
    """The fleet is seen for more than 90 days."""
    fleet = Fleet(9, people=2, days=130)
    files.write(tmp_path / "access.log", [lines.nginx(request) for request in fleet.requests])
    for by in ("week", None):
        found = report(tmp_path / "access.log", *(["--by", by] if by else []), "--accounts")
        check(found, Tally(fleet.requests, Options(by=by)))
        assert len({row["age"] for row in found["download_ages"]}) == 5


def test_a_log_can_come_from_standard_input(tmp_path, monkeypatch):
    """``-`` reads it."""
    path = Path(tmp_path / "access.log")
    files.write(path, [lines.nginx(request) for request in FLEET.requests])
    with path.open("rb") as log:
        monkeypatch.setattr("sys.stdin", type("Input", (), {"buffer": log, "fileno": log.fileno}))
        found = report("-", "--accounts")
    check(found, Tally(FLEET.requests, Options()))

"""Options of the report limit and select what they should, and nothing else."""

from __future__ import annotations

import pytest
from fleet import files, lines
from fleet.catalog import PACKAGES
from fleet.invent import Fleet
from fleet.periods import date_of
from fleet.tally import Options, Tally
from reporting import check, read_csv, report, sorted_rows

FLEET = Fleet(4, people=5, days=20)
FIRST = FLEET.start // 86_400


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """The log of the fleet."""
    path = tmp_path_factory.mktemp("log") / "access.log"
    files.write(path, [lines.nginx(request) for request in FLEET.requests])
    return path


CASES = {
    "organizations": (
        Options(organizations=("org-0",), by="week"),
        ["--organization", "org-0", "--by", "week"],
    ),
    "several organizations": (
        Options(organizations=("org-0", "org-2")),
        ["--organization", "org-0", "--organization", "org-2"],
    ),
    "installers": (
        Options(installers=("acme-2026-11",), by="day"),
        ["--installer", "acme-2026-11", "--by", "day"],
    ),
    "channels": (
        Options(channels=("conda-forge", "pkgs/r")),
        ["--channel", "conda-forge", "--channel", "pkgs/r"],
    ),
    "subdirs": (Options(subdirs=("noarch",), by="week"), ["--subdir", "noarch", "--by", "week"]),
    "all filters": (
        Options(organizations=("org-1",), channels=("main",), subdirs=("noarch",)),
        ["--organization", "org-1", "--channel", "main", "--subdir", "noarch"],
    ),
    "lasting": (Options(lasting=7), ["--lasting", "7"]),
    "redirects": (Options(count_redirects=True), ["--count-redirects"]),
    "packages": (
        Options(packages=("numpy", "python"), by="week"),
        ["--package", "numpy", "--package", "python", "--by", "week"],
    ),
    "since": (
        Options(since=FIRST + 9, by="week"),
        ["--since", date_of(FIRST + 9), "--by", "week"],
    ),
    "since and until": (
        Options(since=FIRST + 9, until=FIRST + 14),
        ["--since", date_of(FIRST + 9), "--until", date_of(FIRST + 14)],
    ),
    "until by day": (
        Options(until=FIRST + 5, by="day"),
        ["--until", date_of(FIRST + 5), "--by", "day"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_an_option_changes_the_numbers_that_it_should(name, log):
    """Each number is that of the tally."""
    options, arguments = CASES[name]
    check(report(log, *arguments, "--accounts"), Tally(FLEET.requests, options))


def test_accounts_are_counted_only_on_request(log):
    """No name in the report refers to them."""
    found = report(log)
    assert [name for name in found["totals"] if name.startswith("accounts")] == []
    assert [name for name in found["periods"][0] if name.startswith("accounts")] == []


def test_csv_has_the_values_of_json(log, tmp_path):
    """Cells that a spreadsheet would take for a formula begin with an apostrophe."""
    arguments = [log, "--by", "week", "--accounts", "--package", "numpy"]
    found = report(*arguments, "--csv", tmp_path)
    tables = {path.stem: read_csv(path) for path in tmp_path.glob("*.csv")}
    assert tables.keys() == found.keys()
    for name, rows in found.items():
        if name != "totals":
            expected = [{key: _cell(value) for key, value in row.items()} for row in rows]
            assert (name, tables[name]) == (name, expected)


def _cell(value):
    """Return the text of a value in a CSV file."""
    if value is None:
        return ""
    text = str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(("=", "+", "-", "@")) else text


@pytest.mark.parametrize("count, days, mirrors", [(4_999, 1, 0), (5_000, 1, 1), (5_000, 2, 0)])
def test_a_client_with_5000_files_on_a_day_is_a_mirror(count, days, mirrors, tmp_path):
    """4,999 are not enough, and neither are 5,000 on two days."""
    fleet = Fleet(5, people=1, days=3, bulk=count, bulk_days=days)
    files.write(tmp_path / "access.log", [lines.nginx(request) for request in fleet.requests])
    tally = Tally(fleet.requests, Options())
    check(report(tmp_path / "access.log", "--accounts"), tally)
    others = Tally(Fleet(5, people=1, days=3).requests, Options()).totals()["mirrors"]
    assert tally.totals()["mirrors"] == others + mirrors


def test_unused_packages_are_those_not_downloaded_lately(log, tmp_path):
    """The inventory also has a file that was never downloaded."""
    inventory = tmp_path / "inventory.txt"
    names = [package.file for package in PACKAGES] + ["never-1.0-0.conda"]
    inventory.write_text("".join(f"{name}\n" for name in names))
    tally = Tally(FLEET.requests, Options())
    for days in (2, 19, 90):
        found = report(log, "--inventory", inventory, "--unused-days", days)
        assert sorted_rows(found["unused_packages"]) == sorted_rows(tally.unused(names, days))
    assert 1 < len(tally.unused(names, 2)) < len(names)
    assert tally.unused(names, 90) == []

"""A store gives the numbers of its logs, with times cut to the hour."""

from __future__ import annotations

import dataclasses
import gzip
from datetime import timedelta, timezone

import pytest
from fleet import files, lines
from fleet.invent import Fleet
from fleet.periods import date_of
from fleet.tally import Options, Tally
from reporting import report, sorted_rows
from storing import collect

from anaconda_anon_usage_report.store import pseudonyms

FLEET = Fleet(7, people=5, days=20)
FIRST = FLEET.start // 86_400
REQUESTS = [dataclasses.replace(r, time=r.hour * 3_600) for r in FLEET.requests]

CASES = {
    "weeks": (Options(by="week"), ["--by", "week"]),
    "days of an organization": (
        Options(by="day", organizations=("org-0",)),
        ["--by", "day", "--organization", "org-0"],
    ),
    "a channel and packages since a day": (
        Options(since=FIRST + 9, channels=("main",), packages=("numpy",)),
        ["--since", date_of(FIRST + 9), "--channel", "main", "--package", "numpy"],
    ),
}


def check(found, tally, store):
    """Compare a report on a store with a tally. Machines have the names that are stored."""
    key = (store / "token-key").read_bytes()
    expected = tally.totals()
    assert {name: found["totals"][name] for name in expected} == expected
    for name, rows in tally.tables().items():
        if name == "machines":
            rows = [
                {**row, "machine": pseudonyms.name(key, "machines", row["machine"])} for row in rows
            ]
        assert (name, sorted_rows(found[name])) == (name, sorted_rows(rows))


@pytest.fixture(scope="module")
def night(tmp_path_factory):
    """A store after a week of nights with rotated logs of two servers, and their directory."""
    directory = tmp_path_factory.mktemp("logs")
    store = tmp_path_factory.mktemp("night") / "store"
    east = timezone(timedelta(hours=5, minutes=30))
    servers = {
        "access.log": [lines.nginx(request, east) for request in FLEET.requests[::2]],
        "edge.json": [lines.caddy(request) for request in FLEET.requests[1::2]],
    }
    nights = 7
    for number in range(nights):
        for name, logged in servers.items():
            rotated = number // 3  # every third night
            start = len(logged) * rotated * 3 // nights
            files.write(directory / name, logged[start : len(logged) * (number + 1) // nights])
        collect(store, directory, "--accounts")
        if number % 3 == 2:
            for name in servers:
                log = directory / name
                archive = directory / f"{name}.{number}.gz"
                archive.write_bytes(gzip.compress(log.read_bytes()))
                log.unlink()
    return store, directory


@pytest.mark.parametrize("name", CASES)
def test_a_store_gives_the_numbers_of_the_tally(name, night):
    store, _ = night
    options, arguments = CASES[name]
    check(report(store, "--accounts", *arguments), Tally(REQUESTS, options), store)


def test_a_store_beside_all_logs_gives_the_same_numbers(night):
    store, directory = night
    found = report(store, directory, "--accounts", "--by", "week")
    check(found, Tally(REQUESTS, Options(by="week")), store)
    assert found["totals"]["lines_read"] == len(REQUESTS)


def test_a_store_with_half_of_the_logs_beside_all_gives_the_same_numbers(tmp_path):
    store, log = tmp_path / "store", tmp_path / "access.log"
    logged = [lines.nginx(request) for request in FLEET.requests]
    files.write(log, logged[: len(logged) // 2])
    collect(store, log, "--accounts")
    files.write(log, logged)
    check(report(store, log, "--accounts"), Tally(REQUESTS, Options()), store)

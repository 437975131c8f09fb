"""Each measure, on the few requests that show what its definition means."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from request_rows import DAY, HOUR, START, Row, download, loaded, request

from anaconda_anon_usage_report.engine import Engine
from anaconda_anon_usage_report.measures.definitions import TABLES, TOTALS
from anaconda_anon_usage_report.measures.options import ReportOptions
from anaconda_anon_usage_report.results import Report, make_report
from anaconda_anon_usage_report.schema import REQUESTS

FIRST_DAY = 20_454  # 2026-01-01


class NoLines:
    """A reading of a log without lines."""

    lines_read = lines_skipped = 0
    skipped: tuple[()] = ()


def counted(rows: list[Row], *tables: str, **options: Any) -> Report:
    """Return the report on requests, with small groups shown."""
    chosen = ReportOptions(min_clients=1, **options)
    with loaded(rows) as requests:
        return make_report(requests, NoLines(), chosen, tables)  # type: ignore[arg-type]


def test_a_file_counts_once_per_client_session_and_hour():
    same = [download(seconds, client="c", session="s") for seconds in (0, 10, HOUR - 1)]
    others = [
        download(HOUR, client="c", session="s"),
        download(0, client="c", session="t"),
        download(0, client="d", session="s"),
        download(0, client="c", session="s", subdir="linux-64"),
        download(0, client="c", session="s", channel="defaults"),
        download(0, client="c", session="s", version="1.3"),
    ]
    report = counted([*same, *others], "packages")
    assert report.totals["downloads"] == 7
    assert report.totals["bytes"] == 900
    assert report.tables["packages"][0]["downloads"] == 7


def test_downloads_without_a_client_are_not_folded():
    assert counted([download(0), download(0, session="s"), download(1)]).totals["downloads"] == 3


def test_a_client_without_a_session_is_folded_as_well():
    assert counted([download(0, client="c"), download(1, client="c")]).totals["downloads"] == 1


@pytest.mark.parametrize(("seconds", "lasting"), [(DAY - 1, 0), (DAY, 1)])
def test_a_lasting_client_is_seen_for_24_hours(seconds, lasting):
    rows = [request(0, client="c"), request(seconds, client="c"), request(3 * DAY)]
    totals = counted(rows).totals
    assert (totals["lasting_clients"], totals["clients_lasting"]) == (lasting, lasting)
    assert totals["single_day_clients"] == 1 - lasting


def test_lasting_clients_are_found_in_all_data_whatever_is_reported():
    rows = [download(0, client="c"), download(2 * DAY, client="c", channel="defaults")]
    assert counted(rows, channels=("main",)).totals["clients_lasting"] == 1
    assert counted(rows, until=FIRST_DAY).totals["clients_lasting"] == 1


@pytest.mark.parametrize(
    ("end", "kind"), [(DAY - 1, "too_new_clients"), (DAY, "single_day_clients")]
)
def test_a_client_is_too_new_until_24_hours_have_passed(end, kind):
    totals = counted([request(0, client="c"), request(end)]).totals
    kinds = ("lasting_clients", "too_new_clients", "single_day_clients")
    assert {name: totals[name] for name in kinds} == {name: int(name == kind) for name in kinds}


def test_requests_of_a_mirror_program_are_left_out_without_mirrors():
    rows = [
        download(0, mirror=True),
        download(0, client="m", mirror=True),
        download(HOUR, client="m"),
        download(0, client="c"),
        download(0),
    ]
    totals = counted(rows).totals
    assert (totals["mirrors"], totals["clients"], totals["clients_without_mirrors"]) == (1, 2, 1)
    assert (totals["downloads"], totals["downloads_without_mirrors"]) == (5, 2)


def test_sessions_of_heartbeats_alone_are_not_counted():
    rows = [
        request(0, client="c", session="s", kind="heartbeat", environment="e"),
        request(1, client="c", session="t", environment="f"),
        request(2, client="c", session="t", kind="heartbeat", environment="f"),
        request(3, client="d", environment="g"),
    ]
    totals = counted(rows).totals
    assert totals["sessions"] == 1
    assert (totals["heartbeats"], totals["heartbeat_clients"]) == (2, 1)
    assert (totals["environments"], totals["heartbeat_environments"]) == (3, 2)


@pytest.mark.parametrize(("numbers", "median"), [([3], 3), ([1, 4], 1), ([4, 1, 2], 2)])
def test_the_median_of_environments_is_the_nearest_rank(numbers, median):
    rows = [
        request(0, client=f"client-{client}", environment=f"{client}-{environment}")
        for client, number in enumerate(numbers)
        for environment in range(number)
    ]
    rows.append(request(0, client="without-environments"))
    assert counted(rows).totals["environments_per_client"] == median


def test_an_update_is_a_session_with_a_check_and_gaps_reach_back_before_the_period():
    def check(seconds: int, session: str) -> Row:
        return request(seconds, client="c", session=session, kind="repodata")

    rows = [
        check(0, "first"),
        check(5, "first"),
        check(2 * DAY, "second"),
        check(2 * DAY + 60, "third"),
        request(9 * DAY, client="c", session="none"),
    ]
    report = counted(rows, "update_gaps", since=FIRST_DAY + 2)
    assert (report.totals["updates"], report.totals["update_gap"]) == (2, 60)
    gaps = [(row["gap"], row["updates"]) for row in report.tables["update_gaps"]]
    assert gaps == [("under 1 hour", 1), ("under 7 days", 1)]


def ages(report: Report) -> list[tuple[Any, ...]]:
    """Return periods, ages and clients of the table of ages."""
    rows = report.tables["download_ages"]
    return [(row["period"], row["age"], row["clients"]) for row in rows]


def test_clients_are_told_apart_by_the_days_since_their_last_download():
    rows = [
        download(100 * DAY - days * DAY - 1, client=f"c{days}")
        for days in (0, 7, 8, 30, 31, 90, 91)
    ]
    rows += [request(99 * DAY, client=client["client"]) for client in rows]
    rows += [request(99 * DAY, client="none"), download(99 * DAY), download(0, client="gone")]
    expected = [
        ("2026-04-10", "7 days or less", 2),
        ("2026-04-10", "8 to 30 days", 2),
        ("2026-04-10", "31 to 90 days", 2),
        ("2026-04-10", "91 days or more", 1),
        ("2026-04-10", "no download", 1),
    ]
    assert ages(counted(rows, "download_ages", by="day"))[-5:] == expected
    assert ages(counted(rows, "download_ages", by="day", since=FIRST_DAY + 99)) == expected


def test_the_age_of_a_download_is_known_at_the_end_of_each_period_up_to_the_last_day():
    rows = [request(day * DAY, client="c") for day in (1, 15, 32, 60)]
    rows += [download(day * DAY, client="c") for day in (9, 45)]
    found = ages(counted(rows, "download_ages", by="month"))
    assert found == [
        ("2026-01", "8 to 30 days", 1),
        ("2026-02", "8 to 30 days", 1),
        ("2026-03", "8 to 30 days", 1),
    ]
    found = ages(counted(rows, "download_ages", by="month", until=FIRST_DAY + 12))
    assert found == [("2026-01", "7 days or less", 1)]
    found = ages(counted(rows, "download_ages", by="month", since=FIRST_DAY + 15))
    assert found[0] == ("2026-01", "8 to 30 days", 1)
    found = ages(counted(rows, "download_ages", by="month", until=FIRST_DAY + 40))
    assert found[1] == ("2026-02", "31 to 90 days", 1)
    assert ages(counted(rows, "download_ages", until=FIRST_DAY + 5))[0][1] == "no download"


def test_a_client_counts_for_its_last_value_in_the_period():
    rows = [
        request(0, client="c", conda="24.7.1"),
        request(DAY, client="c", conda="25.1.0"),
        request(DAY + 1, client="c"),
        request(40 * DAY, client="c", conda="26.1.0"),
        request(0, client="d", conda="24.7.1"),
        # Of two values in the same second, the first by name counts.
        request(0, client="e", conda="24.7.1"),
        request(0, client="e", conda="23.1.0"),
        request(0, conda="22.1.0"),
    ]
    report = counted(rows, "conda_versions", by="month")
    found = [
        (row["period"], row["conda"], row["clients"]) for row in report.tables["conda_versions"]
    ]
    assert found == [
        ("2026-01", "23.1.0", 1),
        ("2026-01", "24.7.1", 1),
        ("2026-01", "25.1.0", 1),
        ("2026-02", "26.1.0", 1),
    ]


def test_the_last_value_is_found_at_any_time():
    end = 253_402_300_799 - START  # the end of the year 9999
    values = [(0 - START, "1"), (end - 1, "2"), (end, "3"), (end, "4")]
    rows = [request(seconds, client="c", conda=conda) for seconds, conda in values]
    found = counted(rows, "conda_versions").tables["conda_versions"]
    assert [row["conda"] for row in found] == ["3"]


def test_clients_are_new_returning_or_lost():
    rows = [
        request(0, client="stays"),
        request(0, client="leaves"),
        request(DAY, client="stays"),
        request(DAY, client="leaves"),
        request(2 * DAY, client="stays"),
        request(2 * DAY, client="comes"),
        request(4 * DAY, client="stays"),
    ]
    periods = counted(rows, "periods", by="day").tables["periods"]
    found = [tuple(row[name] for name in ("new", "returning", "lost")) for row in periods]
    # The data do not reach back to the day before the first one.
    assert found == [(None, None, None), (0, 2, 0), (1, 1, 1), (0, 0, 2), (0, 1, 0)]


def test_changes_are_known_without_periods_where_the_data_reach_back():
    rows = [request(0, client="c"), request(DAY, client="d"), request(2 * DAY - 1)]
    (whole,) = counted(rows, "periods").tables["periods"]
    assert (whole["period"], whole["new"]) == ("2026-01-01/2026-01-02", None)
    (second,) = counted(rows, "periods", since=FIRST_DAY + 1).tables["periods"]
    assert (second["new"], second["returning"], second["lost"]) == (1, 0, 1)


def test_a_request_with_two_organizations_counts_in_both():
    rows = [request(0, client="c", organizations=["a", "b"]), request(1, organizations=["b"])]
    report = counted(rows, "organizations")
    assert report.totals["organizations"] == 2
    found = [(row["organization"], row["requests"]) for row in report.tables["organizations"]]
    assert found == [("b", 2), ("a", 1)]


def test_errors_do_not_include_heartbeats():
    rows = [
        request(0, status=404),
        request(0, status=404, kind="heartbeat"),
        request(0, status=500),
    ]
    found = [(row["status"], row["requests"]) for row in counted(rows, "errors").tables["errors"]]
    assert found == [(404, 1), (500, 1)]


def test_tools_without_a_name_are_shown_without_one():
    rows = [request(0, installer_name=None), request(0), request(0, installer_name="pip")]
    found = counted(rows, "other_tools").tables["other_tools"]
    assert [row["installer_name"] for row in found] == [None, "pip"]


def test_equal_groups_are_sorted_by_name():
    rows = [download(0, project=name, client="c") for name in ("b", "c", "a")]
    found = counted(rows, "packages").tables["packages"]
    assert [row["project"] for row in found] == ["a", "b", "c"]


def test_an_inventory_may_name_paths_or_files():
    rows = [
        download(0, "old", client="c"),
        download(100 * DAY, "new", client="c"),
        download(100 * DAY, "both", client="c", subdir="linux-64"),
    ]
    inventory = (
        "old-1.2-0.conda",
        "channel/noarch/new-1.2-0.conda",
        "linux-64/both-1.2-0.conda",
        "noarch/both-1.2-0.conda",
    )
    found = counted(rows, "unused_packages", inventory=inventory).tables["unused_packages"]
    assert found == [
        {"file": "noarch/both-1.2-0.conda", "last_download": None},
        {"file": "old-1.2-0.conda", "last_download": "2026-01-01"},
    ]


def test_nothing_is_unused_if_the_data_do_not_reach_back():
    rows = [download(0, client="c"), download(50 * DAY, "other", client="c")]
    options = {"inventory": ("numpy-1.2-0.conda",), "unused_days": 60}
    assert counted(rows, "unused_packages", **options).tables["unused_packages"] == []


def test_a_report_on_days_without_requests_has_zeros():
    report = counted([request(0, client="c")], *TABLES, since=FIRST_DAY + 30, accounts=True)
    medians = ("environments_per_client", "update_gap")
    for name in TOTALS:
        assert report.totals[name] == (None if name in medians else 0)
    assert [row["requests"] for row in report.tables["periods"]] == [0]
    assert [name for name, rows in report.tables.items() if rows] == ["periods"]


def test_intermediate_tables_are_released_after_a_failure():
    with Engine() as engine:
        requests = engine.load([pa.RecordBatch.from_pylist([request(0)], REQUESTS)])
        with pytest.raises(KeyError, match="no such table"):
            make_report(requests, NoLines(), ReportOptions(), ["no such table"])  # type: ignore[arg-type]
        tables = engine._connection.con.execute("SELECT table_name FROM duckdb_tables()")
        assert tables.fetchall() == [("requests",)]


def test_columns_are_those_of_the_definitions():
    rows = [
        download(
            seconds,
            client="c",
            session=f"session-{seconds}",
            conda="24.7.1",
            python="3.12",
            implementation="CPython",
            system_name="Linux",
            cpu="x86_64",
            distro_name="debian",
            libc="glibc/2.36",
            solver="libmamba",
            aau="0.9.0",
            organizations=["o"],
            machines=["m"],
            installers=["i"],
        )
        for seconds in (0, HOUR)
    ]
    rows += [request(1, client="c", session=s, kind="repodata") for s in ("a", "b")]
    rows += [request(2, status=404, installer_name="curl"), request(100 * DAY)]
    options = {"packages": ("numpy",), "inventory": ("x-1-0.conda",), "accounts": True}
    report = counted(rows, *TABLES, **options)
    for name, table in TABLES.items():
        assert [tuple(row) for row in report.tables[name][:1]] == [table.columns]

"""Groups of few clients are not shown by themselves."""

from __future__ import annotations

from typing import Any

from request_rows import Row, download, loaded, request
from test_measures import NoLines

from anaconda_anon_usage_report.measures.options import ReportOptions
from anaconda_anon_usage_report.results import Report, make_report


def counted(rows: list[Row], *tables: str, minimum: int = 5, **options: Any) -> Report:
    """Return the report on requests."""
    chosen = ReportOptions(min_clients=minimum, **options)
    with loaded(rows) as requests:
        return make_report(requests, NoLines(), chosen, tables)  # type: ignore[arg-type]


def downloads(**clients: int) -> list[Row]:
    """Return downloads of packages by the first so many clients."""
    return [
        download(0, project, client=f"client-{number}")
        for project, count in clients.items()
        for number in range(count)
    ]


def shown(report: Report) -> list[tuple[Any, ...]]:
    """Return names, clients and downloads of the table of packages."""
    rows = report.tables["packages"]
    return [(row["project"], row["clients"], row["downloads"]) for row in rows]


def test_small_groups_become_other():
    rows = downloads(large=7, small=3) + [download(0, "tiny", client=f"t{n}") for n in range(2)]
    assert shown(counted(rows, "packages")) == [("large", 7, 7), ("other", 5, 5)]


def test_clients_of_other_are_counted_once():
    rows = downloads(large=9, a=4, b=4, c=4) + [download(0, "d", client="d")]
    assert shown(counted(rows, "packages")) == [("large", 9, 9), ("other", 5, 13)]


def test_the_next_smallest_group_joins_if_other_is_small():
    rows = downloads(large=9, medium=6, small=2)
    assert shown(counted(rows, "packages")) == [("large", 9, 9), ("other", 6, 8)]


def test_of_equal_groups_the_first_by_name_joins():
    rows = downloads(b=6, a=6, small=2)
    assert shown(counted(rows, "packages")) == [("b", 6, 6), ("other", 6, 8)]


def test_a_whole_result_can_be_small():
    report = counted(downloads(a=3, b=4), "packages")
    assert shown(report) == [("other", "< 5", None)]
    assert (report.totals["clients"], report.totals["downloads"]) == ("< 5", None)


def test_groups_without_any_client_are_shown():
    rows = [*downloads(large=6), download(0, "nameless")]
    assert shown(counted(rows, "packages")) == [("large", 6, 6), ("nameless", 0, 1)]


def test_periods_are_treated_by_themselves():
    rows = downloads(a=5) + [download(86_400, "a", client="c"), download(86_400, "b", client="d")]
    report = counted(rows, "packages", "periods", by="day")
    assert shown(report) == [("a", 5, 5), ("other", "< 5", None)]
    assert [row["clients"] for row in report.tables["periods"]] == [5, "< 5"]


def test_small_populations_are_hidden():
    rows = downloads(a=6) + [download(2 * 86_400, "a", client="client-0")]
    report = counted(rows, "packages")
    row = report.tables["packages"][0]
    assert (row["clients_lasting"], row["downloads_lasting"]) == ("< 5", None)
    assert (row["clients"], row["downloads"]) == (6, 7)
    totals = report.totals
    assert (totals["lasting_clients"], totals["single_day_clients"]) == ("< 5", 5)
    assert (totals["clients_lasting"], totals["requests_lasting"]) == ("< 5", None)
    assert totals["mirrors"] == 0


def test_other_counts_missing_names_as_well():
    rows = [
        *(request(0, installer_name=None, client=f"c{n}") for n in range(3)),
        *(request(0, installer_name="curl", client=f"d{n}") for n in range(3)),
    ]
    found = counted(rows, "other_tools").tables["other_tools"]
    assert [(row["installer_name"], row["clients"]) for row in found] == [("other", 6)]


def test_the_day_of_a_last_download_is_hidden():
    rows = [download(0, client="c"), download(100 * 86_400, "other", client="c")]
    for minimum, day in ((1, "2026-01-01"), (2, None)):
        options = {"minimum": minimum, "inventory": ("numpy-1.2-0.conda",)}
        report = counted(rows, "unused_packages", **options)
        assert report.tables["unused_packages"] == [
            {"file": "numpy-1.2-0.conda", "last_download": day}
        ]


def test_one_shows_everything():
    rows = downloads(a=2, b=1)
    assert shown(counted(rows, "packages", minimum=1)) == [("a", 2, 2), ("b", 1, 1)]

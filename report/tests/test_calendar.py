"""Periods are UTC days, ISO weeks and calendar months."""

from __future__ import annotations

from datetime import date, timedelta

import ibis
import pyarrow as pa
import pytest

from anaconda_anon_usage_report.measures.calendar import Calendar, TooManyPeriods

EPOCH = date(1970, 1, 1)

#: From 1990 to 2100, which is no leap year.
DAYS = range(7_305, 47_847)


def day_of(text: str) -> int:
    """Return a date as the number of days since 1970-01-01."""
    return (date.fromisoformat(text) - EPOCH).days


def calendar(by: str | None, first: str, last: str, **limits: int) -> Calendar:
    """Return a calendar of data from the start of one day to the end of another."""
    return Calendar(by, day_of(first) * 24, day_of(last) * 24 + 23, **limits)


@pytest.mark.parametrize("by", ["day", "week", "month", None])
def test_the_engine_computes_the_same_numbers(by):
    periods = Calendar(by, DAYS[0] * 24, DAYS[-1] * 24, since=20_000, until=20_029)
    connection = ibis.duckdb.connect()
    days = connection.create_table("days", pa.table({"day": list(DAYS)}))
    found = days.select("day", number=periods.column(days.day)).to_pyarrow().to_pylist()
    assert len(found) == len(DAYS)
    assert [row for row in found if row["number"] != periods.number(row["day"])] == []


@pytest.mark.parametrize("by", ["day", "week", "month"])
def test_a_period_contains_the_days_with_its_number(by):
    periods = Calendar(by, DAYS[0] * 24, DAYS[-1] * 24)
    for day in DAYS:
        first, end = periods.days(periods.number(day))
        assert first <= day < end
        assert periods.number(first - 1) + 1 == periods.number(first) == periods.number(end - 1)


def test_weeks_are_named_as_in_iso_8601():
    periods = Calendar("week", DAYS[0] * 24, DAYS[-1] * 24)
    for day in DAYS:
        year, week, _ = (EPOCH + timedelta(day)).isocalendar()
        assert periods.label(periods.number(day)) == f"{year}-W{week:02}"


@pytest.mark.parametrize(
    ("by", "label"),
    [
        ("day", "2024-02-29"),
        ("week", "2024-W09"),
        ("month", "2024-02"),
        (None, "2024-02-01/2024-03-31"),
    ],
)
def test_periods_have_names(by, label):
    periods = calendar(by, "2024-02-01", "2024-03-31")
    assert periods.label(periods.number(day_of("2024-02-29"))) == label


def test_a_period_is_incomplete_if_the_data_do_not_cover_it():
    complete = calendar("month", "2026-01-01", "2026-02-28")
    assert [complete.incomplete(number) for number in complete.periods] == [False, False]
    late = Calendar("month", complete.first_hour + 1, complete.last_hour)
    assert [late.incomplete(number) for number in late.periods] == [True, False]
    short = Calendar("month", complete.first_hour, complete.last_hour - 1)
    assert [short.incomplete(number) for number in short.periods] == [False, True]


def test_a_period_is_incomplete_if_it_is_not_reported_in_full():
    limits = {"since": day_of("2026-01-02"), "until": day_of("2026-03-30")}
    periods = calendar("month", "2025-01-01", "2026-12-31", **limits)
    assert [periods.label(number) for number in periods.periods] == [
        "2026-01",
        "2026-02",
        "2026-03",
    ]
    assert [periods.incomplete(number) for number in periods.periods] == [True, False, True]


def test_data_reach_back_if_they_cover_the_period_before():
    periods = calendar("month", "2026-01-01", "2026-03-31")
    assert [periods.reaches_back(number) for number in periods.periods] == [False, True, True]
    late = Calendar("month", periods.first_hour + 1, periods.last_hour)
    assert [late.reaches_back(number) for number in late.periods] == [False, False, True]


def test_the_period_before_a_single_one_is_as_long():
    since = day_of("2026-01-11")
    until = day_of("2026-01-20")
    for first, reaches in (("2026-01-01", True), ("2026-01-02", False)):
        periods = calendar(None, first, "2026-01-31", since=since, until=until)
        assert list(periods.periods) == [0]
        assert periods.label(0) == "2026-01-11/2026-01-20"
        assert periods.reaches_back(0) is reaches


@pytest.mark.parametrize("by", ["day", "week", "month", None])
def test_periods_end_with_the_year_9999(by):
    periods = calendar(by, "9999-11-01", "9999-12-31")
    assert periods.label(periods.periods[-1]).startswith("9999-")
    assert periods.incomplete(periods.periods[-1]) is (by == "week")


def test_a_wrong_time_does_not_make_thousands_of_periods():
    with pytest.raises(TooManyPeriods, match=r"2026-01-01 to 9999-12-31 .*--since and --until"):
        _ = calendar("day", "2026-01-01", "9999-12-31").periods
    until = day_of("2026-01-31")
    assert len(calendar("day", "2026-01-01", "9999-12-31", until=until).periods) == 31

"""Name days, weeks and months."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

EPOCH = date(1970, 1, 1)


def date_of(day: int) -> date:
    """Return the date of a number of days since 1970-01-01."""
    return EPOCH + timedelta(days=day)


def name_of(day: int, by: str) -> str:
    """Return the name of the day, week or month that a day is in."""
    found = date_of(day)
    if by == "day":
        return found.isoformat()
    if by == "week":
        year, week, _ = found.isocalendar()
        return f"{year}-W{week:02}"
    return f"{found.year}-{found.month:02}"


class Period:
    """Consecutive days that are reported together.

    Args:
        name: the name in the report.
        days: numbers of days, the first and the last one of the whole period.
    """

    def __init__(self, name: str, days: tuple[int, int]):
        self.name = name
        self.first, self.last = days

    def __contains__(self, day: int) -> bool:
        return self.first <= day <= self.last


def periods(reported: Sequence[int], by: str | None) -> list[Period]:
    """Return the periods from the first to the last day.

    Args:
        reported: the first and the last day.
        by: ``day``, ``week`` or ``month``; None for one period with all days.
    """
    first, last = reported
    if by is None:
        return [Period(f"{date_of(first)}/{date_of(last)}", (first, last))]
    names: dict[str, list[int]] = {}
    # The periods on both ends may begin earlier and end later than what is reported.
    for day in range(first - 31, last + 32):
        names.setdefault(name_of(day, by), []).append(day)
    found = [Period(name, (days[0], days[-1])) for name, days in names.items()]
    return [p for p in found if p.first <= last and p.last >= first]

"""Number and name the periods of a report: UTC days, ISO weeks, months, or one for everything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import ibis
import ibis.expr.types as ir

_EPOCH = date(1970, 1, 1).toordinal()
_HOURS = 24
_MOST = 10_000

#: The type of the numbers of periods in tables.
PERIOD_TYPE = "int32"


class TooManyPeriods(Exception):
    """A report would have more periods than anyone wants to see, because of a wrong time."""


@dataclass(frozen=True)
class Calendar:
    """The periods of a report, each known by a number that grows by one.

    Args:
        by: "day", "week", "month" or None.
        first_hour: Hour of the first request read, in hours since 1970-01-01.
        last_hour: Hour of the last request read.
        since: First day to report, in days since 1970-01-01, or None.
        until: Last day to report, or None.
    """

    by: str | None
    first_hour: int
    last_hour: int
    since: int | None = None
    until: int | None = None

    @property
    def first_day(self) -> int:
        """Return the first day to report."""
        return self.first_hour // _HOURS if self.since is None else self.since

    @property
    def last_day(self) -> int:
        """Return the last day to report, at least the first one."""
        last = self.last_hour // _HOURS if self.until is None else self.until
        return max(last, self.first_day)

    @property
    def periods(self) -> range:
        """Return the numbers of the periods to report.

        Raises:
            TooManyPeriods: There are more than 10,000.
        """
        periods = range(self.number(self.first_day), self.number(self.last_day) + 1)
        if len(periods) > _MOST:
            names = f"{self.label(periods[0])} to {self.label(periods[-1])}"
            raise TooManyPeriods(f"too many periods: {names} (limit them with --since and --until)")
        return periods

    def number(self, day: int) -> int:
        """Return the number of the period of a day."""
        if self.by == "day":
            return day
        if self.by == "week":
            return (day + 3) // 7  # 1970-01-01 was a Thursday
        if self.by == "month":
            moment = date.fromordinal(day + _EPOCH)
            return moment.year * 12 + moment.month - 1
        return (day - self.first_day) // (self.last_day + 1 - self.first_day)

    def column(self, day: ir.IntegerColumn) -> ir.IntegerValue:
        """Return the expression that does the same as ``number``, for days that were read."""
        if self.by is None and self.since is None and self.until is None:
            return ibis.literal(0, PERIOD_TYPE)
        return self._column(day).cast(PERIOD_TYPE)

    def _column(self, day: ir.IntegerColumn) -> ir.IntegerValue:
        if self.by == "day":
            return day
        if self.by == "week":
            return (day + 3) // 7
        if self.by == "month":
            return _month(day)
        return (day - self.first_day) // (self.last_day + 1 - self.first_day)

    def days(self, period: int) -> tuple[int, int]:
        """Return the first day of a period and the first day after it."""
        if self.by == "day":
            return period, period + 1
        if self.by == "week":
            return period * 7 - 3, period * 7 + 4
        if self.by == "month":
            return _first_of_month(period), _first_of_month(period + 1)
        length = self.last_day + 1 - self.first_day
        first = self.first_day + period * length
        return first, first + length

    def label(self, period: int) -> str:
        """Return the name of a period, as in ISO 8601."""
        first, end = self.days(period)
        start = date.fromordinal(first + _EPOCH)
        if self.by == "day":
            return start.isoformat()
        if self.by == "week":
            year, week, _ = start.isocalendar()
            return f"{year:04}-W{week:02}"
        if self.by == "month":
            return f"{start.year:04}-{start.month:02}"
        return f"{start.isoformat()}/{date.fromordinal(end - 1 + _EPOCH).isoformat()}"

    def incomplete(self, period: int) -> bool:
        """Return whether a part of the period was not read or is not reported."""
        first, end = self.days(period)
        return (
            first < self.first_day
            or end - 1 > self.last_day
            or first * _HOURS < self.first_hour
            or end * _HOURS - 1 > self.last_hour
        )

    def reaches_back(self, period: int) -> bool:
        """Return whether the requests read begin no later than the period before."""
        return self.first_hour <= self.days(period - 1)[0] * _HOURS


def _first_of_month(number: int) -> int:
    if number // 12 > date.max.year:
        return date.max.toordinal() + 1 - _EPOCH
    return date(number // 12, number % 12 + 1, 1).toordinal() - _EPOCH


def _month(day: ir.IntegerColumn) -> ir.IntegerValue:
    """Return the number of the month of a day by integer arithmetic alone.

    Counted in eras of 400 years that begin on 1 March, a day's month follows from its place in
    the year, since only the last month of such a year varies.
    """
    shifted = day + 719_468  # days since 0000-03-01
    era = shifted // 146_097
    of_era = shifted - era * 146_097
    year = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (year * 365 + year // 4 - year // 100)
    march_based = (of_year * 5 + 2) // 153
    return (era * 400 + year) * 12 + march_based + 2

"""Measure downloads: packages, their versions, channels, and files that nobody fetches."""

from __future__ import annotations

from datetime import date, timedelta

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from ..schema import DOWNLOAD
from .counting import Row, fetch, position, sum_amounts
from .data import Data
from .definitions import AGES, NO_DOWNLOAD
from .populations import flagged


def downloads(data: Data) -> ir.Table:
    """Return rows whose ``downloads`` and ``bytes`` add up.

    Requests are rows with 1 download. Rows with a negative number undo those that were repeated.
    """
    rows = data.reported.filter(data.reported.kind == DOWNLOAD)
    columns = ["period", "client", "from_mirror", "channel", "subdir", "project", "version"]
    requests = rows.select(*columns, downloads=_number(1), bytes=rows.bytes.fill_null(0))
    again = data.repeated
    return requests.union(again.select(*columns, downloads=-again.times, bytes=_number(0)))


def count_downloads(by_client: ir.Table, repeated: ir.Table, clients: ir.Table) -> ir.Table:
    """Return the numbers of downloads and bytes in each period.

    Args:
        by_client: ``Data.by_client`` without the rows that are not reported.
        repeated: ``Data.repeated``.
        clients: ``Data.clients``.
    """
    columns = ["period", "client", "from_mirror"]
    again = repeated.select(*columns, downloads=-repeated.times, bytes=_number(0))
    rows = by_client.select(*columns, "downloads", "bytes").union(again)
    return sum_amounts(flagged(rows, clients), ["period"], ["downloads", "bytes"])


def package_versions(data: Data) -> ir.Table:
    """Return the rows of the table of versions of the packages asked for."""
    rows = downloads(data)
    return rows.filter(rows.project.isin(data.options.packages))


def download_ages(data: Data) -> ir.Table:
    """Return the clients of each period; the column ``age`` is a position in AGES."""
    calendar, rows = data.calendar, data.by_client
    rows = flagged(rows.filter(rows.client.notnull()), data.clients)
    found = rows.group_by("period", "client", "lasting", "without_mirrors").aggregate(
        reported=rows.reported.max(), downloaded=rows.downloaded.max()
    )
    up_to_period = ibis.cumulative_window(group_by="client", order_by="period")
    found = found.mutate(downloaded=found.downloaded.max().over(up_to_period))
    ends = [min(calendar.days(number)[1] - 1, calendar.last_day) for number in calendar.periods]
    periods = ibis.memtable(pa.table({"period": calendar.periods, "end": ends}))
    found = found.filter(found.reported == 1).join(periods, "period")
    age = (found.end - found.downloaded).fill_null(NO_DOWNLOAD)
    return found.mutate(age=position(age, AGES)).drop("end", "downloaded", "reported")


def last_downloads(data: Data) -> ir.Table:
    """Return the last day on which each file was downloaded."""
    rows = data.requests.filter(data.requests.kind == DOWNLOAD)
    rows = rows.filter(rows.day <= data.calendar.last_day)
    return rows.group_by("subdir", "file").aggregate(day=rows.day.max())


def unused_packages(data: Data) -> list[Row]:
    """Return the files of the inventory that were not downloaded lately.

    An item with a directory is compared with subdir and file, one without with the file. The day
    of the last download is left out if groups of clients are hidden: it can be one client's.
    """
    calendar, options = data.calendar, data.options
    first = calendar.last_day + 1 - options.unused_days
    if not options.inventory or calendar.first_hour > first * 24:
        return []
    days: dict[str, int] = {}
    for row in fetch(last_downloads(data)):
        for name in (row["file"], f"{row['subdir']}/{row['file']}"):
            days[name] = max(row["day"], days.get(name, row["day"]))
    unused = []
    for item in sorted(set(options.inventory)):
        day = days.get("/".join(item.split("/")[-2:]))
        if day is None or day < first:
            shown = day is not None and options.min_clients <= 1
            last = (date(1970, 1, 1) + timedelta(day)).isoformat() if shown and day else None
            unused.append({"file": item, "last_download": last})
    return unused


def _number(value: int) -> ir.IntegerScalar:
    return ibis.literal(value, "int64")

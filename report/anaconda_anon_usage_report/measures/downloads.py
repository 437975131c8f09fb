"""Measure downloads: packages, their versions, channels, and files that nobody fetches."""

from __future__ import annotations

from datetime import date, timedelta

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from ..schema import DOWNLOAD
from .counting import Row, fetch, position
from .data import Data
from .definitions import AGES, NO_DOWNLOAD
from .populations import FLAGS, ONE, flagged


def downloads(data: Data) -> ir.Table:
    """Return the rows of the tables of packages and channels."""
    return data.downloads.join(data.files, "file_id")


def package_versions(data: Data) -> ir.Table:
    """Return the rows of the table of versions of the packages asked for."""
    rows = downloads(data)
    return rows.filter(rows.project.isin(data.options.packages))


def download_ages(data: Data) -> ir.Table:
    """Return the clients of each period; the column ``age`` is a position in AGES."""
    calendar, rows = data.calendar, data.by_client
    rows = flagged(rows.filter(rows.client.notnull()), data.clients)
    found = rows.group_by("period", "client", *FLAGS).aggregate(
        reported=rows.reported.max(), downloaded=rows.downloaded.max()
    )
    up_to_period = ibis.cumulative_window(group_by="client", order_by="period")
    found = found.mutate(downloaded=found.downloaded.max().over(up_to_period))
    ends = [min(calendar.days(number)[1] - 1, calendar.last_day) for number in calendar.periods]
    periods = ibis.memtable(pa.table({"period": calendar.periods, "end": ends}))
    found = found.filter(found.reported == 1).join(periods, "period")
    age = (found.end - found.downloaded).fill_null(NO_DOWNLOAD)
    return found.select("period", *FLAGS, age=position(age, AGES), clients=ONE)


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

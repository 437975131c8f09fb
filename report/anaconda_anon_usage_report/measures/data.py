"""Reduce the table of requests to smaller tables that several measures need."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from ..schema import DOWNLOAD, HEARTBEAT, REQUESTS
from .calendar import Calendar
from .options import ReportOptions
from .populations import find_clients, flag, flagged
from .updates import find_updates

Keep = Callable[[ir.Table], ir.Table]

#: Columns of requests that tell what a client runs.
ATTRIBUTES = (
    "aau",
    "conda",
    "python",
    "implementation",
    "system_name",
    "distro_name",
    "distro_version",
    "solver",
    "solver_version",
    "libc",
    "cpu",
)

#: The columns of requests that measures need.
COLUMNS = tuple(n for n in REQUESTS.names if n not in {"method", "build", "installer_version"})


@dataclass(frozen=True)
class Data:
    """The requests read, and smaller tables made of them.

    All tables but ``clients`` obey the filters and have the columns ``period`` and
    ``from_mirror``, which is 1 for requests of a known mirror without a client. Flags are 0 or 1,
    so that they can be summed.

    Args:
        requests: All requests, those outside of --since and --until included.
        reported: The requests to report.
        clients: The clients with a flag ``lasting``, ``too_new`` or ``mirror``.
        updates: Each client's updates, with the flag ``reported`` and the ``gap`` before each.
        by_client: The ``requests``, ``heartbeats``, ``downloads`` and their ``bytes``, ``first``
            second and last day of a download (``downloaded``, up to --until) of each client in
            each period, with the flag ``reported``.
        environments: Each client with each of its environments.
        programs: Each combination of ATTRIBUTES, missing ones as "", with its number ``program``.
        attributes: The last second at which a client sent each program. Here, in ``updates`` and
            ``environments``, there are the flags ``lasting`` and ``without_mirrors``.
        repeated: How often each file was fetched again by a client and session in an hour.
        calendar: The periods.
        options: The options of the report.
        keep: The function that computes a table once for all of its uses.
    """

    requests: ir.Table
    reported: ir.Table
    clients: ir.Table
    updates: ir.Table
    by_client: ir.Table
    environments: ir.Table
    programs: ir.Table
    attributes: ir.Table
    repeated: ir.Table
    calendar: Calendar
    options: ReportOptions
    keep: Keep


def prepare(requests: ir.Table, options: ReportOptions, keep: Keep) -> Data:
    """Make the tables for the measures.

    Args:
        requests: A table with the schema REQUESTS that is not empty.
        options: The options of the report.
        keep: The function that computes a table once for all of its uses.
    """
    extent = requests.aggregate(first=requests.time.min(), last=requests.time.max())
    first, last = extent.to_pyarrow().to_pylist()[0].values()
    calendar = Calendar(options.by, first // 3600, last // 3600, options.since, options.until)
    selected = _filtered(requests, options)
    selected = selected.mutate(
        period=calendar.column(selected.day),
        reported=flag(selected.day.between(calendar.first_day, calendar.last_day)),
        # The other requests of a mirror are known by its client.
        from_mirror=flag(selected.mirror & selected.client.isnull()),
    )
    reported = selected
    if options.since is not None or options.until is not None:
        reported = selected.filter(selected.reported == 1)
    clients = keep(find_clients(requests, options.lasting, last, keep))
    sent = _sent(reported)
    programs = sent.select(ATTRIBUTES).distinct()
    programs = keep(programs.mutate(program=ibis.row_number().over(order_by=list(ATTRIBUTES))))
    # Grouping by a number takes much less memory than by all of its strings.
    sent = sent.join(programs, list(ATTRIBUTES)).group_by(
        "period", "client", "from_mirror", "program"
    )
    attributes = keep(flagged(sent.aggregate(time=ibis._.time.max()), clients))
    return Data(
        requests=selected,
        reported=reported,
        clients=clients,
        updates=keep(find_updates(selected, clients, calendar)),
        by_client=keep(_by_client(selected, calendar)),
        environments=keep(flagged(_environments(reported), clients)),
        programs=programs,
        attributes=attributes,
        repeated=keep(_repeated(reported, calendar, keep)),
        calendar=calendar,
        options=options,
        keep=keep,
    )


def _filtered(requests: ir.Table, options: ReportOptions) -> ir.Table:
    for column, values in (("channel", options.channels), ("subdir", options.subdirs)):
        if values:
            requests = requests.filter(requests[column].isin(values))
    for column, values in (
        ("organizations", options.organizations),
        ("installers", options.installers),
    ):
        if values:
            tokens = requests[column]
            requests = requests.filter(ibis.or_(*(tokens.contains(value) for value in values)))
    return requests


def _by_client(requests: ir.Table, calendar: Calendar) -> ir.Table:
    download = requests.kind == DOWNLOAD
    downloaded = download & (requests.day <= calendar.last_day)
    return requests.group_by("period", "reported", "client", "from_mirror").aggregate(
        requests=requests.count(),
        heartbeats=flag(requests.kind == HEARTBEAT).sum().cast("int64"),
        downloads=flag(download).sum().cast("int64"),
        bytes=download.ifelse(requests.bytes, 0).sum().fill_null(0).cast("int64"),
        first=requests.time.min(),
        downloaded=downloaded.ifelse(requests.day, None).max(),
    )


def _environments(requests: ir.Table) -> ir.Table:
    rows = requests.filter(requests.environment.notnull())
    return rows.select("period", "client", "from_mirror", "environment").distinct()


def _sent(requests: ir.Table) -> ir.Table:
    rows = requests.filter(requests.client.notnull())
    rows = rows.select("period", "client", "from_mirror", "time", *ATTRIBUTES)
    return rows.mutate({name: rows[name].fill_null("") for name in ATTRIBUTES})


def _repeated(requests: ir.Table, calendar: Calendar, keep: Keep) -> ir.Table:
    file = ["channel", "subdir", "file"]
    rows = requests.filter((requests.kind == DOWNLOAD) & requests.client.notnull())
    rows = rows.mutate({name: rows[name].fill_null("") for name in file})
    # The file name determines the project and the version.
    files = rows.select(*file, "project", "version").distinct()
    files = keep(files.mutate(number=ibis.row_number().over(order_by=file)))
    rows = rows.join(files.select(*file, "number"), file)
    fetched = rows.group_by("client", "session", "hour", "number").aggregate(rows=rows.count())
    again = fetched.filter(fetched["rows"] > 1).join(files, "number")
    again = again.mutate(
        period=calendar.column(again.hour // 24), from_mirror=ibis.literal(0, "int64")
    )
    keys = ["period", "client", "from_mirror", "channel", "subdir", "project", "version"]
    return again.group_by(keys).aggregate(times=(again["rows"] - 1).sum().cast("int64"))

"""Reduce the table of requests to smaller tables that several measures need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from ..schema import DOWNLOAD, HEARTBEAT, REQUESTS
from .attributes import find_attributes, find_programs
from .calendar import Calendar
from .options import ReportOptions
from .populations import ONE, Keep, find_clients, flag, flagged, of_clients
from .updates import find_updates

#: The columns of requests that measures need.
COLUMNS = tuple(n for n in REQUESTS.names if n not in {"method", "build", "installer_version"})

#: Columns with lists of tokens, and the name of one token.
LISTS = {"organizations": "organization", "machines": "machine", "installers": "installer"}


@dataclass(frozen=True)
class Data:
    """The requests read, and smaller tables made of them.

    All tables but ``clients`` obey the filters. All but it, ``files`` and ``programs`` have the
    column ``period``, and either ``from_mirror``, which is 1 for requests of a known mirror without
    a client, or FLAGS. Flags are 0 or 1, so that they can be summed.

    Args:
        requests: All requests, those outside of --since and --until included.
        reported: The requests to report.
        clients: The clients with a flag ``lasting``, ``too_new`` or ``mirror``.
        updates: Each client's updates, with the flag ``reported`` and the ``gap`` before each.
        by_client: The ``requests``, ``heartbeats``, ``first`` and ``last`` second, and last day of
            a download (``downloaded``, up to --until) of each client with each program in each
            period, with the flag ``reported``.
        environments: Each client with each of its environments, with the flag ``heartbeats``.
        by_token: For each of LISTS, the ``requests`` and ``heartbeats`` with each token by each
            client, environment and session, which is NULL for heartbeats.
        downloads: The ``downloads`` and ``bytes`` of each file (``file_id``) by each client, in a
            row for each session and hour.
        files: The channel, subdir, project and version of each file, missing ones as "".
        programs: What ``find_programs`` returns.
        attributes: What ``find_attributes`` returns.
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
    by_token: Mapping[str, ir.Table]
    downloads: ir.Table
    files: ir.Table
    programs: ir.Table
    attributes: ir.Table
    calendar: Calendar
    options: ReportOptions
    keep: Keep


def prepare(requests: ir.Table, options: ReportOptions, keep: Keep) -> Data:
    """Make the tables for the measures.

    Args:
        requests: A table with the columns COLUMNS of REQUESTS or STORED that is not empty.
        options: The options of the report.
        keep: The function that computes a table once for all of its uses.
    """
    extent = requests.aggregate(first=requests.time.min(), last=requests.time.max())
    first, last = extent.to_pyarrow().to_pylist()[0].values()
    calendar = Calendar(options.by, first // 3600, last // 3600, options.since, options.until)
    requests = requests.mutate(
        period=calendar.column(requests.day),
        reported=flag(requests.day.between(calendar.first_day, calendar.last_day)),
        # The other requests of a mirror are known by its client.
        from_mirror=flag(requests.mirror & requests.client.isnull()),
    )
    selected = _filtered(requests, options)
    reported = selected
    if options.since is not None or options.until is not None:
        reported = selected.filter(selected.reported == 1)
    every = keep(_by_client(requests, calendar))
    clients = keep(find_clients(every, requests, options.lasting, last, keep))
    by_client = every if selected is requests else keep(_by_client(selected, calendar))
    sent = of_clients(by_client.filter(by_client.reported == 1))
    programs = keep(find_programs(reported, sent))
    return Data(
        requests=selected,
        reported=reported,
        clients=clients,
        updates=keep(find_updates(selected, clients, calendar)),
        by_client=by_client,
        environments=keep(flagged(_environments(reported), clients)),
        by_token={name: keep(flagged(_by_token(reported, name), clients)) for name in LISTS},
        files=keep(_files(reported)),
        programs=programs,
        attributes=keep(find_attributes(sent, programs, clients)),
        # Last, because it is so large that it pushes the others out of memory.
        downloads=keep(flagged(_downloads(reported, calendar), clients)),
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
    downloaded = (requests.kind == DOWNLOAD) & (requests.day <= calendar.last_day)
    keys = ("period", "reported", "client", "from_mirror", "program_id")
    return requests.group_by(keys).aggregate(
        requests=requests.count(),
        heartbeats=flag(requests.kind == HEARTBEAT).sum().cast("int64"),
        first=requests.time.min(),
        last=requests.time.max(),
        downloaded=downloaded.ifelse(requests.day, None).max(),
    )


def _environments(requests: ir.Table) -> ir.Table:
    rows = requests.filter(requests.environment.notnull())
    return rows.group_by("period", "client", "from_mirror", "environment").aggregate(
        heartbeats=flag(rows.kind == HEARTBEAT).max()
    )


def _by_token(requests: ir.Table, name: str) -> ir.Table:
    # DuckDB skips other columns of empty lists, but not for a condition on their length.
    rows = requests.filter(requests[name] != ibis.literal([], "array<string>"))
    heartbeat = rows.kind == HEARTBEAT
    # DuckDB reads all columns that are unnested, needed or not.
    rows = rows.select(
        "period",
        "client",
        "from_mirror",
        "environment",
        rows[name].unnest().name(LISTS[name]),
        session=heartbeat.ifelse(None, rows.session),
        heartbeats=flag(heartbeat),
    )
    keys = ("period", "client", "from_mirror", "environment", "session", LISTS[name])
    return rows.group_by(keys).aggregate(
        requests=rows.count(), heartbeats=rows.heartbeats.sum().cast("int64")
    )


def _downloads(requests: ir.Table, calendar: Calendar) -> ir.Table:
    """Count a file that a client and session fetch again in the same hour once."""
    rows = requests.filter(requests.kind == DOWNLOAD)
    found = rows.group_by("client", "from_mirror", "session", "hour", "file_id").aggregate(
        downloads=rows.count(), bytes=rows.bytes.sum().fill_null(0).cast("int64")
    )
    found = found.mutate(
        period=calendar.column(found.hour // 24),
        downloads=found.client.isnull().ifelse(found.downloads, ONE).cast("int32"),
    )
    return found.drop("session", "hour")


def _files(requests: ir.Table) -> ir.Table:
    rows = requests.filter(requests.kind == DOWNLOAD)
    # Requests with equal numbers are for the same file.
    columns = ("channel", "subdir", "project", "version")
    return rows.group_by("file_id").aggregate(
        {name: rows[name].arbitrary().fill_null("") for name in columns}
    )

"""Reduce the table of requests to smaller tables that several measures need."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from ..schema import DOWNLOAD, HEARTBEAT
from .calendar import Calendar
from .options import ReportOptions
from .populations import find_clients, flag, numbered
from .updates import find_updates

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


@dataclass(frozen=True)
class Data:
    """The requests read, and smaller tables made of them.

    All tables but ``clients`` obey the filters and have the columns ``period`` and
    ``from_mirror``, which is 1 for requests of a known mirror without a client. Flags are 0 or 1,
    so that they can be summed.

    Args:
        requests: All requests, those outside of --since and --until included.
        reported: The requests to report.
        clients: Each client's ``first`` and ``last`` second, ``lasting``, ``too_new``, ``mirror``.
        updates: Each client's updates, with the flag ``reported`` and the ``gap`` before each.
        by_client: The ``requests``, ``heartbeats`` and ``first`` second of each client in each
            period, with the flag ``reported``.
        attributes: The last second at which a client sent each combination of ATTRIBUTES.
            Here and in ``updates``, ``client`` is a number, and there are the flags ``lasting``
            and ``without_mirrors``.
        repeated: How often each file was fetched again by a client and session in an hour.
        calendar: The periods.
        options: The options of the report.
    """

    requests: ir.Table
    reported: ir.Table
    clients: ir.Table
    updates: ir.Table
    by_client: ir.Table
    attributes: ir.Table
    repeated: ir.Table
    calendar: Calendar
    options: ReportOptions


def prepare(requests: ir.Table, options: ReportOptions) -> Data:
    """Make the tables for the measures.

    Args:
        requests: A table with the schema REQUESTS that is not empty.
        options: The options of the report.
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
    clients = find_clients(requests, options.lasting, last).cache()
    return Data(
        requests=selected,
        reported=reported,
        clients=clients,
        updates=find_updates(selected, clients, calendar).cache(),
        by_client=_by_client(selected).cache(),
        attributes=numbered(_attributes(reported), clients).cache(),
        repeated=_repeated(reported).cache(),
        calendar=calendar,
        options=options,
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


def _by_client(requests: ir.Table) -> ir.Table:
    return requests.group_by("period", "reported", "client", "from_mirror").aggregate(
        requests=requests.count(),
        heartbeats=flag(requests.kind == HEARTBEAT).sum().cast("int64"),
        first=requests.time.min(),
    )


def _attributes(requests: ir.Table) -> ir.Table:
    rows = requests.filter(requests.client.notnull())
    grouped = rows.group_by("period", "client", "from_mirror", *ATTRIBUTES)
    return grouped.aggregate(time=rows.time.max())


def _repeated(requests: ir.Table) -> ir.Table:
    rows = requests.filter((requests.kind == DOWNLOAD) & requests.client.notnull())
    keys = ["period", "client", "from_mirror", "channel", "subdir", "project", "version"]
    files = rows.group_by([*keys, "file", "session", "hour"]).aggregate(rows=rows.count())
    again = files.filter(files["rows"] > 1)
    return again.group_by(keys).aggregate(times=(again["rows"] - 1).sum().cast("int64"))

"""Reduce the table of requests to the tables that the measures count in."""

from __future__ import annotations

from dataclasses import dataclass

import ibis
import ibis.expr.types as ir

from ..schema import DOWNLOAD
from .calendar import Calendar
from .definitions import MIRROR_FILES
from .options import ReportOptions

_DAY = 86_400

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

    All tables but ``requests`` and ``clients`` have the columns ``period``, ``reported`` (0
    outside of --since and --until), and the flags ``lasting`` and ``without_mirrors``, and obey
    the filters. Flags are 0 or 1, so that they can be summed.

    Args:
        requests: All requests read that pass the filters.
        clients: Each client's ``first`` and ``last`` second, ``lasting``, ``too_new``, ``mirror``.
        activity: Requests by kind and tokens, with their number and first second.
        downloads: Downloads by package, channel, subdir and client, with their number and bytes.
        attributes: The last second at which a client sent each combination of ATTRIBUTES.
        calendar: The periods.
        options: The options of the report.
    """

    requests: ir.Table
    clients: ir.Table
    activity: ir.Table
    downloads: ir.Table
    attributes: ir.Table
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
    clients = _clients(requests, options, last).cache()
    selected = _filtered(requests, options)
    selected = selected.mutate(
        period=calendar.column(selected.day).cast("int64"),
        reported=_flag(selected.day.between(calendar.first_day, calendar.last_day)),
        # The other requests of a mirror are known by its client.
        from_mirror=_flag(selected.mirror & selected.client.isnull()),
    )
    return Data(
        requests=selected,
        clients=clients,
        activity=flagged(_activity(selected), clients).cache(),
        downloads=flagged(_downloads(selected), clients).cache(),
        attributes=flagged(_attributes(selected), clients).cache(),
        calendar=calendar,
        options=options,
    )


def flagged(rows: ir.Table, clients: ir.Table) -> ir.Table:
    """Return rows with ``lasting`` and ``without_mirrors``, from ``client`` and ``from_mirror``."""
    facts = clients.select("client", "lasting", "mirror")
    joined = rows.left_join(facts, "client").drop("client_right")
    return joined.mutate(
        lasting=joined.lasting.fill_null(0),
        without_mirrors=1 - ibis.greatest(joined.mirror.fill_null(0), joined.from_mirror),
    ).drop("mirror", "from_mirror")


def _flag(condition: ir.Value) -> ir.IntegerColumn:
    return condition.ifelse(1, 0).cast("int64")


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


def _clients(requests: ir.Table, options: ReportOptions, end: int) -> ir.Table:
    rows = requests.filter(requests.client.notnull())
    clients = rows.group_by("client").aggregate(
        first=rows.time.min(), last=rows.time.max(), program=_flag(rows.mirror).max()
    )
    downloads = rows.filter(rows.kind == DOWNLOAD)
    # Counting distinct files is costly, so it is left to clients with as many downloads.
    days = downloads.group_by("client", "day").aggregate(requests=downloads.count())
    busy = days.filter(days.requests >= MIRROR_FILES).select("client", "day")
    files = downloads.semi_join(busy, ["client", "day"])
    files = files.select("client", "day", "channel", "subdir", "file").distinct()
    counts = files.group_by("client", "day").aggregate(files=files.count())
    mirrors = counts.filter(counts.files >= MIRROR_FILES).select("client").distinct()
    mirrors = mirrors.mutate(many=ibis.literal(1, "int64"))
    clients = clients.left_join(mirrors, "client").drop("client_right")
    enough = options.lasting * _DAY
    return clients.select(
        "client",
        "first",
        "last",
        lasting=_flag(clients.last - clients.first >= enough),
        too_new=_flag((clients.last - clients.first < enough) & (end - clients.first < enough)),
        mirror=ibis.greatest(clients.program, clients.many.fill_null(0)),
    )


def _activity(requests: ir.Table) -> ir.Table:
    keys = ["period", "reported", "kind", "client", "session", "environment", "account"]
    keys += ["organizations", "machines", "installers", "from_mirror"]
    return requests.group_by(keys).aggregate(requests=requests.count(), first=requests.time.min())


def _downloads(requests: ir.Table) -> ir.Table:
    rows = requests.filter((requests.kind == DOWNLOAD) & (requests.reported == 1))
    shared = ["period", "reported", "client", "channel", "subdir", "project", "version"]
    shared.append("from_mirror")
    files = rows.group_by([*shared, "session", "hour", "file"]).aggregate(
        rows=rows.count(), bytes=rows.bytes.sum().fill_null(0)
    )
    return files.group_by(shared).aggregate(
        downloads=files.client.isnull().ifelse(files.rows, 1).sum().cast("int64"),
        bytes=files.bytes.sum().cast("int64"),
    )


def _attributes(requests: ir.Table) -> ir.Table:
    rows = requests.filter((requests.reported == 1) & requests.client.notnull())
    keys = ["period", "reported", "client", "from_mirror", *ATTRIBUTES]
    return rows.group_by(keys).aggregate(time=rows.time.max())

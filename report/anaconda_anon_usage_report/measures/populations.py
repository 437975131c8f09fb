"""Tell lasting clients and mirrors from others."""

from __future__ import annotations

from collections.abc import Callable

import ibis
import ibis.expr.types as ir

from ..schema import DOWNLOAD
from .definitions import MIRROR_FILES, SUFFIXES

#: What computes a table once for all of its uses.
Keep = Callable[[ir.Table], ir.Table]

_DAY = 86_400

#: Numbers to sum. Sums have 64 bits or more in all engines.
ZERO, ONE = ibis.literal(0, "int8"), ibis.literal(1, "int8")

#: The flags of populations, named like their suffixes.
FLAGS = tuple(suffix[1:] for suffix in SUFFIXES if suffix)


def flag(condition: ir.Value) -> ir.IntegerColumn:
    """Return 1 where a condition holds, else 0."""
    return condition.ifelse(1, 0).cast("int8")


def of_clients(rows: ir.Table) -> ir.Table:
    """Return the rows that have a client, for which ``from_mirror`` is 0."""
    return rows.filter(rows.client.notnull()).mutate(from_mirror=flag(ibis.literal(False)))


def flagged(rows: ir.Table, clients: ir.Table) -> ir.Table:
    """Return rows with ``lasting`` and ``without_mirrors``, from ``client`` and ``from_mirror``."""
    if "lasting" in rows.columns:
        return rows
    facts = clients.select("client", "lasting", is_mirror=clients.mirror)
    joined = rows.left_join(facts, "client").drop("client_right")
    return joined.mutate(
        lasting=flag(joined.lasting == 1),
        without_mirrors=flag((joined.from_mirror == 0) & (joined.is_mirror.fill_null(0) == 0)),
    ).drop("is_mirror", "from_mirror")


def find_clients(
    by_client: ir.Table,
    requests: ir.Table,
    lasting: int,
    end: int,
    keep: Keep,
) -> ir.Table:
    """Return the clients that are lasting, too new to tell, or mirrors.

    Most clients are none of these where containers are, so that this table is small.

    Args:
        by_client: ``Data.by_client``, but of all requests.
        requests: All requests.
        lasting: Days between the first and last request of a lasting client.
        end: The last second of all requests.
        keep: ``Data.keep``. One query for everything would take several times the memory.

    Returns:
        A table with ``client`` and the flags ``lasting``, ``too_new`` and ``mirror``.
    """
    rows = by_client.filter(by_client.client.notnull())
    clients = keep(
        rows.group_by("client").aggregate(
            first=rows["first"].min(),
            last=rows["last"].max(),
            requests=rows.requests.sum().cast("int64"),
        )
    )
    # Counting distinct files is costly, so it is left to the days with enough downloads.
    busy = clients.filter(clients.requests >= MIRROR_FILES).select("client")
    downloads = requests.filter(requests.kind == DOWNLOAD).semi_join(busy, "client")
    days = downloads.group_by("client", "day").aggregate(downloads=downloads.count())
    days = keep(days.filter(days.downloads >= MIRROR_FILES).select("client", "day"))
    files = downloads.semi_join(days, ["client", "day"])
    files = files.select("client", "day", "file_id").distinct()
    counts = files.group_by("client", "day").aggregate(files=files.count())
    mirrors = counts.filter(counts.files >= MIRROR_FILES).select("client")
    programs = requests.filter(requests.mirror & requests.client.notnull()).select("client")
    mirrors = keep(mirrors.union(programs).distinct().mutate(mirror=ONE))
    clients = clients.left_join(mirrors, "client").drop("client_right")
    enough = lasting * _DAY
    clients = clients.select(
        "client",
        lasting=flag(clients.last - clients.first >= enough),
        too_new=flag((clients.last - clients.first < enough) & (end - clients.first < enough)),
        mirror=flag(clients.mirror == 1),
    )
    return clients.filter((clients.lasting == 1) | (clients.too_new == 1) | (clients.mirror == 1))

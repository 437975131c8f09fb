"""Tell lasting clients and mirrors from others."""

from __future__ import annotations

from collections.abc import Callable

import ibis
import ibis.expr.types as ir

from ..schema import DOWNLOAD
from .definitions import MIRROR_FILES

_DAY = 86_400


def flag(condition: ir.Value) -> ir.IntegerColumn:
    """Return 1 where a condition holds, else 0."""
    return condition.ifelse(1, 0).cast("int64")


def flagged(rows: ir.Table, clients: ir.Table) -> ir.Table:
    """Return rows with ``lasting`` and ``without_mirrors``, from ``client`` and ``from_mirror``."""
    if "lasting" in rows.columns:
        return rows
    facts = clients.select("client", "lasting", "mirror")
    joined = rows.left_join(facts, "client").drop("client_right")
    return joined.mutate(
        lasting=joined.lasting.fill_null(0),
        without_mirrors=1 - ibis.greatest(joined.mirror.fill_null(0), joined.from_mirror),
    ).drop("mirror", "from_mirror")


def find_clients(
    requests: ir.Table, lasting: int, end: int, keep: Callable[[ir.Table], ir.Table]
) -> ir.Table:
    """Return the clients that are lasting, too new to tell, or mirrors.

    Most clients are none of these where containers are, so that this table is small.

    Args:
        requests: All requests read.
        lasting: Days between the first and last request of a lasting client.
        end: The last second of all requests.
        keep: ``Data.keep``. One query for everything would take several times the memory.

    Returns:
        A table with ``client`` and the flags ``lasting``, ``too_new`` and ``mirror``.
    """
    rows = requests.filter(requests.client.notnull())
    clients = keep(
        rows.group_by("client").aggregate(
            first=rows.time.min(),
            last=rows.time.max(),
            program=flag(rows.mirror).max(),
            downloads=flag(rows.kind == DOWNLOAD).sum().cast("int64"),
        )
    )
    # Counting distinct files is costly, so it is left to the days with enough downloads.
    busy = clients.filter(clients.downloads >= MIRROR_FILES).select("client")
    downloads = rows.filter(rows.kind == DOWNLOAD).semi_join(busy, "client")
    days = downloads.group_by("client", "day").aggregate(downloads=downloads.count())
    days = keep(days.filter(days.downloads >= MIRROR_FILES).select("client", "day"))
    files = downloads.semi_join(days, ["client", "day"])
    files = files.select("client", "day", "channel", "subdir", "file").distinct()
    counts = files.group_by("client", "day").aggregate(files=files.count())
    mirrors = counts.filter(counts.files >= MIRROR_FILES).select("client").distinct()
    mirrors = keep(mirrors.mutate(many=ibis.literal(1, "int64")))
    clients = clients.left_join(mirrors, "client").drop("client_right")
    enough = lasting * _DAY
    clients = clients.select(
        "client",
        lasting=flag(clients.last - clients.first >= enough),
        too_new=flag((clients.last - clients.first < enough) & (end - clients.first < enough)),
        mirror=ibis.greatest(clients.program, clients.many.fill_null(0)),
    )
    return clients.filter((clients.lasting == 1) | (clients.too_new == 1) | (clients.mirror == 1))

"""Measure updates and the time between them, and new, returning and lost clients."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from ..schema import REPODATA
from .counting import count_distinct, medians, sum_amounts
from .data import Data, flag, flagged
from .definitions import GAPS

_DAY = 86_400
_FLAGS = ("lasting", "without_mirrors")


def updates(data: Data) -> ir.Table:
    """Return each client's updates in order, with their period and the ``gap`` before each."""
    rows = data.requests.filter(data.requests.kind == REPODATA)
    rows = rows.filter(rows.client.notnull() & rows.session.notnull())
    found = rows.group_by("client", "session", "from_mirror").aggregate(start=rows.time.min())
    number = ibis.row_number().over(group_by="client", order_by=["start", "session"])
    found = flagged(found.mutate(number=number), data.clients)
    before = found.select("client", number=found.number + 1, start_before=found.start)
    joined = found.left_join(before, ["client", "number"])
    day = joined.start // _DAY
    return joined.select(
        "client",
        *_FLAGS,
        period=data.calendar.column(day),
        reported=flag(day.between(data.calendar.first_day, data.calendar.last_day)),
        gap=joined.start - joined.start_before,
        updates=ibis.literal(1, "int64"),
        from_mirror=ibis.literal(0, "int64"),
    )


def count_updates(updates: ir.Table) -> list[ir.Table]:
    """Return the number of updates, and the median gap, in each period."""
    known = updates.filter(updates.gap.notnull())
    return [sum_amounts(updates, ["period"], ["updates"]), *medians(known, "update_gap", "gap")]


def update_gaps(data: Data) -> ir.Table:
    """Return the rows of the table of gaps; the column ``gap`` is a position in GAPS."""
    rows = updates(data)
    rows = rows.filter((rows.reported == 1) & rows.gap.notnull())
    position = ibis.literal(0, "int64")
    for _, limit in GAPS:
        if limit is not None:
            position = position + (rows.gap >= limit).ifelse(1, 0)
    return rows.mutate(gap=position.cast("int64"))


def count_changes(data: Data) -> list[ir.Table]:
    """Return the numbers of new, returning and lost clients in each period.

    Those of periods that the data read do not reach far enough back for mean nothing.
    """
    rows = data.by_client.filter(data.by_client.client.notnull())
    reported = rows.filter(rows.reported == 1)
    here = reported.group_by("period", "client", "from_mirror").aggregate(
        first=reported["first"].min()
    )
    starts = rows.group_by("client").aggregate(start=rows["first"].min())
    here = here.join(starts, "client")
    new, returning = (
        here.filter(here["first"] == here.start),
        here.filter(here["first"] > here.start),
    )
    before = rows.select("client", "from_mirror", period=rows.period + 1).distinct()
    lost = before.anti_join(here, ["period", "client"])
    return [
        count_distinct(new, data.clients, ["period"], "new", "client"),
        count_distinct(returning, data.clients, ["period"], "returning", "client"),
        count_distinct(lost, data.clients, ["period"], "lost", "client"),
    ]

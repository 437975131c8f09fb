"""Measure updates and the time between them."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from ..schema import REPODATA
from .calendar import Calendar
from .counting import medians, position, sum_amounts
from .definitions import GAPS
from .populations import flag, flagged

_DAY = 86_400


def find_updates(requests: ir.Table, clients: ir.Table, calendar: Calendar) -> ir.Table:
    """Return each client's updates, with their period and the ``gap`` before each.

    Args:
        requests: ``Data.requests``.
        clients: ``Data.clients``.
        calendar: The periods.
    """
    rows = requests.filter(requests.kind == REPODATA)
    rows = rows.filter(rows.client.notnull() & rows.session.notnull())
    found = rows.group_by("client", "session", "from_mirror").aggregate(start=rows.time.min())
    found = flagged(found, clients)
    order = ibis.row_number().over(group_by="client", order_by=["start", "session"])
    found = found.mutate(order=order)
    before = found.select("client", order=found.order + 1, start_before=found.start)
    joined = found.left_join(before, ["client", "order"])
    day = joined.start // _DAY
    return joined.select(
        "client",
        "lasting",
        "without_mirrors",
        period=calendar.column(day),
        reported=flag(day.between(calendar.first_day, calendar.last_day)),
        gap=joined.start - joined.start_before,
        updates=ibis.literal(1, "int64"),
    )


def count_updates(updates: ir.Table) -> list[ir.Table]:
    """Return the number of updates, and the median gap, in each period."""
    known = updates.filter(updates.gap.notnull())
    return [sum_amounts(updates, ["period"], ["updates"]), *medians(known, "update_gap", "gap")]


def update_gaps(updates: ir.Table) -> ir.Table:
    """Return the rows of the table of gaps; the column ``gap`` is a position in GAPS."""
    rows = updates.filter((updates.reported == 1) & updates.gap.notnull())
    return rows.mutate(gap=position(rows.gap, GAPS))

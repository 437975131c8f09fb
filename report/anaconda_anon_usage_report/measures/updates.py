"""Measure updates and the time between them."""

from __future__ import annotations

import ibis.expr.types as ir

from ..schema import REPODATA
from .calendar import Calendar
from .counting import medians, position, sum_amounts
from .definitions import GAPS
from .populations import FLAGS, ONE, Keep, flag, flagged, of_clients

_DAY = 86_400


def find_updates(requests: ir.Table, clients: ir.Table, calendar: Calendar) -> ir.Table:
    """Return each client's updates, with their period and the ``gap`` before each.

    Args:
        requests: ``Data.requests``.
        clients: ``Data.clients``.
        calendar: The periods.
    """
    rows = of_clients(requests.filter(requests.kind == REPODATA))
    rows = rows.filter(rows.session.notnull())
    found = rows.group_by("client", "session", "from_mirror").aggregate(start=rows.time.min())
    found = flagged(found, clients)
    before = found.start.lag().over(group_by="client", order_by=["start", "session"])
    day = found.start // _DAY
    return found.select(
        "client",
        *FLAGS,
        period=calendar.column(day),
        reported=flag(day.between(calendar.first_day, calendar.last_day)),
        gap=found.start - before,
        updates=ONE,
    )


def count_updates(updates: ir.Table, keep: Keep) -> list[ir.Table]:
    """Return the number of updates, and the median gap, in each period."""
    known = updates.filter(updates.gap.notnull())
    return [
        sum_amounts(updates, ["period"], ["updates"]),
        *medians(known, "update_gap", "gap", keep),
    ]


def update_gaps(updates: ir.Table) -> ir.Table:
    """Return the rows of the table of gaps; the column ``gap`` is a position in GAPS."""
    rows = updates.filter((updates.reported == 1) & updates.gap.notnull())
    return rows.mutate(gap=position(rows.gap, GAPS))

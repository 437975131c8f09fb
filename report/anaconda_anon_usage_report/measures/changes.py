"""Measure new, returning and lost clients."""

from __future__ import annotations

import ibis.expr.types as ir

from .calendar import PERIOD_TYPE
from .counting import sum_amounts
from .data import Data
from .populations import ONE, ZERO, flagged


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
    # Grouping both takes less memory than an anti-join.
    both = rows.select("client", period=(rows.period + 1).cast(PERIOD_TYPE), here=ZERO)
    both = both.union(reported.select("client", "period", here=ONE))
    both = both.group_by("period", "client").aggregate(here=both.here.max())
    lost = both.filter(both.here == 0).mutate(from_mirror=ZERO)
    return [
        sum_amounts(flagged(some.mutate(ONE.name(name)), data.clients), ["period"], [name])
        for name, some in (("new", new), ("returning", returning), ("lost", lost))
    ]

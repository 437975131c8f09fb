"""Measure new, returning and lost clients."""

from __future__ import annotations

import ibis.expr.types as ir

from .counting import count_distinct
from .data import Data


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
    before = rows.group_by("client", "from_mirror", period=rows.period + 1)
    before = before.aggregate(requests=rows.requests.sum())
    lost = before.anti_join(here, ["period", "client"])
    return [
        count_distinct(new, data.clients, ["period"], "new", "client"),
        count_distinct(returning, data.clients, ["period"], "returning", "client"),
        count_distinct(lost, data.clients, ["period"], "lost", "client"),
    ]

"""The measures of a report: Ibis expressions over the table of requests.

Expressions use only filter, group_by, count, nunique, min, max (also as a running one), sum, join,
row_number and integer arithmetic, so that every engine gives the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable

import ibis
import ibis.expr.types as ir

from . import changes, downloads, requests, tokens, updates
from .attributes import REQUIRED, last_values
from .calendar import PERIOD_TYPE
from .counting import Row, merge, sum_amounts
from .data import Data


def _last_values(name: str) -> Callable[[Data], ir.Table]:
    return lambda data: last_values(name, data.attributes, data.programs)


#: The functions that make the rows of the tables whose groups can be small, by table name.
GROUPED: dict[str, Callable[[Data], ir.Table]] = {
    "packages": downloads.downloads,
    "package_versions": downloads.package_versions,
    "channels": downloads.downloads,
    "errors": requests.errors,
    "other_requests": requests.other_requests,
    "other_tools": requests.other_tools,
    "organizations": lambda data: data.by_token["organizations"],
    "machines": lambda data: data.by_token["machines"],
    "installers": lambda data: data.by_token["installers"],
    "update_gaps": lambda data: updates.update_gaps(data.updates),
    "download_ages": downloads.download_ages,
    **{name: _last_values(name) for name in REQUIRED},
}


def count_periods(data: Data, *, overall: bool = False) -> dict[int, Row]:
    """Count everything that is counted in totals and in periods.

    Args:
        data: The prepared tables.
        overall: Whether to take the whole time reported for a single period, number 0.

    Returns:
        The counts of each period by its number. Counts of nothing are missing.
    """

    def rows(table: ir.Table) -> ir.Table:
        return table.mutate(period=ibis.literal(0, PERIOD_TYPE)) if overall else table

    reported = rows(data.reported)
    by_client = rows(data.by_client.filter(data.by_client.reported == 1))
    by_token = {name: rows(table) for name, table in data.by_token.items()}
    found = data.updates.filter(data.updates.reported == 1)
    tables = [
        *tokens.count_tokens(reported, by_client, rows(data.environments), by_token, data),
        tokens.classify(by_client, data.clients),
        sum_amounts(rows(data.downloads), ["period"], ["downloads", "bytes"]),
        *updates.count_updates(rows(found), data.keep),
    ]
    calendar = data.calendar
    if not overall and any(map(calendar.reaches_back, calendar.periods)):
        tables += changes.count_changes(data)
    return {key[0]: row for key, row in merge(tables, ["period"]).items()}

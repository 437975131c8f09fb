"""Measure clients, environments, sessions and the other tokens, and heartbeats."""

from __future__ import annotations

import ibis.expr.types as ir

from ..schema import HEARTBEAT
from .counting import count_distinct, medians, sum_amounts
from .data import Data

_PERIOD = ["period"]


def count_tokens(activity: ir.Table, accounts: bool) -> list[ir.Table]:
    """Return the counts of tokens, heartbeats and requests in each period.

    Args:
        activity: ``Data.activity`` without the rows that are not reported.
        accounts: Whether to count accounts.
    """
    heartbeats = activity.filter(activity.kind == HEARTBEAT)
    others = activity.filter(activity.kind != HEARTBEAT)
    tables = [
        count_distinct(activity, _PERIOD, "clients", "client", ["requests"]),
        count_distinct(activity, _PERIOD, "environments", "environment"),
        count_distinct(others, _PERIOD, "sessions", "session"),
        count_distinct(heartbeats, _PERIOD, "heartbeat_clients", "client"),
        count_distinct(heartbeats, _PERIOD, "heartbeat_environments", "environment"),
        sum_amounts(heartbeats.rename(heartbeats="requests"), _PERIOD, ["heartbeats"]),
        _requests_without_client(activity),
        *environments_per_client(activity),
    ]
    for name, token in _LISTS.items():
        tables.append(count_distinct(unnested(activity, name), _PERIOD, name, token))
    if accounts:
        tables.append(count_distinct(activity, _PERIOD, "accounts", "account"))
    return tables


def environments_per_client(activity: ir.Table) -> list[ir.Table]:
    """Return the median of the environments per client in each period and population."""
    known = activity.filter(activity.client.notnull() & activity.environment.notnull())
    clients = known.group_by("period", "client").aggregate(
        environments=known.environment.nunique(),
        lasting=known.lasting.max(),
        without_mirrors=known.without_mirrors.max(),
    )
    return medians(clients, "environments_per_client", "environments")


def classify(activity: ir.Table, clients: ir.Table) -> ir.Table:
    """Return the numbers of lasting, single-day and too new clients, and of mirrors."""
    seen = activity.select("period", "client").distinct().join(clients, "client")
    return seen.group_by("period").aggregate(
        lasting_clients=seen.lasting.sum().cast("int64"),
        single_day_clients=((1 - seen.lasting) * (1 - seen.too_new)).sum().cast("int64"),
        too_new_clients=seen.too_new.sum().cast("int64"),
        mirrors=seen.mirror.sum().cast("int64"),
    )


#: Columns with lists of tokens, and the name of one token.
_LISTS = {"organizations": "organization", "machines": "machine", "installers": "installer"}


def by_token(data: Data, name: str) -> ir.Table:
    """Return the rows of the table of organizations, machines or installers."""
    reported = data.activity.filter(data.activity.reported == 1)
    rows = unnested(reported, name)
    heartbeat = rows.kind == HEARTBEAT
    return rows.mutate(
        heartbeats=heartbeat.ifelse(rows.requests, 0),
        session=heartbeat.ifelse(None, rows.session),
    )


def unnested(activity: ir.Table, name: str) -> ir.Table:
    """Return a row for each token in a column with lists of tokens."""
    some = activity.filter(activity[name].length() > 0)
    return some.mutate(some[name].unnest().name(_LISTS[name]))


def _requests_without_client(activity: ir.Table) -> ir.Table:
    rows = activity.filter(activity.client.isnull())
    return rows.group_by("period").aggregate(
        requests_without_client=rows.requests.sum().cast("int64")
    )

"""Measure clients, environments, sessions and the other tokens, and heartbeats."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ibis.expr.types as ir

from ..schema import HEARTBEAT
from .counting import count_distinct, medians
from .data import LISTS, Data
from .populations import FLAGS, Keep


def count_tokens(
    rows: ir.Table,
    by_client: ir.Table,
    environments: ir.Table,
    by_token: Mapping[str, ir.Table],
    data: Data,
) -> list[ir.Table]:
    """Return the counts of tokens, heartbeats and requests in each period.

    Args:
        rows: ``Data.reported``.
        by_client: ``Data.by_client`` without the rows that are not reported.
        environments: ``Data.environments``.
        by_token: ``Data.by_token``.
        data: The prepared tables.
    """
    with_heartbeats = by_client.filter(by_client.heartbeats > 0)
    with_heartbeat = environments.filter(environments.heartbeats > 0)

    def count(rows: ir.Table, name: str, column: str, sums: Sequence[str] = ()) -> ir.Table:
        known = rows if sums else rows.filter(rows[column].notnull())
        return count_distinct(known, data.clients, ["period"], name, column, sums)

    tables = [
        count(by_client, "clients", "client", ["requests", "heartbeats"]),
        count(environments, "environments", "environment"),
        count(rows.filter(rows.kind != HEARTBEAT), "sessions", "session"),
        count(with_heartbeats, "heartbeat_clients", "client"),
        count(with_heartbeat, "heartbeat_environments", "environment"),
        _requests_without_client(by_client),
        *environments_per_client(environments, data.keep),
    ]
    tables += [count(by_token[name], name, token) for name, token in LISTS.items()]
    if data.options.accounts:
        tables.append(count(rows, "accounts", "account"))
    return tables


def environments_per_client(environments: ir.Table, keep: Keep) -> list[ir.Table]:
    """Return the median of the environments per client in each period and population."""
    known = environments.filter(environments.client.notnull())
    clients = known.group_by("period", "client", *FLAGS).aggregate(
        value=known.environment.nunique()
    )
    return medians(clients, "environments_per_client", "value", keep)


def classify(by_client: ir.Table, clients: ir.Table) -> ir.Table:
    """Return the numbers of lasting, single-day and too new clients, and of mirrors."""
    # With distinct() and no sum, DuckDB takes more memory.
    seen = by_client.filter(by_client.client.notnull()).group_by("period", "client")
    seen = seen.aggregate(requests=by_client.requests.sum())
    seen = seen.left_join(clients, "client")
    seen = seen.mutate({name: seen[name].fill_null(0) for name in ("lasting", "too_new", "mirror")})
    return seen.group_by("period").aggregate(
        lasting_clients=seen.lasting.sum().cast("int64"),
        single_day_clients=((1 - seen.lasting) * (1 - seen.too_new)).sum().cast("int64"),
        too_new_clients=seen.too_new.sum().cast("int64"),
        mirrors=seen.mirror.sum().cast("int64"),
    )


def _requests_without_client(by_client: ir.Table) -> ir.Table:
    rows = by_client.filter(by_client.client.isnull())
    return rows.group_by("period").aggregate(
        requests_without_client=rows.requests.sum().cast("int64")
    )

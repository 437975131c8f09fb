"""Keep groups of few clients from being shown by themselves (--min-clients)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from .measures.counting import Row, count_distinct, merge, sum_amounts
from .measures.definitions import LABELS, MEASURES, SUFFIXES, Table

#: What replaces the names of small groups.
OTHER = "other"

#: Measures of rows that are summed; the others count distinct values of a column.
_SUMS = ("downloads", "bytes", "requests", "heartbeats", "updates")
_DISTINCT = {"environments": "environment", "sessions": "session"}

#: Measures whose value is a number of clients, or of accounts.
_PEOPLE = (
    "clients",
    "accounts",
    "heartbeat_clients",
    "new",
    "returning",
    "lost",
    "lasting_clients",
    "single_day_clients",
    "too_new_clients",
    "mirrors",
)


def count_groups(rows: ir.Table, clients: ir.Table, table: Table, minimum: int) -> list[Row]:
    """Count the groups of a table, and merge the small ones of each period.

    Groups of 1 to minimum - 1 clients become "other". If that has fewer than minimum clients
    itself, the next smallest group joins it. Groups without any client stay.

    Args:
        rows: The rows that the table's function has made: of requests, or of ``clients`` that were
            counted, of whom no one is in two groups of a period.
        clients: ``Data.clients``.
        table: The definition of the table.
        minimum: The size of the smallest group to show.

    Returns:
        The rows in order. Keys are those of the engine; "other" is the first one after the
        period, and the rest are None.
    """
    keys = table.keys
    rows = rows.mutate(
        {key: rows[key].fill_null("") for key in keys if rows[key].type().is_string()}
    )
    groups = _count(rows, clients, keys, table)
    others: dict[Any, Row] = {}
    if minimum > 1:
        groups, others = _merge_small(rows, clients, groups, table, minimum)
    ordered = sorted(groups, key=lambda row: _order(row, table))
    for row in others.values():
        ordered.append({**dict.fromkeys(keys), **row, keys[1]: OTHER})
    ordered.sort(key=lambda row: row["period"])  # stable, so "other" stays last
    return [mask({name: row[name] for name in table.columns}, minimum) for row in ordered]


def mask(row: Row, minimum: int) -> Row:
    """Return a row without the numbers of fewer than minimum clients, except for 0.

    Such a number becomes text such as "< 5". If it is the number of clients of a population, the
    other numbers of this population become None.
    """
    masked = dict(row)
    for suffix in SUFFIXES:
        if _small(row.get("clients" + suffix), minimum):
            for name, measure in MEASURES.items():
                if name + suffix in row and (measure.variants or not suffix):
                    masked[name + suffix] = None
    for name in _PEOPLE:
        for suffix in SUFFIXES:
            column = name + suffix
            if _small(row.get(column), minimum) and (name == "clients" or masked[column]):
                masked[column] = f"< {minimum}"
    return masked


def _small(clients: Any, minimum: int) -> bool:
    return isinstance(clients, int) and 0 < clients < minimum


def _count(rows: ir.Table, clients: ir.Table, keys: Sequence[str], table: Table) -> list[Row]:
    if "clients" in rows.columns:
        return list(merge([sum_amounts(rows, keys, ["clients"])], keys).values())
    sums = [name for name in table.measures if name in _SUMS]
    tables = [count_distinct(rows, clients, keys, "clients", "client", sums)]
    for name in table.measures:
        if name in _DISTINCT:
            tables.append(count_distinct(rows, clients, keys, name, _DISTINCT[name]))
    return list(merge(tables, keys).values())


def _merge_small(
    rows: ir.Table, clients: ir.Table, groups: list[Row], table: Table, minimum: int
) -> tuple[list[Row], dict[Any, Row]]:
    """Return the groups that stay, and what the others make together in each period."""
    small = [row for row in groups if _small(row["clients"], minimum)]
    large = [row for row in groups if not _small(row["clients"], minimum)]
    others = _union(rows, clients, small, table)
    for period in [p for p, other in others.items() if other["clients"] < minimum]:
        candidates = [row for row in large if row["period"] == period and row["clients"]]
        if candidates:
            names = table.keys[1:]
            least = min(candidates, key=lambda row: (row["clients"], [row[k] for k in names]))
            large.remove(least)
            small.append(least)
            here = [row for row in small if row["period"] == period]
            others.update(_union(rows, clients, here, table))
    return large, others


def _union(rows: ir.Table, clients: ir.Table, groups: list[Row], table: Table) -> dict[Any, Row]:
    """Count the clients of several groups together, in each period."""
    if not groups:
        return {}
    keys = list(table.keys)
    types = rows.select(keys).schema().to_pyarrow()
    chosen = pa.table({key: [row[key] for row in groups] for key in keys}, schema=types)
    merged = rows.semi_join(ibis.memtable(chosen), keys)
    return {row["period"]: row for row in _count(merged, clients, ["period"], table)}


def _order(row: Row, table: Table) -> tuple[Any, ...]:
    """Return the sort key of a row: large groups first, equal ones by name."""
    names = tuple(row[key] for key in table.keys)
    if table.keys[-1] in LABELS:
        return names
    return (*(-row[measure] for measure in table.measures), *names)

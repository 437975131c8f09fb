"""Count distinct tokens and sum amounts by group, for each population."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import ibis
import ibis.expr.types as ir

from .definitions import SUFFIXES, Labels
from .populations import FLAGS, ZERO, Keep, flag, flagged

#: A row of a result. NULL and missing text are None.
Row = dict[str, Any]


def count_distinct(
    rows: ir.Table,
    clients: ir.Table,
    keys: Sequence[str],
    name: str,
    column: str,
    sums: Sequence[str] = (),
) -> ir.Table:
    """Count the distinct values of a column, and sum others, in each group and population.

    Args:
        rows: A table with the columns ``client`` and ``from_mirror``, or flagged.
        clients: ``Data.clients``.
        keys: The columns that name a group.
        name: The name of the count, to which the suffixes of the populations are added.
        column: The column with the values.
        sums: Columns to sum, which keep their names; only with clients.
    """
    # Reducing rows to distinct values first is much cheaper than counting distinct values once
    # for each population.
    if column == "client":
        known = FLAGS if "lasting" in rows.columns else ("from_mirror",)
        values = rows.group_by([*keys, column, *known])
        values = flagged(values.aggregate({each: rows[each].sum() for each in sums}), clients)
    else:
        # A value belongs to a population if one of its clients does.
        rows = flagged(rows, clients)
        values = rows.group_by([*keys, column]).aggregate(
            {each: rows[each].max() for each in FLAGS}
        )
    present = values[column].notnull().ifelse(1, 0)
    counts = {
        name + suffix: _whole((present * values[suffix[1:]] if suffix else present).sum())
        for suffix in SUFFIXES
    }
    return values.group_by(list(keys)).aggregate(**counts, **_amounts(values, sums))


def sum_amounts(rows: ir.Table, keys: Sequence[str], names: Sequence[str]) -> ir.Table:
    """Sum columns of flagged rows in each group and population; sums keep the columns' names."""
    return rows.group_by(list(keys)).aggregate(**_amounts(rows, names))


def _amounts(rows: ir.Table, names: Sequence[str]) -> dict[str, ir.Value]:
    return {
        name + suffix: _whole((rows[name] * rows[suffix[1:]] if suffix else rows[name]).sum())
        for name in names
        for suffix in SUFFIXES
    }


def _whole(number: ir.NumericValue) -> ir.Value:
    # DuckDB sums 64-bit integers to 128 bits.
    return number.fill_null(0).cast("int64")


def medians(rows: ir.Table, name: str, column: str, keep: Keep) -> list[ir.Table]:
    """Return the median of a column of flagged rows in each period, a table for each population.

    The nearest rank of n values is number (n + 1) // 2 in ascending order.
    """
    # Equal values are counted, which is much cheaper than to sort all of them.
    counts = keep(rows.group_by("period", *FLAGS, value=rows[column]).aggregate(rows=rows.count()))
    tables = []
    for suffix in SUFFIXES:
        chosen = counts.filter(counts[suffix[1:]] == 1) if suffix else counts
        values = chosen.group_by("period", "value").aggregate(rows=_whole(chosen["rows"].sum()))
        sizes = values.group_by("period").aggregate(size=_whole(values["rows"].sum()))
        up_to_value = ibis.cumulative_window(group_by="period", order_by="value")
        ranked = values.mutate(rank=values["rows"].sum().over(up_to_value)).join(sizes, "period")
        upper = ranked.filter(ranked["rank"] >= (ranked["size"] + 1) // 2).group_by("period")
        tables.append(upper.aggregate(ranked["value"].min().name(name + suffix)))
    return tables


def position(value: ir.IntegerValue, labels: Labels) -> ir.IntegerValue:
    """Return the position of the first label below whose limit a value is."""
    limits = (limit for _, limit in labels if limit is not None)
    return sum((flag(value >= limit) for limit in limits), ZERO)


def fetch(table: ir.Table) -> list[Row]:
    """Run a query and return its rows."""
    rows: list[Row] = table.to_pyarrow().to_pylist()
    return rows


def merge(tables: Sequence[ir.Table], keys: Sequence[str]) -> dict[tuple[Any, ...], Row]:
    """Run queries and join their rows by keys, among which NULL equals NULL."""
    merged: dict[tuple[Any, ...], Row] = {}
    for table in tables:
        for row in fetch(table):
            merged.setdefault(tuple(row[key] for key in keys), {}).update(row)
    return merged

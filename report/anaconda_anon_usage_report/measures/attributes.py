"""Measure what clients run: versions of conda and Python, platforms, distributions, solvers."""

from __future__ import annotations

from collections.abc import Callable

import ibis
import ibis.expr.types as ir

from .data import Data
from .definitions import TABLES

#: Tables of attributes, and the attribute without which a request says nothing for them.
REQUIRED = {
    "conda_versions": "conda",
    "python_versions": "python",
    "systems": "system_name",
    "cpus": "cpu",
    "distributions": "distro_name",
    "libcs": "libc",
    "solvers": "solver",
    "aau_versions": "aau",
}


_FLAGS = ("lasting", "without_mirrors")


def last_values(name: str) -> Callable[[Data], ir.Table]:
    """Return the function that makes the rows of one of the tables in REQUIRED."""
    columns = list(TABLES[name].keys[1:])

    def rows(data: Data) -> ir.Table:
        known = data.attributes.filter(data.attributes[REQUIRED[name]].notnull())
        known = known.mutate({column: known[column].fill_null("") for column in columns})
        values = known.group_by("period", "client", *_FLAGS, *columns)
        latest = values.aggregate(time=known.time.max())
        number = ibis.row_number().over(
            group_by=["period", "client"], order_by=[ibis.desc("time"), *columns]
        )
        ranked = latest.mutate(rank=number)
        return ranked.filter(ranked["rank"] == 0).mutate(from_mirror=ibis.literal(0, "int64"))

    return rows

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
#: Bits for the number of a value. The others hold seconds up to the year 9999.
_BITS = 25


def last_values(name: str) -> Callable[[Data], ir.Table]:
    """Return the function that makes the rows of one of the tables in REQUIRED."""
    columns = list(TABLES[name].keys[1:])

    def rows(data: Data) -> ir.Table:
        known = data.programs.filter(data.programs[REQUIRED[name]] != "")
        values = known.select(columns).distinct()
        values = values.mutate(place=ibis.row_number().over(order_by=columns))
        places = known.join(values, columns).select("program", "place")
        sent = data.attributes.join(places, "program")
        # The latest time, and of several values in that second the first by name, in one number:
        # its maximum is much cheaper than to sort what each client sent.
        least = (1 << _BITS) - 1
        code = sent.time * (1 << _BITS) + (least - sent.place)
        last = sent.group_by("period", "client", *_FLAGS).aggregate(code=code.max())
        last = last.mutate(place=least - last.code % (1 << _BITS))
        return last.join(values, "place")

    return rows

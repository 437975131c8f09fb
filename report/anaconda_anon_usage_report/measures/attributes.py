"""Measure what clients run: versions of conda and Python, platforms, distributions, solvers."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from ..schema import ATTRIBUTES
from .definitions import TABLES
from .populations import FLAGS, flagged

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


_COLUMNS = {name: list(TABLES[name].keys[1:]) for name in REQUIRED}
#: Bits for the number of a value. The others hold seconds up to the year 9999.
_BITS = 25
_LEAST = (1 << _BITS) - 1


def find_programs(requests: ir.Table, sent: ir.Table) -> ir.Table:
    """Return the programs that clients run, and the number of the value of each for each table.

    Args:
        requests: ``Data.reported``.
        sent: The rows of ``Data.by_client`` to report that have a client.

    Returns:
        A table with ``program_id``, ATTRIBUTES, missing ones as "", and for each table in REQUIRED
        a column with its name. Its values are numbers in the order of the values, or NULL.
    """
    last = sent.group_by("program_id").aggregate(time=sent["last"].max())
    # The attributes of other requests need not be read.
    rows = requests.semi_join(last, ["program_id", "time"])
    programs = rows.group_by("program_id").aggregate(
        # Requests with equal numbers have equal attributes.
        {name: rows[name].arbitrary().fill_null("") for name in ATTRIBUTES}
    )
    programs = programs.mutate(
        {name: ibis.dense_rank().over(order_by=columns) for name, columns in _COLUMNS.items()}
    )
    return programs.mutate(
        {name: (programs[REQUIRED[name]] != "").ifelse(programs[name], None) for name in REQUIRED}
    )


def find_attributes(sent: ir.Table, programs: ir.Table, clients: ir.Table) -> ir.Table:
    """Count the clients that have the same values last, for each table in REQUIRED.

    Args:
        sent: The rows of ``Data.by_client`` to report that have a client.
        programs: What ``find_programs`` returned.
        clients: ``Data.clients``.

    Returns:
        A table with ``period``, the flags of populations, the columns with the numbers of values,
        and ``clients``.
    """
    sent = sent.join(programs, "program_id")
    # The latest time, and of several values in that second the first by name, in one number: its
    # maximum is much cheaper than to sort what each client sent.
    codes = {name: (sent["last"] * (1 << _BITS) + (_LEAST - sent[name])).max() for name in REQUIRED}
    last = flagged(sent.group_by("period", "client", "from_mirror").aggregate(codes), clients)
    last = last.mutate({name: _LEAST - last[name] % (1 << _BITS) for name in REQUIRED})
    keys = ("period", *FLAGS, *REQUIRED)
    return last.group_by(keys).aggregate(clients=last.count())


def last_values(name: str, attributes: ir.Table, programs: ir.Table) -> ir.Table:
    """Return the rows of one of the tables in REQUIRED.

    Args:
        name: The table.
        attributes: What ``find_attributes`` returned.
        programs: What ``find_programs`` returned.
    """
    values = programs.select(name, *_COLUMNS[name]).distinct()
    return attributes.join(values, name)

"""Build columns from requests and User-Agents.

A block of lines has far fewer different requests and programs than lines. Each is understood
once; the rows refer to it by number.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from ..schema import REQUESTS
from . import requests, user_agent

_MOST_CACHED = 1 << 17


class Rows(NamedTuple):
    """Rows of the table of requests, for each table the numbers of its rows.

    Attributes:
        times: seconds since 1970-01-01 UTC.
        tables: for each group of columns, the number of each row and the different rows.
    """

    times: pa.Array
    tables: tuple[tuple[pa.Array, pa.RecordBatch], ...]

    def has_tokens(self) -> bool:
        """Return whether a User-Agent has a token string."""
        columns = [table.column("aau") for _, table in self.tables if "aau" in table.schema.names]
        return any(column.null_count < len(column) for column in columns)

    def batch(self, encoded: bool) -> pa.RecordBatch:
        """Return the rows with all columns.

        Args:
            encoded: return strings as dictionary arrays.
        """
        arrays = {
            "time": self.times,
            "day": pc.divide(self.times, 86400),
            "hour": pc.divide(self.times, 3600),
        }
        for numbers, table in self.tables:
            for name, column in zip(table.schema.names, table.columns, strict=True):
                if encoded and column.type == pa.string():
                    arrays[name] = pa.DictionaryArray.from_arrays(numbers, column)
                else:
                    arrays[name] = column.take(numbers)
        columns = [arrays[name] for name in REQUESTS.names]
        if encoded:
            return pa.RecordBatch.from_arrays(columns, names=REQUESTS.names)
        return pa.RecordBatch.from_arrays(columns, schema=REQUESTS)


class Cache:
    """Understands requests and User-Agents, and remembers a bounded number of them.

    Threads may share it.

    Args:
        options: how to read paths.
    """

    def __init__(self, options: requests.Options) -> None:
        self._options = options
        self._requests: dict[tuple[str, str, int, int | None], requests.Request] = {}

    def request(self, method: str, target: str, status: int, size: int | None) -> requests.Request:
        """Return what a request was for; see ``classify``."""
        key = (method, target, status, size)
        row = self._requests.get(key)
        if row is None:
            if len(self._requests) >= _MOST_CACHED:
                self._requests.clear()
            row = self._requests[key] = requests.classify(*key, self._options)
        return row


def numbered(values: Iterable[Any]) -> tuple[pa.Array, list[Any]]:
    """Return the number of each value among the different ones, and these."""
    values = list(values)
    order = dict.fromkeys(values)
    for number, value in enumerate(order):
        order[value] = number
    return pa.array(list(map(order.__getitem__, values)), pa.int32()), list(order)


def table(kind: type[tuple[Any, ...]], rows: Sequence[tuple[Any, ...]]) -> pa.RecordBatch:
    """Return named tuples as columns with the types of ``REQUESTS``.

    Args:
        kind: the class of the named tuples.
        rows: the tuples.
    """
    fields = [REQUESTS.field(name) for name in kind._fields]  # type: ignore[attr-defined]
    columns = zip(*rows, strict=True) if rows else [()] * len(fields)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, fields, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


def request_table(rows: Sequence[requests.Request]) -> pa.RecordBatch:
    """Return requests as columns."""
    return table(requests.Request, rows)


def token_table(rows: Sequence[user_agent.Tokens]) -> pa.RecordBatch:
    """Return tokens as columns."""
    return table(user_agent.Tokens, rows)


def product_table(rows: Sequence[user_agent.Products]) -> pa.RecordBatch:
    """Return products as columns."""
    return table(user_agent.Products, rows)

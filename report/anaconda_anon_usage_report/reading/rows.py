"""Build columns from requests and User-Agents.

A block of lines has far fewer different requests and programs than lines. Each is understood
once; the rows refer to it by number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import blake2b
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..schema import IDS, REQUESTS
from . import requests, user_agent

_MOST_CACHED = 1 << 17

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


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

    def batch(self, encoded: bool, key: bytes) -> pa.RecordBatch:
        """Return the rows with all columns.

        Args:
            encoded: return strings as dictionary arrays.
            key: key of the columns in ``IDS``.
        """
        arrays = {
            "time": self.times,
            "day": pc.divide(self.times, 86400),
            "hour": pc.divide(self.times, 3600),
            **{name: self._hashes(name, key) for name in IDS},
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

    def _hashes(self, name: str, key: bytes) -> pa.Array:
        """Return the values of a column in ``IDS``. NULL and "" have the same hash."""
        hashes = np.zeros(len(self.times), np.int64)
        for numbers, table in self.tables:
            columns = [column for column in IDS[name] if column in table.schema.names]
            if columns:
                values = zip(*(table.column(column).to_pylist() for column in columns), strict=True)
                places, different = numbered(list(values))
                found = [_hash(name, [*columns, *row], key) for row in different]
                hashes ^= np.array(found, np.int64)[places.take(numbers).to_numpy()]
        return pa.array(hashes)


def _hash(name: str, words: Iterable[str | None], key: bytes) -> int:
    text = "\0".join(word or "" for word in words)
    digest = blake2b(text.encode(), key=key, digest_size=8, person=name.encode()).digest()
    return int.from_bytes(digest, "little", signed=True)


class Cache(Generic[_Key, _Value]):
    """Remembers a bounded number of results of a function. Threads may share it.

    Unlike ``functools.lru_cache``, it costs next to nothing if the result is known.

    Args:
        function: what makes a value of a key.
    """

    def __init__(self, function: Callable[[_Key], _Value]) -> None:
        self._function = function
        self._values: dict[_Key, _Value] = {}

    def all(self, keys: Iterable[_Key]) -> list[_Value]:
        """Return the values of keys."""
        if len(self._values) > _MOST_CACHED:
            self._values = {}
        values, function = self._values, self._function
        return [
            values[key] if key in values else values.setdefault(key, function(key)) for key in keys
        ]


def numbered(values: Sequence[Any]) -> tuple[pa.Array, list[Any]]:
    """Return the number of each value among the different ones, and these."""
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

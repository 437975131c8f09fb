"""What of a request is stored: keyed hashes instead of tokens, and only the hour of its time.

Tokens of organizations and installers, which administrators choose, stay as they are.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ..schema import COUNTED


def number(key: bytes, column: str, token: str) -> int:
    """Return the keyed hash of 64 bits that replaces a token which is only counted.

    Args:
        key: The store's key of tokens.
        column: The column of the token. Equal tokens of different columns have different hashes.
        token: The token, without its letter.
    """
    return int.from_bytes(_hashed(key, column, token, 8), "little", signed=True)


def name(key: bytes, column: str, token: str) -> str:
    """Return the keyed hash of 72 bits that replaces a token which a report shows."""
    return base64.urlsafe_b64encode(_hashed(key, column, token, 9)).decode()


def _hashed(key: bytes, column: str, token: str, size: int) -> bytes:
    return blake2b(token.encode(), key=key, digest_size=size, person=column.encode()).digest()


def pseudonymous(
    batches: Iterable[pa.RecordBatch], key: bytes, accounts: bool
) -> Iterator[pa.RecordBatch]:
    """Return requests as they may be stored.

    Args:
        batches: Requests, with strings as dictionary arrays.
        key: The store's key of tokens.
        accounts: Whether to keep accounts, hashed.
    """
    for batch in batches:
        yield _pseudonymous(batch, key, accounts)


def _pseudonymous(batch: pa.RecordBatch, key: bytes, accounts: bool) -> pa.RecordBatch:
    columns = dict(zip(batch.schema.names, batch.columns, strict=True))
    columns["time"] = pc.multiply(columns["hour"], 3600)
    for column in COUNTED:
        tokens = columns[column]
        numbers = _each(number, key, column, tokens.dictionary, pa.int64())
        if column == "account" and not accounts:
            numbers = pa.nulls(len(numbers), pa.int64())
        columns[column] = numbers.take(tokens.indices)
    machines = columns["machines"]
    ends = pc.cumulative_sum(pc.list_value_length(machines).cast(pa.int32()))
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), ends])
    values = _each(name, key, "machines", machines.flatten(), pa.string())
    columns["machines"] = pa.ListArray.from_arrays(offsets, values)
    return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))


def _each(
    replace: Callable[[bytes, str, str], Any],
    key: bytes,
    column: str,
    tokens: pa.Array,
    kind: pa.DataType,
) -> pa.Array:
    replaced = [
        None if token is None else replace(key, column, token) for token in tokens.to_pylist()
    ]
    return pa.array(replaced, kind)

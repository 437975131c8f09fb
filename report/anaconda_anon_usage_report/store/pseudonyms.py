"""What of a request is stored: keyed hashes instead of tokens, and only the hour of its time."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from hashlib import blake2b

import pyarrow as pa
import pyarrow.compute as pc

#: Columns whose tokens are hashed. Organizations and installers are chosen by administrators.
HASHED = ("client", "session", "environment", "account")

#: 72 bits. Their 12 characters are the most that DuckDB keeps without an allocation.
_BYTES = 9


def pseudonym(key: bytes, column: str, token: str) -> str:
    """Return the keyed hash that replaces a token.

    Args:
        key: The store's key of tokens.
        column: The column of the token. Equal tokens of different columns have different hashes.
        token: The token, without its letter.
    """
    hashed = blake2b(token.encode(), key=key, digest_size=_BYTES, person=column.encode())
    return base64.urlsafe_b64encode(hashed.digest()).decode()


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
    for name in HASHED:
        column = columns[name]
        values = column.dictionary
        hashed = _hashed(values, key, name)
        if name == "account" and not accounts:
            hashed = pa.nulls(len(values), pa.string())
        columns[name] = pa.DictionaryArray.from_arrays(column.indices, hashed)
    machines = columns["machines"]
    ends = pc.cumulative_sum(pc.list_value_length(machines).cast(pa.int32()))
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), ends])
    values = _hashed(machines.flatten(), key, "machines")
    columns["machines"] = pa.ListArray.from_arrays(offsets, values)
    return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))


def _hashed(values: pa.Array, key: bytes, column: str) -> pa.Array:
    tokens = values.to_pylist()
    hashes = [None if token is None else pseudonym(key, column, token) for token in tokens]
    return pa.array(hashes, pa.string())

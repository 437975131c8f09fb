"""What does a report read, if one of its logs is a store?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import ibis.expr.types as ir
import pyarrow as pa

from ..engine import Engine
from ..measures.data import COLUMNS
from ..reading import NO_INPUT, Options, Reading, ReadingError, read
from .contents import paths
from .copies import Copies
from .keys import LOG_KEY, TOKEN_KEY, new_key, read_key
from .manifest import Manifest, is_store
from .pseudonyms import pseudonymous
from .sources import History, NewLines


def split(arguments: Sequence[str]) -> tuple[Path | None, list[str]]:
    """Return the store and the logs among the arguments of a report.

    Raises:
        ReadingError: There are several stores.
    """
    stores = [Path(argument) for argument in arguments if is_store(Path(argument))]
    if len({path.resolve() for path in stores}) > 1:
        raise ReadingError("several stores, whose clients cannot be compared", NO_INPUT)
    logs = [argument for argument in arguments if Path(argument) not in stores]
    return (stores[0] if stores else None), logs


def read_beside(
    directory: Path,
    contents: Manifest,
    logs: Sequence[str],
    *,
    format: str | None,
    options: Options,
    on_bytes: Callable[[int], None],
) -> Reading:
    """Find the lines of logs that are not in a store.

    Args:
        directory: The store.
        contents: Its manifest.
        logs: Files, directories or patterns; may be empty.
        format: The format of the logs, or None to detect it.
        options: How to read requests.
        on_bytes: Called with the number of bytes that were read from a file.

    Raises:
        ReadingError: A log is missing, unreadable or a pipe, or its format is unknown.
    """
    key = read_key(directory / LOG_KEY) or new_key()
    history = History(contents.sources, Copies(paths(directory, contents.lines), key), key)
    return read(
        logs,
        format=format,
        options=options,
        on_bytes=on_bytes,
        source=lambda path: NewLines(path, history, final=True),
        required=False,
    )


def comparable(directory: Path, reading: Reading, accounts: bool) -> Iterator[pa.RecordBatch]:
    """Return the requests of logs as they would be stored, so that clients are the same.

    Args:
        directory: The store.
        reading: The logs.
        accounts: Whether to keep accounts.
    """
    key = read_key(directory / TOKEN_KEY) or new_key()
    return pseudonymous(reading.batches(encoded=True), key, accounts)


def add_stored(
    directory: Path, contents: Manifest, reading: Reading, engine: Engine, requests: ir.Table
) -> ir.Table:
    """Add a store to the requests, and to the numbers of lines, of logs that were read.

    Args:
        directory: The store.
        contents: Its manifest.
        reading: The logs.
        engine: The database.
        requests: The requests of the logs.

    Returns:
        All requests.

    Raises:
        ReadingError: There are none.
    """
    if not contents.requests and not reading.requests:
        raise ReadingError(f"{directory}: no requests", NO_INPUT)
    reading.lines_read += contents.lines_read
    reading.lines_skipped += contents.lines_skipped
    if not contents.requests:
        return requests
    stored = engine.stored(paths(directory, contents.requests), COLUMNS)
    return stored.union(requests) if reading.requests else stored

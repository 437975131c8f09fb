"""What does a report read, if one of its logs is a store?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import ibis.expr.types as ir

from ..engine import ReportEngine
from ..measures.data import COLUMNS
from ..reading import NO_INPUT, Options, Reading, ReadingError, read
from .contents import paths
from .copies import Copies
from .keys import LOG_KEY, TOKEN_KEY, new_key, read_key
from .manifest import NAME, Manifest, is_store, parse
from .pseudonyms import pseudonymous
from .sources import History, NewLines


def url_of(arguments: Sequence[str]) -> str | None:
    """Return the URL among the arguments of a report, without a slash at its end.

    Raises:
        ReadingError: There is something beside it.
    """
    urls = [argument for argument in arguments if "://" in argument]
    if urls and len(arguments) > 1:
        raise ReadingError(f"{urls[0]}: a report from a URL can have no other logs", NO_INPUT)
    return urls[0].rstrip("/") if urls else None


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
    options = replace(options, key=read_key(directory / TOKEN_KEY) or new_key())
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


def read_stored(
    directory: Path, contents: Manifest, reading: Reading, engine: ReportEngine, accounts: bool
) -> ir.Table:
    """Return the requests of a store and of logs, and add the store to the numbers of lines.

    Args:
        directory: The store.
        contents: Its manifest.
        reading: The logs.
        engine: Where to hold the requests.
        accounts: Whether to keep accounts of the logs.

    Raises:
        ReadingError: There are none.
    """
    # As they would be stored, so that clients are the same.
    batches = pseudonymous(reading.batches(encoded=True), reading.options.key, accounts)
    requests = engine.load(batches, COLUMNS)
    if not contents.requests and not reading.requests:
        raise ReadingError(f"{directory}: no requests", NO_INPUT)
    _count(reading, contents)
    if not contents.requests:
        return requests
    stored = engine.stored(paths(directory, contents.requests), COLUMNS)
    return stored.union(requests) if reading.requests else stored


def read_remote(url: str, reading: Reading, engine: ReportEngine) -> ir.Table:
    """Return the requests of a copy of a store that no command of this package changes.

    Args:
        url: The directory, on a file system that the engine reads.
        reading: A reading of no logs, to which the numbers of lines are added.
        engine: What reads it.

    Raises:
        ReadingError: There are none, or the manifest is invalid.
    """
    name = f"{url}/{NAME}"
    contents = parse(engine.content(name), name)
    if not contents.requests:
        raise ReadingError(f"{url}: no requests", NO_INPUT)
    _count(reading, contents)
    return engine.stored([f"{url}/{file.name}" for file in contents.requests], COLUMNS)


def _count(reading: Reading, contents: Manifest) -> None:
    """Add the lines of a store to those of logs."""
    reading.lines_read += contents.lines_read
    reading.lines_skipped += contents.lines_skipped

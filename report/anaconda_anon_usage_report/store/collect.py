"""Add the new lines of logs to a store."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..engine import MEMORY
from ..reading import Options, Reading, read
from .contents import changed, paths
from .copies import Copies
from .keys import LOG_KEY, TOKEN_KEY, read_or_create_key
from .pseudonyms import pseudonymous
from .sources import History, NewLines


@dataclass(frozen=True)
class Collecting:
    """The options of a run.

    Args:
        parsing: How to read requests.
        format: The format of the logs, or None to detect it.
        name: The name of the server whose logs these are, or an empty string.
        final: Whether the last line of a log counts even without its end.
        force: Whether to read logs that seem to repeat others.
        accounts: Whether to keep accounts, hashed.
        memory: Memory of the database in MB.
    """

    parsing: Options
    format: str | None = None
    name: str = ""
    final: bool = False
    force: bool = False
    accounts: bool = False
    memory: int = MEMORY


def collect(
    directory: Path,
    logs: Sequence[str],
    options: Collecting,
    on_start: Callable[[Reading], None],
    on_bytes: Callable[[int], None],
) -> Reading:
    """Add the new lines of logs to a store.

    Args:
        directory: The store, which is created if it does not exist.
        logs: Files, directories or patterns.
        options: The options of the run.
        on_start: Called with the logs before they are read.
        on_bytes: Called with the number of bytes that were read from a file.

    Returns:
        The logs, whose new lines were read.

    Raises:
        ReadingError: A log cannot be read, or seems to repeat another one. The store has not
            changed.
    """
    with changed(directory, create=True) as store:
        manifest = store.manifest
        parsing = replace(options.parsing, key=read_or_create_key(directory / TOKEN_KEY))
        log_key = read_or_create_key(directory / LOG_KEY)
        history = History(
            manifest.sources,
            Copies(paths(directory, manifest.lines), log_key),
            log_key,
            name=options.name,
            force=options.force,
        )
        reading = read(
            logs,
            format=options.format,
            options=parsing,
            on_bytes=on_bytes,
            source=lambda path: NewLines(path, history, options.final),
            required=not manifest.sources,
        )
        on_start(reading)
        with store.engine(options.memory) as engine:
            batches = reading.batches(encoded=True)
            engine.load(pseudonymous(batches, parsing.key, options.accounts))
            requests = store.write_requests(engine, "requests")
        day = max((file.day for file in requests), default=int(time.time()) // 86_400)
        sources = history.finish(day)
        if sources != list(manifest.sources):
            store.commit(
                replace(
                    manifest,
                    requests=(*manifest.requests, *requests),
                    lines=(*manifest.lines, *store.write_lines(history.copies.data(), day)),
                    sources=tuple(sources),
                    lines_read=manifest.lines_read + reading.lines_read,
                    lines_skipped=manifest.lines_skipped + reading.lines_skipped,
                )
            )
        return reading

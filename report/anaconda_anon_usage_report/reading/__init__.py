"""Read access logs and return requests, without anything that names a person.

``read`` finds the logs and their formats. ``Reading.batches`` returns the requests as Arrow
batches with the schema ``REQUESTS``.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import pyarrow as pa

from .blocks import MOST_SKIPS, Block, BlockParser, Counts
from .formats import FORMATS, SKIP_REASONS, detect
from .parts import Part
from .requests import HIDDEN, Options
from .sources import (
    NO_INPUT,
    NO_TOKENS,
    UNREADABLE,
    Chunk,
    ReadingError,
    Source,
    expand,
    unreadable,
)
from .user_agent import MIRRORS

__all__ = [
    "FORMATS",
    "HIDDEN",
    "MIRRORS",
    "NO_INPUT",
    "NO_TOKENS",
    "SKIP_REASONS",
    "UNREADABLE",
    "Options",
    "Reading",
    "ReadingError",
    "Skip",
    "read",
]

MOST_ROWS = 100_000

_DETECTED_LINES = 100


class Skip(NamedTuple):
    """A line that is no request: never its text."""

    file: str
    line: int
    reason: str


def read(
    paths: Sequence[str],
    *,
    format: str | None = None,
    options: Options | None = None,
    on_bytes: Callable[[int], None] | None = None,
    source: Callable[[str], Source] = Source,
    required: bool = True,
) -> Reading:
    """Find logs and their formats.

    Args:
        paths: files, directories, patterns, or ``-`` for standard input.
        format: a name in ``FORMATS``; by default, the first 100 lines of each log decide.
        options: how to read requests.
        on_bytes: called with the number of bytes that were read from a file.
        source: makes the log of a file.
        required: fail if all logs are empty, or if no request has a token.

    Returns:
        The logs, not yet read.

    Raises:
        ReadingError: a log is missing or unreadable, all are empty, or a format is unknown.
    """
    sources = []
    found: dict[str, str | None] = {}
    for path in expand(paths):
        log = source(path)
        if head := log.take_head():
            sources.append(log)
            found[path] = format or _format(head)
    if required and not sources:
        raise ReadingError(f"{paths[0] if len(paths) == 1 else 'all logs'}: empty", NO_INPUT)
    # A log without any valid line among others has their format.
    known = [name for name in found.values() if name is not None]
    if sources and not known:
        raise ReadingError(f"{sources[0].path}: unknown log format (use --format)")
    usual = max(sorted(set(known)), key=known.count, default="")
    logs = [(found[log.path] or usual, log) for log in sources]
    return Reading(logs, options or Options(), on_bytes or _ignore, required=required)


class Reading:
    """Logs that were found.

    Attributes:
        size: bytes of all logs as they are stored; None if one is a pipe.
        options: how to read requests.
        lines_read: number of lines; complete after ``batches``, as are the next.
        requests: number of rows.
        lines_skipped: number of lines that are no requests.
        skipped: the first 1,000 of these.
    """

    def __init__(
        self,
        logs: list[tuple[str, Source]],
        options: Options,
        on_bytes: Callable[[int], None],
        *,
        required: bool = True,
    ) -> None:
        self._logs = logs
        self.options = options
        self._on_bytes = on_bytes
        sizes = [source.size for _, source in logs]
        self.size = None if None in sizes else sum(size or 0 for size in sizes)
        self.lines_read = 0
        self.requests = 0
        self.lines_skipped = 0
        self.skipped: list[Skip] = []
        self._lines: dict[str, int] = {}
        self._has_tokens = not required
        self._parser = BlockParser(options)

    def batches(self, *, encoded: bool = False) -> Iterator[pa.RecordBatch]:
        """Read the logs.

        Args:
            encoded: return strings as dictionary arrays, which are much faster to make and to
                load. A dictionary may contain a value twice.

        Returns:
            Batches of at most 100,000 rows with the schema ``REQUESTS``.

        Raises:
            ReadingError: a log is unreadable or a truncated archive, or no request has a token.
        """
        # Arrow's default pools keep 50 MB more of what threads have freed.
        pa.set_memory_pool(pa.system_memory_pool())
        workers = self.options.workers or _cores()
        pending: deque[tuple[str, Future[list[Block]]]] = deque()
        # Arrow works without Python's global lock.
        with ThreadPoolExecutor(workers) as pool:
            try:
                for format, chunk in self._chunks():
                    pending.append((chunk.path, pool.submit(self._parse, format, chunk)))
                    while len(pending) > workers + 1:
                        yield from self._results(*pending.popleft(), encoded)
                while pending:
                    yield from self._results(*pending.popleft(), encoded)
            finally:
                pool.shutdown(cancel_futures=True)
        self.finish()

    def parts(self) -> list[Part]:
        """Return the logs in parts, for other processes to read instead of ``batches``.

        Call ``count`` with what is in each part, in order, and ``finish`` at the end.

        Raises:
            ReadingError: a log cannot be read in parts.
        """
        chunks = [(format, chunk) for format, source in self._logs for chunk in source.parts()]
        return [Part(number, format, *chunk) for number, (format, chunk) in enumerate(chunks)]

    def count(self, path: str, counts: Counts) -> None:
        """Add what is in the next lines of a log.

        Args:
            path: the log.
            counts: what is in them.
        """
        before = self._lines.setdefault(path, 0)
        self._lines[path] = before + counts.lines
        self.lines_read += counts.lines
        self.lines_skipped += counts.skipped
        self.requests += counts.lines - counts.skipped
        for number, reason in counts.skips[: MOST_SKIPS - len(self.skipped)]:
            self.skipped.append(Skip(path, before + number + 1, reason))
        self._has_tokens = self._has_tokens or counts.has_tokens

    def finish(self) -> None:
        """Check what was read.

        Raises:
            ReadingError: no request has a token.
        """
        if not self._has_tokens:
            raise ReadingError(
                f"no token in {self.lines_read} lines (does the log contain the User-Agent?)",
                NO_TOKENS,
            )

    def _chunks(self) -> Iterator[tuple[str, Chunk]]:
        for format, source in self._logs:
            for chunk in source.chunks(self._on_bytes):
                self._lines.setdefault(source.path, source.lines_before)
                yield format, chunk

    def _parse(self, format: str, chunk: Chunk) -> list[Block]:
        try:
            return [self._parser.parse(format, data) for data in chunk.blocks()]
        except OSError as error:
            raise unreadable(chunk.path, error) from None

    def _results(
        self, path: str, future: Future[list[Block]], encoded: bool
    ) -> Iterator[pa.RecordBatch]:
        for block in future.result():
            self.count(path, block.counts)
            for rows in block.rows:
                batch = rows.batch(encoded, self.options.key)
                for start in range(0, len(batch), MOST_ROWS):
                    yield batch.slice(start, MOST_ROWS)


def _format(head: bytes) -> str | None:
    """Return the format of the first lines of a log."""
    lines = head.decode("latin-1").split("\n", _DETECTED_LINES)[:_DETECTED_LINES]
    return detect(lines)


def _cores() -> int:
    """Return the number of processor cores that this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _ignore(count: int) -> None:
    pass

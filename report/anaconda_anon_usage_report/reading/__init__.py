"""Read access logs and return requests, without anything that names a person.

``read`` finds the logs and their formats. ``Reading.batches`` returns the requests as Arrow
batches with the schema ``REQUESTS``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from ..schema import REQUESTS
from .blocks import MOST_SKIPS, Block
from .formats import FORMATS, SKIP_REASONS, detect
from .requests import HIDDEN, Options
from .sources import NO_INPUT, NO_TOKENS, UNREADABLE, Chunk, ReadingError, Source, expand
from .user_agent import MIRRORS
from .workers import Workers, parse_here, worker_count

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
) -> Reading:
    """Find logs and their formats.

    Args:
        paths: files, directories, patterns, or ``-`` for standard input.
        format: a name in ``FORMATS``; by default, the first 100 lines of each log decide.
        options: how to read requests.
        on_bytes: called with the number of bytes that were read from a file.

    Returns:
        The logs, not yet read.

    Raises:
        ReadingError: a log is missing or unreadable, all are empty, or a format is unknown.
    """
    sources = [Source(path) for path in expand(paths)]
    filled = [source for source in sources if source.head]
    if not filled:
        names = sources[0].path if len(sources) == 1 else "all logs"
        raise ReadingError(f"{names}: empty", NO_INPUT)
    found = {source.path: format or _format(source.head) for source in filled}
    # A log without any valid line among others has their format.
    known = [name for name in found.values() if name is not None]
    if not known:
        raise ReadingError(f"{filled[0].path}: unknown log format (use --format)")
    usual = max(sorted(set(known)), key=known.count)
    logs = [(found[source.path] or usual, source) for source in filled]
    return Reading(logs, options or Options(), on_bytes or _ignore)


class Reading:
    """Logs that were found.

    Attributes:
        size: bytes of all logs as they are stored; None if one is a pipe.
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
    ) -> None:
        self._logs = logs
        self._options = options
        self._on_bytes = on_bytes
        sizes = [source.size for _, source in logs]
        self.size = None if None in sizes else sum(size or 0 for size in sizes)
        self.lines_read = 0
        self.requests = 0
        self.lines_skipped = 0
        self.skipped: list[Skip] = []
        self._lines: dict[str, int] = {}
        self._has_tokens = False

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
        count = worker_count(self._options, self.size)
        if count:
            with Workers(count, self._options) as workers:
                yield from self._batches(workers.parse(self._chunks()), encoded)
        else:
            yield from self._batches(parse_here(self._chunks(), self._options), encoded)
        if not self._has_tokens:
            raise ReadingError(
                f"no token in {self.lines_read} lines (does the log contain the User-Agent?)",
                NO_TOKENS,
            )

    def _chunks(self) -> Iterator[tuple[str, Chunk]]:
        for format, source in self._logs:
            for chunk in source.chunks(self._on_bytes):
                yield format, chunk

    def _batches(
        self, blocks: Iterator[tuple[str, Block]], encoded: bool
    ) -> Iterator[pa.RecordBatch]:
        for path, block in blocks:
            self._count(path, block)
            if len(block.times):
                batch = _batch(block, encoded)
                for start in range(0, len(batch), MOST_ROWS):
                    yield batch.slice(start, MOST_ROWS)

    def _count(self, path: str, block: Block) -> None:
        """Add a block to the numbers of lines."""
        before = self._lines.get(path, 0)
        self._lines[path] = before + block.lines
        self.lines_read += block.lines
        self.lines_skipped += block.skipped
        self.requests += len(block.times)
        for number, reason in block.skips[: MOST_SKIPS - len(self.skipped)]:
            self.skipped.append(Skip(path, before + number + 1, reason))
        aau = block.agents.column("aau")
        self._has_tokens = self._has_tokens or aau.null_count < len(aau)


def _batch(block: Block, encoded: bool) -> pa.RecordBatch:
    """Return the rows of a block with all columns."""
    arrays = {
        "time": block.times,
        "day": pc.divide(block.times, 86400),
        "hour": pc.divide(block.times, 3600),
    }
    for table, numbers in (
        (block.requests, block.request_numbers),
        (block.agents, block.agent_numbers),
    ):
        for name in table.schema.names:
            column = table.column(name)
            if encoded and column.type == pa.string():
                arrays[name] = pa.DictionaryArray.from_arrays(numbers, column)
            else:
                arrays[name] = column.take(numbers)
    columns = [arrays[name] for name in REQUESTS.names]
    if encoded:
        return pa.RecordBatch.from_arrays(columns, names=REQUESTS.names)
    return pa.RecordBatch.from_arrays(columns, schema=REQUESTS)


def _format(head: bytes) -> str | None:
    """Return the format of the first lines of a log."""
    lines = head.decode("latin-1").split("\n", _DETECTED_LINES)[:_DETECTED_LINES]
    return detect(lines)


def _ignore(count: int) -> None:
    pass

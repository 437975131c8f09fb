"""Parse blocks in this process, or in others that use the remaining cores."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from .blocks import Block, BlockParser
from .requests import Options
from .sources import Chunk, ReadingError

#: Logs with fewer bytes are parsed in this process: others take time to start.
MANY_BYTES = 64 << 20

# Not `-m`, which would put the current directory on the search path.
_COMMAND = (
    "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); "
    "from anaconda_anon_usage_report.reading.workers import serve; serve()"
)


def worker_count(options: Options, size: int | None) -> int:
    """Return the number of processes to start; 0 to parse in this process.

    Args:
        options: the number asked for, if any.
        size: bytes of all logs, or None if unknown.
    """
    if options.workers is not None:
        return options.workers
    cores = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    return cores if cores > 1 and (size is None or size >= MANY_BYTES) else 0


def parse_here(
    chunks: Iterable[tuple[str, Chunk]], options: Options
) -> Iterator[tuple[str, Block]]:
    """Parse chunks in this process.

    Args:
        chunks: the format and the lines of each.
        options: how to read paths.

    Returns:
        For each block of lines, in order, the path of its log and its rows.
    """
    parsers: dict[str, BlockParser] = {}
    for format, chunk in chunks:
        for block in _parse(parsers, format, chunk, options):
            yield chunk.path, block


def _parse(
    parsers: dict[str, BlockParser], format: str, chunk: Chunk, options: Options
) -> Iterator[Block]:
    if format not in parsers:
        parsers[format] = BlockParser(format, options)
    try:
        for data in chunk.blocks():
            yield parsers[format].parse(data)
    except OSError as error:
        raise ReadingError(f"cannot read {chunk.path}: {error.strerror}") from None


class Workers:
    """Processes that parse chunks. They end with this process, however it ends.

    Args:
        count: number of processes.
        options: how to read paths.
    """

    def __init__(self, count: int, options: Options) -> None:
        self._options = options
        self._workers = [
            subprocess.Popen(
                [sys.executable, "-I", "-c", _COMMAND],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
            for _ in range(count)
        ]
        for worker in self._workers:
            _send(worker.stdin, sys.path)
            _send(worker.stdin, options)

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.kill()
            worker.wait()
            for pipe in (worker.stdin, worker.stdout):
                if pipe is not None:
                    pipe.close()

    def parse(self, chunks: Iterable[tuple[str, Chunk]]) -> Iterator[tuple[str, Block]]:
        """Parse chunks, each in the next process.

        Args:
            chunks: the format and the lines of each.

        Returns:
            For each block of lines, in order, the path of its log and its rows.
        """
        pending: deque[tuple[subprocess.Popen[bytes], str]] = deque()
        number = 0
        for format, chunk in chunks:
            worker = self._workers[number % len(self._workers)]
            number += 1
            # Bytes fill the pipe: a worker gets them only if it is waiting for them. The place of
            # lines in a file always fits in, so that a worker can have one more in stock.
            limit = len(self._workers) * (1 if chunk.data is not None else 2)
            while len(pending) >= limit:
                yield from self._results(*pending.popleft())
            _send(worker.stdin, (format, chunk))
            pending.append((worker, chunk.path))
        while pending:
            yield from self._results(*pending.popleft())

    def _results(self, worker: subprocess.Popen[bytes], path: str) -> Iterator[tuple[str, Block]]:
        assert worker.stdout is not None
        try:
            blocks = pickle.load(worker.stdout)
        except (EOFError, pickle.UnpicklingError):
            raise ReadingError("a process that reads logs ended unexpectedly") from None
        if isinstance(blocks, ReadingError):
            raise blocks
        for block in blocks:
            yield path, block


def _send(pipe: Any, value: object) -> None:
    try:
        pickle.dump(value, pipe, pickle.HIGHEST_PROTOCOL)
        pipe.flush()
    except BrokenPipeError:
        raise ReadingError("a process that reads logs ended unexpectedly") from None


def serve() -> None:
    """Parse the chunks on standard input until it ends. Runs in a worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends its workers
    source, target = sys.stdin.buffer, sys.stdout.buffer
    options: Options = pickle.load(source)
    parsers: dict[str, BlockParser] = {}
    while True:
        try:
            format, chunk = pickle.load(source)
        except EOFError:
            return
        try:
            result: list[Block] | ReadingError = list(_parse(parsers, format, chunk, options))
        except ReadingError as error:
            result = ReadingError(error.message, error.status)
        pickle.dump(result, target, pickle.HIGHEST_PROTOCOL)
        target.flush()

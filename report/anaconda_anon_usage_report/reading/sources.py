"""Find logs and read their bytes: files, directories, patterns, standard input, archives."""

from __future__ import annotations

import contextlib
import glob
import itertools
import os
import re
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import IO, NamedTuple

import zstandard

from .formats import LONGEST_LINE

#: Exit statuses of the command.
NO_INPUT, UNREADABLE, NO_TOKENS = 2, 3, 4

#: Bytes that are read and parsed at once.
BLOCK = 4 << 20

_READ = 1 << 16
# A few bytes of zstd can stand for much more: each read of it is small.
_ZSTD_READ = 1 << 12
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"

# Files of a directory that are logs: access.log, access.log.1, ssl_access_log-20261130.gz.
_LOG_NAME = re.compile(
    r"(?i)(?!.*error).*(?:log|\.jsonl?|\.txt)(?:[._-]?[0-9_.-]+)?(?:\.gz|\.zst)?"
)


class ReadingError(Exception):
    """A problem with the logs that ends the command.

    Attributes:
        message: one line without any text of the logs.
        status: exit status of the command.
    """

    def __init__(self, message: str, status: int = UNREADABLE) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


def expand(paths: Sequence[str]) -> list[str]:
    """Return the files that paths name, each once.

    Args:
        paths: files, directories, patterns, or ``-`` for standard input.

    Returns:
        The files, those of directories and patterns sorted.

    Raises:
        ReadingError: a file is missing, or a directory contains no logs.
    """
    files: dict[str, str] = {}
    for path in paths:
        for file in _expand(path):
            files.setdefault(file if file == "-" else os.path.realpath(file), file)
    return list(files.values())


def _expand(path: str) -> list[str]:
    """Return the files that one path names."""
    if path == "-":
        return [path]
    if os.path.isdir(path):
        names = sorted(name for name in os.listdir(path) if _LOG_NAME.fullmatch(name))
        files = [os.path.join(path, name) for name in names]
        files = [file for file in files if os.path.isfile(file)]
        if not files:
            raise ReadingError(f"no logs in directory {path}", NO_INPUT)
        return files
    if os.path.lexists(path) or not glob.has_magic(path):
        return [path]
    matches = sorted(glob.glob(path, recursive=True))
    if not matches:
        raise ReadingError(f"no file matches {path}", NO_INPUT)
    return [file for match in matches for file in _expand(match)]


class Chunk(NamedTuple):
    """Whole lines of a log: bytes, or where a file contains them."""

    path: str
    offset: int
    length: int
    data: bytes | None = None

    def blocks(self) -> Iterator[bytes]:
        """Return the lines in blocks."""
        if self.data is not None:
            return iter([self.data])
        return cut(self._reads())

    def _reads(self) -> Iterator[bytes]:
        with open(self.path, "rb", buffering=0) as file:
            file.seek(self.offset)
            left = self.length
            while left > 0 and (data := file.read(min(left, BLOCK))):
                left -= len(data)
                yield data


class Source:
    """One log.

    Args:
        path: a file, or ``-`` for standard input.

    Attributes:
        path: the path as it was given.
        size: bytes of the file as it is stored; None for pipes.
        lines_before: number of lines in front of those that ``chunks`` returns; known then.

    Raises:
        ReadingError: the file cannot be read.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.lines_before = 0
        self._stream: Iterator[bytes] | None = None
        self._on_bytes: Callable[[int], None] = _ignore
        self.size = os.path.getsize(path) if os.path.isfile(path) else None
        if self.size is not None:
            self._head = next(self._blocks(), b"")
        else:
            # A pipe can be read only once.
            blocks = self._blocks()
            self._head = next(blocks, b"")
            self._stream = itertools.chain([self._head] if self._head else [], blocks)

    def take_head(self) -> bytes:
        """Return the first block, and forget it; empty if the log is empty."""
        head, self._head = self._head, b""
        return head

    def chunks(self, on_bytes: Callable[[int], None]) -> Iterator[Chunk]:
        """Return the log in parts.

        Args:
            on_bytes: called with the number of bytes that were read from the file.

        Raises:
            ReadingError: the file cannot be read, or is a truncated archive.
        """
        if self.size is not None and not compressed(self._first_bytes()):
            for offset, length in self._parts(self.size):
                yield Chunk(self.path, offset, length)
                on_bytes(length)
            return
        self._on_bytes = on_bytes
        for block in self._stream or self._blocks():
            yield Chunk(self.path, 0, len(block), block)

    def parts(self) -> Iterator[tuple[str, int, int | None]]:
        """Return paths, offsets and lengths of parts; the length is None for an archive.

        Raises:
            ReadingError: the log is no regular file, or an archive of zstd.
        """
        if self.size is None:
            raise ReadingError(f"{self.path}: not a regular file", NO_INPUT)
        start = self._first_bytes()
        if start.startswith(_ZSTD):
            raise ReadingError(f"{self.path}: zstd logs cannot be read with Spark (use gzip)")
        if compressed(start):
            yield self.path, 0, None
            return
        for offset, length in self._parts(self.size):
            yield self.path, offset, length

    def _first_bytes(self) -> bytes:
        with self._open() as file:
            return file.read(4)

    def _parts(self, size: int) -> Iterator[tuple[int, int]]:
        """Return offsets and lengths of parts of the file that end with a line."""
        start = 0
        with self._open() as file:
            while start < size:
                end = size
                position = start + BLOCK - 1
                while position < size:
                    file.seek(position)
                    window = file.read(_READ)
                    if not window or b"\n" in window:
                        end = position + window.find(b"\n") + 1 if window else size
                        break
                    position += len(window)
                yield start, end - start
                start = end

    def _blocks(self) -> Iterator[bytes]:
        """Return the decompressed lines in blocks."""
        with self._explained(), self._open() as file:
            yield from cut(self._decompressed(file))

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn errors of reading into ``ReadingError``."""
        try:
            yield
        except EOFError:
            raise ReadingError(f"{self.path}: truncated archive") from None
        except (zlib.error, zstandard.ZstdError):
            raise ReadingError(f"{self.path}: invalid archive") from None
        except OSError as error:
            raise unreadable(self.path, error) from None

    def _decompressed(self, file: IO[bytes]) -> Iterator[bytes]:
        start = file.read(4)
        while 0 < len(start) < 4 and (more := file.read(4 - len(start))):
            start += more
        reads = self._reads(file, start)
        if start.startswith(_GZIP):
            return _gzip(reads)
        return _zstd(reads) if start.startswith(_ZSTD) else reads

    def _reads(self, file: IO[bytes], start: bytes) -> Iterator[bytes]:
        self._on_bytes(len(start))
        yield start
        while data := file.read(_READ):
            self._on_bytes(len(data))
            yield data

    def _open(self) -> IO[bytes]:
        try:
            if self.path == "-":
                return open(sys.stdin.fileno(), "rb", buffering=0, closefd=False)
            return open(self.path, "rb", buffering=0)
        except OSError as error:
            raise unreadable(self.path, error) from None


def cut(reads: Iterable[bytes]) -> Iterator[bytes]:
    """Join reads to blocks of whole lines, in bounded memory.

    NULs at the start of lines are dropped: a log that was truncated while the server wrote on
    begins with as many as it had bytes. Of a line that is too long, only the start is kept; it is
    still longer than ``LONGEST_LINE``.

    Args:
        reads: the bytes of a log, in order.

    Returns:
        Blocks. Only the last may lack the end of its last line.
    """
    kept = b""
    for data in reads:
        data = data if kept else data.lstrip(b"\0")
        end = data.rfind(b"\n") + 1
        if not end:
            kept = (kept + data)[: LONGEST_LINE + 1]
            continue
        yield kept + data[:end]
        kept = data[end:].lstrip(b"\0")[: LONGEST_LINE + 1]
    if kept:
        yield kept


def _gzip(reads: Iterable[bytes]) -> Iterator[bytes]:
    """Return the joined members of a gzip archive."""
    decoder = None
    for data in reads:
        while data:
            if decoder is None:
                data = data.lstrip(b"\0")  # padding behind a member
                if not data:
                    break
                decoder = zlib.decompressobj(31)
            yield decoder.decompress(data, BLOCK)
            data = decoder.unconsumed_tail
            if decoder.eof:
                data, decoder = decoder.unused_data, None
    if decoder is not None:
        raise EOFError


def _zstd(reads: Iterable[bytes]) -> Iterator[bytes]:
    """Return the joined frames of a zstd archive."""
    decoder = None
    for read in reads:
        for start in range(0, len(read), _ZSTD_READ):
            data = read[start : start + _ZSTD_READ]
            while data:
                if decoder is None:
                    decoder = zstandard.ZstdDecompressor(max_window_size=1 << 31).decompressobj()
                yield decoder.decompress(data)
                data = b""
                if decoder.eof:
                    data, decoder = decoder.unused_data, None
    if decoder is not None:
        raise EOFError


def compressed(start: bytes) -> bool:
    """Return whether a file that begins with these bytes is an archive."""
    return start.startswith((_GZIP, _ZSTD))


def unreadable(path: str, error: OSError) -> ReadingError:
    """Return the error that tells why a file cannot be read."""
    if isinstance(error, FileNotFoundError):
        return ReadingError(f"{path}: no such file", NO_INPUT)
    return ReadingError(f"cannot read {path}: {error.strerror}")


def _ignore(count: int) -> None:
    pass

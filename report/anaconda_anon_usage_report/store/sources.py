"""Which part of a log is new: logs are known by keyed hashes of what was read of them."""

from __future__ import annotations

import copy
import itertools
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from hashlib import blake2b

from ..reading.sources import BLOCK, NO_INPUT, Chunk, ReadingError, Source, compressed, cut
from .copies import Copies

#: Exit status if a log seems to repeat another one.
REFUSED = 5

_HEAD = 4096


class Prefix:
    """The start of a log, while it is read.

    Args:
        key: The store's key of logs.

    Attributes:
        length: Number of bytes.
        lines: Number of ends of lines.
        whole: Whether the last line has an end.
    """

    def __init__(self, key: bytes) -> None:
        self._hash = blake2b(key=key, digest_size=16)
        self.length = 0
        self.lines = 0
        self.whole = True

    def add(self, data: bytes) -> None:
        """Append data."""
        if data:
            self._hash.update(data)
            self.length += len(data)
            self.lines += data.count(b"\n")
            self.whole = data.endswith(b"\n")

    def copy(self) -> Prefix:
        """Return a copy that does not change with this prefix."""
        other = copy.copy(self)
        other._hash = self._hash.copy()
        return other

    def digest(self) -> str:
        """Return the keyed hash."""
        return self._hash.hexdigest()


@dataclass(frozen=True)
class Known:
    """A log of which something was read.

    Args:
        first: Hash of the first line, at most 4 KiB of it.
        head: Hash of the first 4 KiB, or of everything read if that is less.
        head_length: Length of this head.
        digest: Hash of everything read.
        length: Length of everything read.
        lines: Number of ends of lines in it.
        name: Name of the server (``--source``), or an empty string.
        day: UTC day of the last request of the run that read it last.
    """

    first: str
    head: str
    head_length: int
    digest: str
    length: int
    lines: int
    name: str
    day: int = 0


class History:
    """All logs of which something was read.

    Args:
        known: The logs.
        copies: The lines of these logs, to recognize copies that begin differently.
        key: The store's key of logs.
        name: The name of the server (``--source``), or None to look at logs of all servers.
        force: Whether to read logs that seem to repeat others.
    """

    def __init__(
        self,
        known: Iterable[Known],
        copies: Copies,
        key: bytes,
        *,
        name: str | None = None,
        force: bool = False,
    ) -> None:
        self.copies = copies
        self._known = list(known)
        self._key = key
        self._name = name
        self._force = force
        self._changed: set[Known] = set()

    def prefix(self, data: bytes = b"") -> Prefix:
        """Return a prefix."""
        prefix = Prefix(self._key)
        prefix.add(data)
        return prefix

    def find(self, path: str, reads: Iterator[bytes]) -> tuple[Known | None, Prefix, bytes]:
        """Return the known log that a log continues, its prefix, and the log's first 4 KiB.

        Args:
            path: The log's path, for messages.
            reads: The decompressed log. It is read as far as necessary.

        Returns:
            None and an empty prefix for a new log.

        Raises:
            ReadingError: The log seems to be a truncated copy of a known one.
        """
        reads = filter(None, reads)
        start = b""
        while len(start) < _HEAD and (data := next(reads, b"")):
            start += data
        head = start[:_HEAD]
        logs = [known for known in self._known if self._name in (None, known.name)]
        candidates = [
            known
            for known in sorted(logs, key=lambda known: known.length)
            if known.head_length <= len(head)
            and known.head == self.prefix(head[: known.head_length]).digest()
        ]
        # The head does not tell a log that is shorter than 4 KiB from a longer one.
        longer = any(
            known.head_length > len(head) and known.first == self._first(head).digest()
            for known in logs
        )
        found: Known | None = None
        prefix, continued = self.prefix(), self.prefix()
        reads, data = itertools.chain([start], reads), b""
        for known in candidates:
            while prefix.length + len(data) < known.length and (more := next(reads, b"")):
                prefix.add(data)
                data = more
            rest = known.length - prefix.length
            if len(data) < rest:
                longer = True
                break
            prefix.add(data[:rest])
            data = data[rest:]
            if prefix.digest() == known.digest:
                found, continued = known, prefix.copy()
        if longer and found is None and not self._force:
            raise ReadingError(
                f"{path}: begins like a longer log that was already read (leave it out; collect a log "
                "of another server with --source)",
                REFUSED,
            )
        return found, continued, head

    def advance(self, path: str, known: Known | None, prefix: Prefix, head: bytes) -> None:
        """Remember how far a log was read.

        Args:
            path: The log's path, for messages.
            known: The log as it was known, or None.
            prefix: What was read of it.
            head: Its first 4 KiB.

        Raises:
            ReadingError: The log is new, but most of its lines are known.
        """
        repeated = self.copies.finish(known is None)
        if repeated and not self._force:
            raise ReadingError(
                f"{path}: more than half of its lines were already read from other logs (leave it "
                "out, or collect it with --force)",
                REFUSED,
            )
        if not prefix.length or (known is not None and known.length == prefix.length):
            return
        head = head[: prefix.length]
        new = Known(
            self._first(head).digest(),
            self.prefix(head).digest(),
            len(head),
            prefix.digest(),
            prefix.length,
            prefix.lines,
            self._name or "",
        )
        if known is not None:
            self._known.remove(known)
            self._changed.discard(known)
        self._known.append(new)
        self._changed.add(new)

    def finish(self, day: int) -> list[Known]:
        """Return all logs.

        Args:
            day: UTC day of the last request of this run.
        """
        return [replace(k, day=day) if k in self._changed else k for k in self._known]

    def _first(self, head: bytes) -> Prefix:
        """Return the first line, as far as the head contains it."""
        return self.prefix(head[: head.find(b"\n") + 1] or head)


class NewLines(Source):
    """The part of a log that was not yet read.

    Args:
        path: The file.
        history: What was read.
        final: Whether the last line counts even without its end.

    Raises:
        ReadingError: The file cannot be read, or is not a regular file.
    """

    def __init__(self, path: str, history: History, final: bool) -> None:
        if path == "-" or (os.path.exists(path) and not os.path.isfile(path)):
            # Only a file can be read again, to find out where the new lines begin.
            raise ReadingError(f"{path}: not a regular file", NO_INPUT)
        super().__init__(path)
        self._history = history
        self._final = final

    def chunks(self, on_bytes: Callable[[int], None]) -> Iterator[Chunk]:
        """Return the new lines, and remember them.

        Args:
            on_bytes: Called with the number of bytes that were read from the file.

        Raises:
            ReadingError: The file cannot be read, is a truncated archive, or seems to repeat
                another log.
        """
        with self._explained(), self._open() as file:
            known, prefix, head = self._history.find(self.path, self._decompressed(file))
            self._on_bytes = on_bytes
            file.seek(0)
            archive = compressed(file.read(4))
            file.seek(0 if archive else prefix.length)
            if archive:
                reads = _skip(self._decompressed(file), prefix.length)
            else:
                on_bytes(prefix.length)
                reads = self._reads(file, b"")
            self.lines_before = prefix.lines + (not prefix.whole)
            tail = _Tail(prefix, archive or self._final)
            blocks = cut(tail.follow(reads))
            for block in _joined(b for b in blocks if tail.final or b.endswith(b"\n")):
                self._history.copies.add(block)
                yield Chunk(self.path, 0, len(block), block)
            self._history.advance(self.path, known, tail.prefix, head)


class _Tail:
    """Follows a log from where it was read before to its last line.

    Args:
        prefix: What was read before.
        final: Whether the last line counts even without its end.

    Attributes:
        final: The same.
        prefix: What was read, without a last line that does not count.
    """

    def __init__(self, prefix: Prefix, final: bool) -> None:
        self.prefix = prefix
        self.final = final

    def follow(self, reads: Iterable[bytes]) -> Iterator[bytes]:
        """Return new bytes, without the rest of a line whose start was already counted."""
        prefix, inside = self.prefix.copy(), not self.prefix.whole
        for data in reads:
            end = data.rfind(b"\n") + 1
            prefix.add(data[:end])
            if end:
                self.prefix = prefix.copy()
            prefix.add(data[end:])
            if inside:
                place = data.find(b"\n") + 1
                inside = not place
                data = data[place:] if place else b""
            if data:
                yield data
        if self.final:
            self.prefix = prefix


def _joined(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Return larger blocks, which are cheaper to parse."""
    kept: list[bytes] = []
    size = 0
    for block in blocks:
        kept.append(block)
        size += len(block)
        if size >= BLOCK:
            yield b"".join(kept)
            kept, size = [], 0
    if kept:
        yield b"".join(kept)


def _skip(reads: Iterable[bytes], length: int) -> Iterator[bytes]:
    """Return what follows the first bytes."""
    for data in reads:
        yield data[length:]
        length = max(0, length - len(data))

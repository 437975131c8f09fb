"""Read parts of logs in other processes, such as those of a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .blocks import Block, BlockParser
from .sources import Chunk, Source, unreadable


class Part(NamedTuple):
    """A part of a log that another process can read.

    Attributes:
        number: its position among all parts.
        format: a name in ``FORMATS``.
        path: the file.
        offset: where the part begins.
        length: bytes of whole lines, or None for a whole archive.
    """

    number: int
    format: str
    path: str
    offset: int
    length: int | None


def parse(part: Part, parser: BlockParser) -> Iterator[Block]:
    """Return the blocks of a part.

    Args:
        part: the part.
        parser: parses them.

    Raises:
        ReadingError: the file is unreadable or a truncated archive.
    """
    try:
        for chunk in _chunks(part):
            for data in chunk.blocks():
                yield parser.parse(part.format, data)
    except OSError as error:
        raise unreadable(part.path, error) from None


def _chunks(part: Part) -> Iterator[Chunk]:
    if part.length is None:
        return Source(part.path).chunks(lambda count: None)
    return iter([Chunk(part.path, part.offset, part.length)])

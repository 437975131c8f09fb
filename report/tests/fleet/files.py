"""Write logs: plain or compressed, in one file or several."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from pathlib import Path

import zstandard

#: Lines that are in no format, except that an empty one may end a log.
BAD_LINES = (b"", b"\x00\x00", b"no request", b'{"level":"info"', b'10.0.0.1 - - [1/2/3] "GET')

COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".zst": zstandard.ZstdCompressor().compress,
}


def write(path: Path, lines: Sequence[bytes], parts: int = 1) -> None:
    """Write a log.

    Args:
        path: the file. Its suffix tells whether it is compressed.
        lines: the lines without their ends.
        parts: how many members or frames a compressed file consists of.
    """
    compress = COMPRESSIONS[path.suffix if path.suffix in COMPRESSIONS else ""]
    text = b"".join(line + b"\n" for line in lines)
    size = len(text) // parts + 1
    # Lines may begin in one part and end in another.
    pieces = [text[first : first + size] for first in range(0, len(text), size)]
    path.write_bytes(b"".join(map(compress, pieces)))


def with_bad_lines(lines: Sequence[bytes], every: int) -> tuple[list[bytes], int]:
    """Return the lines with a bad one in front of some of them, and the number of bad ones.

    Args:
        lines: the lines.
        every: the distance of the bad lines.
    """
    mixed: list[bytes] = []
    count = 0
    for number, line in enumerate(lines):
        if number % every == 1:
            mixed.append(BAD_LINES[count % len(BAD_LINES)])
            count += 1
        mixed.append(line)
    return mixed, count

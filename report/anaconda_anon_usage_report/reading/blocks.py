"""Turn blocks of lines into rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import pyarrow as pa

from . import agents, formats, rows
from .combined import RequestCache, request, usual_rows
from .requests import Options, Request, classify

#: Skipped lines that are told one by one, of one block and of one run.
MOST_SKIPS = 1000

RequestKey = tuple[str, str, int, "int | None"]


class Counts(NamedTuple):
    """How many lines of one log are what.

    Attributes:
        lines: number of lines.
        skipped: number of lines that are no requests.
        skips: number, counted from 0, and reason of the first of these.
        has_tokens: whether a User-Agent has a token string.
    """

    lines: int
    skipped: int
    skips: list[tuple[int, str]]
    has_tokens: bool


class Block(NamedTuple):
    """What some lines of one log contain.

    Attributes:
        counts: how many are what.
        rows: the requests, in groups.
    """

    counts: Counts
    rows: list[rows.Rows]


class BlockParser:
    """Parses blocks of lines. Threads may share it.

    Args:
        options: how to read paths.
    """

    def __init__(self, options: Options) -> None:
        self._requests: rows.Cache[RequestKey, Request] = rows.Cache(
            lambda key: classify(*key, options)
        )
        self._texts: RequestCache = rows.Cache(lambda key: request(key, options))

    def parse(self, format: str, data: bytes) -> Block:
        """Return the rows of a block.

        Args:
            format: a name in ``FORMATS``.
            data: whole lines. Only the last may lack its end.
        """
        if format == "combined":
            usual, lines, left = usual_rows(data, self._texts)
            texts = (lines[number].as_py().decode("latin-1") for number in left)
            block = self._parse(format, zip(left.tolist(), texts, strict=True))
            has_tokens = usual.has_tokens() or block.counts.has_tokens
            counts = block.counts._replace(lines=len(lines), has_tokens=has_tokens)
            return Block(counts, [usual, *block.rows])
        return self._parse(format, enumerate(data.decode("latin-1").removesuffix("\n").split("\n")))

    def _parse(self, format: str, lines: Iterable[tuple[int, str]]) -> Block:
        """Parse numbered lines one by one."""
        parse = formats.FORMATS[format]
        skips: list[tuple[int, str]] = []
        found: list[formats.Parts] = []
        for number, line in lines:
            parts = formats.parse_line(line, parse)
            if isinstance(parts, str):
                skips.append((number, parts))
            else:
                found.append(parts)
        group, count = self._rows(found), len(skips) + len(found)
        counts = Counts(count, len(skips), skips[:MOST_SKIPS], group.has_tokens())
        return Block(counts, [group])

    def _rows(self, found: list[formats.Parts]) -> rows.Rows:
        """Return requests as columns."""
        requests, keys = rows.numbered([parts[1:5] for parts in found])
        texts = pa.array([parts.user_agent.encode() for parts in found], pa.binary())
        encoded = texts.dictionary_encode()
        which = encoded.indices.to_numpy()
        tokens, products = agents.tables(encoded.dictionary, False, bytes.decode)
        return rows.Rows(
            pa.array([parts.time for parts in found], pa.int64()),
            (
                (requests, rows.request_table(self._requests.all(keys))),
                *(
                    (pa.array(places[which], pa.int32()), table)
                    for places, table in (tokens, products)
                ),
            ),
        )

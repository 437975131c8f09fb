"""Turn a block of lines into columns.

A block has far fewer different requests and User-Agents than lines. Each is understood once; the
rows then refer to it by number. The result is small enough to be sent between processes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from ..schema import REQUESTS
from . import formats, requests, user_agent
from .times import clf_time

#: Longer lines are skipped. Servers limit request lines and headers to a fraction of it.
LONGEST_LINE = 1 << 20

#: Skipped lines that are reported one by one, of one block and of one run.
MOST_SKIPS = 1000

_REQUEST_COLUMNS = requests.Request._fields
_AGENT_COLUMNS = user_agent.Tokens._fields + user_agent.Products._fields

# A request with its status and size: its parts, or in the combined format its text.
_Key = tuple[str, str, int, "int | None"] | str

_ANSWER = re.compile(r" (\d{3}) (\d+|-) ", re.ASCII)
_SECONDS = {f"{second:02}": second for second in range(61)}
_MOST_CACHED = 1 << 17


class Block(NamedTuple):
    """The rows of some lines of one log.

    Attributes:
        lines: number of lines.
        skipped: number of lines that were skipped.
        skips: line, counted from 0, and reason of the first skipped lines.
        times: for each row, seconds since 1970-01-01 UTC.
        request_numbers: for each row, its row in ``requests``.
        agent_numbers: for each row, its row in ``agents``.
        requests: the columns that depend on the request.
        agents: the columns that depend on the User-Agent.
    """

    lines: int
    skipped: int
    skips: list[tuple[int, str]]
    times: pa.Array
    request_numbers: pa.Array
    agent_numbers: pa.Array
    requests: pa.RecordBatch
    agents: pa.RecordBatch


class BlockParser:
    """Parses blocks of lines in one format.

    Args:
        format: a name in ``FORMATS``.
        options: how to read paths.
    """

    def __init__(self, format: str, options: requests.Options) -> None:
        self._format = format
        self._parse = formats.FORMATS[format]
        self._options = options
        self._requests: dict[_Key, requests.Request | str] = {}
        self._agents: dict[str, tuple[Any, ...]] = {}
        self._minutes: dict[str, int] = {}

    def parse(self, data: bytes) -> Block:
        """Return the rows of a block.

        Args:
            data: whole lines. Only the last may lack its end.
        """
        text = data.decode("latin-1")
        if self._format == "combined":
            block = self._parse_uniform(text)
            if block is not None:
                return block
        return self._parse_lines(text)

    def _parse_lines(self, text: str) -> Block:
        """Parse line by line."""
        lines = text.split("\n")
        if not lines[-1]:
            lines.pop()
        skips: list[tuple[int, str]] = []
        times: list[int] = []
        keys: list[_Key] = []
        agents: list[str] = []
        for number, line in enumerate(lines):
            parts = parse_line(line, self._parse)
            if isinstance(parts, str):
                skips.append((number, parts))
                continue
            times.append(parts.time)
            keys.append(parts[1:5])
            agents.append(parts.user_agent)
        return self._block(len(lines), skips, times, keys, agents)

    def _parse_uniform(self, text: str) -> Block | None:
        """Parse lines in the combined format that all have the same number of quotation marks.

        Splitting the whole block at once takes a fraction of the time of a regular expression.

        Returns:
            The same rows as from ``_parse_lines``, or None if a line is unusual.
        """
        end = text.find("\n") + 1
        marks = text.count('"', 0, end)
        if not 6 <= marks <= 14 or text[-1] != "\n" or '\\"' in text or "\0" in text:
            return None
        fields = text.split('"')
        lines, rest = divmod(len(fields) - 1, marks)
        # Each field in front of a request line, but the first, begins with the end of a line.
        heads = fields[:-1:marks]
        if (
            rest
            or text.count("\n") != lines
            or not all("\n" in head for head in heads[1:])
            or max(map(len, fields)) > LONGEST_LINE // 16
            or not {field[0] for field in fields[6::marks]} <= {" ", "\n"}
            or not set(fields[4::marks]) <= {" "}
        ):
            return None
        times = self._times([head[-29:] for head in heads])
        if times is None:
            return None
        keys: list[_Key] = list(map('"'.join, zip(fields[1::marks], fields[2::marks])))
        agents = fields[5::marks]
        skips: list[tuple[int, str]] = []
        reasons = {key: row for key in set(keys) if isinstance(row := self._request(key), str)}
        if formats.NOT_IN_FORMAT in reasons.values():
            return None
        if reasons:
            skips = [(number, reasons[key]) for number, key in enumerate(keys) if key in reasons]
            kept = [number for number, key in enumerate(keys) if key not in reasons]
            times = [times[number] for number in kept]
            keys = [keys[number] for number in kept]
            agents = [agents[number] for number in kept]
        return self._block(lines, skips, times, keys, agents, formats.unescaped)

    def _times(self, stamps: list[str]) -> list[int] | None:
        """Return the times of ``[30/Nov/2026:02:05:51 +0100] ``, or None if one is invalid."""
        minutes = self._minutes
        times = []
        for stamp in stamps:
            minute, second = stamp[:18] + stamp[21:], _SECONDS.get(stamp[19:21])
            start = minutes.get(minute)
            if start is None:
                time = clf_time(f"{stamp[1:19]}00{stamp[21:-2]}")
                if time is None or len(stamp) != 29 or stamp[0] != "[" or stamp[-2:] != "] ":
                    return None
                if len(minutes) >= _MOST_CACHED:
                    minutes.clear()
                start = minutes[minute] = time
            if second is None or stamp[18] != ":":
                return None
            times.append(start + second)
        return times

    def _request(self, key: _Key) -> requests.Request | str:
        """Return what a request was for, or why its line is skipped."""
        row = self._requests.get(key)
        if row is None:
            if len(self._requests) >= _MOST_CACHED:
                self._requests.clear()
            row = self._requests[key] = self._classified(key)
        return row

    def _classified(self, key: _Key) -> requests.Request | str:
        """Return what ``_request`` returns, without the cache."""
        if isinstance(key, str):
            text, _, answer = key.rpartition('"')
            match = _ANSWER.fullmatch(answer)
            if match is None:
                return formats.NOT_IN_FORMAT
            line = formats.request_line(formats.unescaped(text))
            if line is None:
                return formats.INVALID_REQUEST
            key = (*line, int(match[1]), formats.size(match[2]))
        return requests.classify(*key, self._options)

    def _agent(self, text: str) -> tuple[Any, ...]:
        """Return the columns that depend on a User-Agent."""
        row = self._agents.get(text)
        if row is None:
            if len(self._agents) >= _MOST_CACHED:
                self._agents.clear()
            tokens, products = user_agent.parse(text)
            row = self._agents[text] = tokens + products
        return row

    def _block(
        self,
        lines: int,
        skips: list[tuple[int, str]],
        times: list[int],
        keys: list[_Key],
        agents: list[str],
        unescaped: Callable[[str], str] = str,
    ) -> Block:
        """Return the columns of rows."""
        request_numbers, request_keys = _numbered(keys)
        agent_numbers, agent_keys = _numbered(agents)
        return Block(
            lines,
            len(skips),
            skips[:MOST_SKIPS],
            pa.array(times, pa.int64()),
            request_numbers,
            agent_numbers,
            _table(_REQUEST_COLUMNS, [self._request(key) for key in request_keys]),
            _table(_AGENT_COLUMNS, [self._agent(unescaped(key)) for key in agent_keys]),
        )


def parse_line(line: str, parse: formats.Parser) -> formats.Parts | str:
    """Return the parts of a line, or why it is skipped.

    Args:
        line: the line without its end.
        parse: the parser of the log's format.
    """
    if len(line) > LONGEST_LINE:
        return formats.TOO_LONG
    # A log that was truncated while the server wrote on begins with NULs.
    line = line.lstrip("\0").removesuffix("\r")
    return parse(line) if line else formats.EMPTY


def _numbered(values: list[Any]) -> tuple[pa.Array, list[Any]]:
    """Return the number of each value among the different ones, and these."""
    order = dict.fromkeys(values)
    for number, value in enumerate(order):
        order[value] = number
    return pa.array(list(map(order.__getitem__, values)), pa.int32()), list(order)


def _table(names: tuple[str, ...], rows: list[Any]) -> pa.RecordBatch:
    """Return rows as columns with the types of ``REQUESTS``."""
    columns = zip(*rows) if rows else [()] * len(names)
    fields = [REQUESTS.field(name) for name in names]
    arrays = [pa.array(column, field.type) for column, field in zip(columns, fields)]
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))

"""Parse many lines of the combined format at once.

Does what ``formats.combined`` does, with operations on whole columns for the usual lines, which
take a tenth of the time. Other lines are left to it.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from . import agents, formats, requests, rows
from .times import clf_time

_ANSWER = re.compile(r" (\d{3}) (\d+|-) ", re.ASCII)

# "[30/Nov/2026:02:05:51 +0100] "
_STAMP = 29
_DATE = [*range(1, 12), *range(22, 27)]
_DIGITS = [13, 14, 16, 17, 19, 20]
_FIXED = {0: "[", 12: ":", 15: ":", 18: ":", 21: " ", 27: "]", 28: " "}

_Numbers = npt.NDArray[np.int64]
_Mask = npt.NDArray[np.bool_]


RequestCache = rows.Cache[bytes, "requests.Request | None"]


def usual_rows(data: bytes, cache: RequestCache) -> tuple[rows.Rows, pa.Array, _Numbers]:
    """Parse the usual lines of a block.

    Args:
        data: whole lines.
        cache: results of ``request``.

    Returns:
        The rows of the usual lines, all lines, and the numbers of the lines that are left.
    """
    lines = _split(data, b"\n")
    count = len(lines) - data.endswith(b"\n")
    lines = lines.slice(0, count)
    split = pc.split_pattern(lines, b'"')
    starts = split.offsets.to_numpy()
    fields = split.values

    def column(number: int, kept: _Numbers) -> pa.Array:
        return fields.take(pa.array(starts[kept] + number))

    kept = np.flatnonzero(_usual(data, lines, np.diff(starts)))
    last = pc.binary_slice(column(6, kept), 0, 1)
    usual = (
        _mask(pc.greater_equal(pc.binary_length(column(0, kept)), _STAMP))
        & _mask(pc.equal(column(4, kept), b" "))
        & _mask(pc.is_in(last, pa.array([b"", b" "], pa.binary())))
    )
    kept = kept[usual]
    times, usual = _times(pc.binary_slice(column(0, kept), -_STAMP, 1 << 20))
    kept, times = kept[usual], times[usual]

    keys = pc.binary_join_element_wise(column(1, kept), column(2, kept), b'"').dictionary_encode()
    found = cache.all(keys.dictionary.to_pylist())
    numbers = keys.indices.to_numpy().astype(np.int64)
    if None in found:
        known = np.array([row is not None for row in found])
        renumbered = np.cumsum(known) - 1
        usual = known[numbers]
        kept, times, numbers = kept[usual], times[usual], renumbered[numbers[usual]]
    request_table = rows.request_table([row for row in found if row is not None])

    encoded = column(5, kept).dictionary_encode()
    # Searching the block is faster than searching each User-Agent.
    plain = data.isascii() and b"\\" not in data
    token_rows, product_rows = agents.tables(encoded.dictionary, plain, _text)
    which = encoded.indices.to_numpy()
    tables = [
        (numbers, request_table),
        *((places[which], table) for places, table in (token_rows, product_rows)),
    ]
    left = np.ones(count, bool)
    left[kept] = False
    return (
        rows.Rows(
            pa.array(times, pa.int64()),
            tuple((pa.array(n, pa.int32()), table) for n, table in tables),
        ),
        lines,
        np.flatnonzero(left),
    )


def _split(data: bytes, pattern: bytes) -> pa.Array:
    """Return the parts of data."""
    offsets = pa.py_buffer(np.array([0, len(data)], np.int32))
    whole = pa.Array.from_buffers(pa.binary(), 1, [None, offsets, pa.py_buffer(data)])
    return pc.split_pattern(whole, pattern).values


def _usual(data: bytes, lines: pa.Array, widths: npt.NDArray[np.int32]) -> _Mask:
    """Return which lines have the usual number of fields.

    Args:
        data: the block.
        lines: its lines.
        widths: how many parts each line has between quotation marks.
    """
    width = int(np.bincount(np.clip(widths, 0, 16)).argmax()) if len(widths) else 0
    if not 7 <= width <= 15:
        return np.zeros(len(lines), bool)
    usual: _Mask = (widths == width) & _mask(
        pc.less_equal(pc.binary_length(lines), formats.LONGEST_LINE)
    )
    if b"\\" in data and b'\\"' in data:  # not the end of a field
        usual &= ~_mask(pc.match_substring(lines, '\\"'))
    return usual


def _times(stamps: pa.Array) -> tuple[_Numbers, _Mask]:
    """Return times in seconds since 1970-01-01 UTC, and which are valid.

    Args:
        stamps: times as in ``_STAMP``, all of its length.
    """
    count = len(stamps)
    if not count:
        return np.zeros(0, np.int64), np.zeros(0, bool)
    offset = np.frombuffer(stamps.buffers()[1], np.int32)[stamps.offset]
    data = np.frombuffer(stamps.buffers()[2], np.uint8, count * _STAMP, offset)
    table = data.reshape(count, _STAMP)
    valid = np.ones(count, bool)
    for place, character in _FIXED.items():
        valid &= table[:, place] == ord(character)
    digits = (table[:, _DIGITS] - ord("0")).astype(np.int64)
    valid &= (digits <= 9).all(axis=1)
    hours, minutes, seconds = (digits[:, n] * 10 + digits[:, n + 1] for n in (0, 2, 4))
    valid &= (hours <= 23) & (minutes <= 59) & (seconds <= 60)
    # The date and the offset seldom differ from those of the line before.
    dates = np.ascontiguousarray(table[:, _DATE])
    pairs = dates.view(np.uint64)
    changes = np.flatnonzero((pairs[1:] != pairs[:-1]).any(axis=1)) + 1
    first = np.concatenate(([0], changes))
    begins = [_day(bytes(dates[number])) for number in first]
    lengths = np.diff(np.append(first, count))
    valid &= np.repeat([begin is not None for begin in begins], lengths)
    start = np.repeat(np.array([begin or 0 for begin in begins], np.int64), lengths)
    return start + (hours * 60 + minutes) * 60 + seconds, valid


def _day(date: bytes) -> int | None:
    """Return the begin of a day such as ``30/Nov/2026+0100``, or None if it is invalid."""
    text = date.decode("latin-1")
    return clf_time(f"{text[:11]}:00:00:00 {text[11:]}")


def request(key: bytes, options: requests.Options) -> requests.Request | None:
    """Return what a request was for, or None if it is invalid.

    Args:
        key: its line, status and size, such as ``GET / HTTP/1.1" 200 5 ``.
        options: how to read paths.
    """
    text, _, answer = key.decode("latin-1").rpartition('"')
    match = _ANSWER.fullmatch(answer)
    line = formats.request_line(formats.unescaped(text))
    if match is None or line is None:
        return None
    return requests.classify(*line, int(match[1]), formats.size(match[2]), options)


def _text(field: bytes) -> str:
    return formats.unescaped(field.decode("latin-1"))


def _mask(array: pa.Array) -> _Mask:
    mask: _Mask = array.to_numpy(zero_copy_only=False)
    return mask

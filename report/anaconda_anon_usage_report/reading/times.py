"""Convert the times of logs to seconds since 1970-01-01 UTC."""

from __future__ import annotations

import datetime
import functools
import math
import re

_MONTHS = {
    name: number
    for number, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)
}
_EPOCH = datetime.date(1970, 1, 1).toordinal()
_CLF = re.compile(
    r"(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)", re.ASCII
)
_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,]\d{1,12})?(?:Z|([+-])(\d\d):?(\d\d))",
    re.ASCII,
)
# Times from 1970 to 9999.
_END = 253402300800


@functools.lru_cache(maxsize=4096)
def clf_time(text: str) -> int | None:
    """Return the time of the common log format, or None if it is invalid.

    Args:
        text: a time such as ``30/Nov/2026:02:05:51 +0100``.
    """
    match = _CLF.fullmatch(text)
    if match is None or match[2] not in _MONTHS:
        return None
    day, month, year, hour, minute, second, sign, hours, minutes = match.groups()
    return _seconds(
        int(year),
        _MONTHS[month],
        int(day),
        int(hour),
        int(minute),
        int(second),
        sign,
        hours,
        minutes,
    )


@functools.lru_cache(maxsize=4096)
def iso_time(text: str) -> int | None:
    """Return a time of ISO 8601 with an offset, or None if it is invalid. Fractions are cut.

    Args:
        text: a time such as ``2026-11-30T02:05:51.123Z``.
    """
    match = _ISO.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, sign, hours, minutes = match.groups()
    return _seconds(
        int(year), int(month), int(day), int(hour), int(minute), int(second), sign, hours, minutes
    )


def epoch_time(value: object) -> int | None:
    """Return a number of seconds without its fraction, or None if it is invalid."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < _END:
        return None
    return math.floor(value)


def _seconds(
    year: int,
    month: int,
    day: int,
    hour: int,
    minute: int,
    second: int,
    sign: str | None,
    hours: str | None,
    minutes: str | None,
) -> int | None:
    """Return seconds since 1970-01-01 UTC, or None if there is no such time."""
    date = _date(year, month, day)
    offset = int(hours or 0) * 60 + int(minutes or 0)
    # 60 is a leap second.
    if date is None or hour > 23 or minute > 59 or second > 60 or offset >= 24 * 60:
        return None
    local = ((date * 24 + hour) * 60 + minute) * 60 + second
    time = local + offset * 60 if sign == "-" else local - offset * 60
    return time if 0 <= time < _END else None


@functools.lru_cache(maxsize=4096)
def _date(year: int, month: int, day: int) -> int | None:
    """Return a date as days since 1970-01-01, or None if there is no such date."""
    try:
        return datetime.date(year, month, day).toordinal() - _EPOCH
    except ValueError:
        return None

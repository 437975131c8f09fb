"""Draw charts: numbers to the paths of SVG, in units that fit any width.

A chart is ``WIDTH`` by ``HEIGHT`` units, which the page stretches. What must not be stretched,
such as text, has its position in percent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 1000, 200

#: Labels of periods, at most. A narrow chart has every other one.
_LABELS = 4
#: Columns get gaps between them up to this number of periods.
_GAPS = 120

Values = Sequence[int | None]


@dataclass(frozen=True)
class Tick:
    """A line of the grid: its position from the top in percent, and its label."""

    position: float
    label: str


@dataclass(frozen=True)
class Label:
    """A label of a period: its position in percent, its alignment, and whether a phone has it."""

    position: float
    anchor: str
    text: str
    narrow: bool


@dataclass(frozen=True)
class Band:
    """A marked part of the width, in percent."""

    start: float
    width: float


@dataclass(frozen=True)
class Scale:
    """Positions of values between two round numbers."""

    low: int
    high: int
    step: int

    def y(self, value: float) -> float:
        """Return the distance of a value from the top, in units."""
        return HEIGHT * (self.high - value) / (self.high - self.low)

    def ticks(self, unit: str) -> list[Tick]:
        """Return the lines of the grid. Values below 0 are shown without their sign."""
        return [
            Tick(_round(self.y(value) * 100 / HEIGHT), compact(value) + unit)
            for value in range(self.low, self.high + 1, self.step)
        ]


def scale(low: int, high: int) -> Scale:
    """Return a scale from 0 or less to at least 1, with two to five steps."""
    rough = max(high - low, 1) / 4
    power = 10 ** max(math.floor(math.log10(rough)), 0)
    step = next(f * power for f in (1, 2, 5, 10) if f * power >= rough)
    return Scale(-math.ceil(-low / step) * step, max(math.ceil(high / step), 1) * step, step)


def compact(value: int) -> str:
    """Return a short text of a number without its sign, such as ``2.5M``."""
    size = abs(value)
    for limit, unit in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if size >= limit:
            return f"{size / limit:g}{unit}"
    return str(size)


def center(position: int, count: int) -> float:
    """Return the middle of one of ``count`` periods, in percent of the width."""
    return _round((position + 0.5) * 100 / count)


def line(values: Values, marked: Sequence[bool], scale: Scale) -> tuple[str, str]:
    """Return the path of a line with gaps where values are missing.

    The second path is that of the periods that are marked, and leads to their neighbors.
    """
    count = len(values)
    near = [any(marked[max(n - 1, 0) : n + 2]) for n in range(count)]
    plain = [None if mark else value for value, mark in zip(values, marked, strict=True)]
    other = [value if mark else None for value, mark in zip(values, near, strict=True)]
    return _line(plain, scale), _line(other, scale) if any(marked) else ""


def small_line(values: Sequence[int]) -> str:
    """Return the path of a line from the left to the right end, from at least two values."""
    top = Scale(0, max(*values, 1), 1)
    last = len(values) - 1
    points = (f"{_round(n * WIDTH / last):g} {_round(top.y(v)):g}" for n, v in enumerate(values))
    return "M" + "L".join(points)


def _line(values: Values, scale: Scale) -> str:
    parts = []
    before = False
    for position, value in enumerate(values):
        if value is not None:
            x, y = _round((position + 0.5) * WIDTH / len(values)), _round(scale.y(value))
            # A path of length 0 is a dot, if nothing follows.
            parts.append(f"L{x:g} {y:g}" if before else f"M{x:g} {y:g}h0")
        before = value is not None
    return "".join(parts)


def columns(
    bottoms: Sequence[float], tops: Sequence[float], marked: Sequence[bool], scale: Scale
) -> tuple[str, str]:
    """Return the path of columns from one value to another, and the path of marked ones."""
    width = WIDTH / len(tops)
    gap = width * 0.2 if len(tops) <= _GAPS else 0
    parts: tuple[list[str], list[str]] = ([], [])
    for position, (bottom, top) in enumerate(zip(bottoms, tops, strict=True)):
        x, y = _round(position * width + gap / 2), _round(scale.y(top))
        height = _round(scale.y(bottom) - scale.y(top))
        if height:
            path = f"M{x:g} {y:g}h{_round(width - gap):g}v{height:g}H{x:g}z"
            parts[marked[position]].append(path)
    return "".join(parts[0]), "".join(parts[1])


def labels(periods: Sequence[str]) -> list[Label]:
    """Return labels for some periods, evenly spaced back from the last one."""
    count = len(periods)
    shown = range(count - 1, -1, -math.ceil(count / _LABELS))
    return [
        Label(center(n, count), _anchor(center(n, count), count), periods[n], order % 2 == 0)
        for order, n in enumerate(shown)
    ]


def bands(marked: Sequence[bool]) -> list[Band]:
    """Return the parts of the width that are marked."""
    width = 100 / len(marked)
    return [Band(_round(n * width), _round(width)) for n, mark in enumerate(marked) if mark]


def _anchor(position: float, count: int) -> str:
    if count > 3 and position < 6:
        return "start"
    return "end" if count > 3 and position > 94 else "middle"


def _round(value: float) -> float:
    return round(value, 2)

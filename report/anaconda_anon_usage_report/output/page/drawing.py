"""Draw the charts: scales, stacks of columns, and the paths of each series."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from . import shapes
from .model import Chart, Content, Series

#: The values at which the columns of a series begin and end.
Spans = tuple[Sequence[float], Sequence[float]]


@dataclass(frozen=True)
class Drawing:
    """A drawn chart.

    Args:
        ticks: The lines of the grid.
        bands: The incomplete periods.
        labels: The labels of periods.
        paths: Each series with its paths in complete and in incomplete periods.
        zero: The position of the line at 0 in percent.
    """

    ticks: Sequence[shapes.Tick]
    bands: Sequence[shapes.Band]
    labels: Sequence[shapes.Label]
    paths: Sequence[tuple[Series, str, str]]
    zero: float


def draw(chart: Chart, content: Content) -> Drawing:
    """Return the drawing of a chart. Values that are missing or masked are not drawn."""
    values = [[v if isinstance(v, int) else None for v in one.values] for one in chart.series]
    if chart.kind == "lines":
        scale = shapes.scale(0, max(v or 0 for one in values for v in one))
        paths = [shapes.line(one, content.incomplete, scale) for one in values]
    else:
        scale, spans = _KINDS[chart.kind]([[value or 0 for value in one] for one in values])
        paths = [shapes.columns(*span, content.incomplete, scale) for span in spans]
    return Drawing(
        scale.ticks(" %" if chart.kind == "shares" else ""),
        shapes.bands(content.incomplete),
        shapes.labels(content.periods),
        [(series, *pair) for series, pair in zip(chart.series, paths, strict=True)],
        round(scale.y(0) * 100 / shapes.HEIGHT, 2),
    )


def history(values: Sequence[int | None]) -> str:
    """Return the path of a small line without labels, or nothing for fewer than two values."""
    known = [value for value in values if value is not None]
    return shapes.small_line(known) if len(known) > 1 else ""


def _columns(values: Sequence[Sequence[int]]) -> tuple[shapes.Scale, list[Spans]]:
    """Return columns of a single series."""
    (tops,) = values
    return shapes.scale(0, max(tops)), [([0] * len(tops), tops)]


def _changes(values: Sequence[Sequence[int]]) -> tuple[shapes.Scale, list[Spans]]:
    """Return columns of two series, one upwards and one downwards."""
    up, down = values
    zeros = [0] * len(up)
    scale = shapes.scale(-max(down), max(up))
    return scale, [(zeros, up), ([-value for value in down], zeros)]


def _shares(values: Sequence[Sequence[int]]) -> tuple[shapes.Scale, list[Spans]]:
    """Return columns of 100% in each period, the first series on top."""
    sums = [sum(column) for column in zip(*values, strict=True)]
    tops = [100.0 if total else 0.0 for total in sums]
    spans: list[Spans] = []
    for one in values:
        shares = [value * 100 / (total or 1) for value, total in zip(one, sums, strict=True)]
        bottoms = [max(top - share, 0) for top, share in zip(tops, shares, strict=True)]
        spans.append((bottoms, tops))
        tops = bottoms
    return shapes.Scale(0, 100, 25), spans


_KINDS: dict[str, Callable[[Sequence[Sequence[int]]], tuple[shapes.Scale, list[Spans]]]] = {
    "changes": _changes,
    "columns": _columns,
    "shares": _shares,
}

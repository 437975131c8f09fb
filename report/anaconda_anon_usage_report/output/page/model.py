"""Define what the page shows, ready for its template."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...results import Report


@dataclass(frozen=True)
class Cell:
    """A value, its text, and whether the value tells more than the text."""

    value: Any
    text: str
    number: bool = True
    rounded: bool = False


@dataclass(frozen=True)
class Heading:
    """A column title and the name of its definition."""

    title: str
    definition: str
    number: bool = True


@dataclass(frozen=True)
class Grid:
    """A table: its name, caption, definition, columns, rows and the number of rows left out."""

    name: str
    title: str
    sentence: str
    headings: Sequence[Heading]
    rows: Sequence[Sequence[Cell]]
    more: int = 0


@dataclass(frozen=True)
class Card:
    """A number of the shown period, the one of the period before, and the way up to now."""

    name: str
    title: str
    sentence: str
    cell: Cell
    before: Cell | None
    change: str | None
    history: Sequence[int | None]


@dataclass(frozen=True)
class Series:
    """A line or a stack of columns: its name, definition, values and number among the colors."""

    name: str
    sentence: str
    values: Sequence[int | str | None]
    color: int | None


@dataclass(frozen=True)
class Chart:
    """A chart over time.

    ``kind`` is lines, columns, changes or shares. Series that are ``ordered`` have colors in order.
    """

    name: str
    kind: str
    title: str
    sentence: str
    series: Sequence[Series]
    grid: Grid
    ordered: bool = False


@dataclass(frozen=True)
class Bars:
    """The first rows of a table with the width of their bars in percent, and all columns."""

    name: str
    title: str
    sentence: str
    headings: Sequence[Heading]
    rows: Sequence[tuple[float, Sequence[Cell]]]
    grid: Grid


@dataclass(frozen=True)
class Content:
    """Everything that the page shows."""

    report: Report
    unit: str
    period: str | None
    complete: bool
    before: str | None
    periods: Sequence[str]
    incomplete: Sequence[bool]
    earlier: int
    cards: Sequence[Card]
    charts: dict[str, Chart]
    bars: dict[str, Bars]
    grids: Sequence[Grid]
    numbers: Grid
    skipped: dict[str, int]
    definitions: Sequence[tuple[str, str, str]]

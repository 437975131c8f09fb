"""Show values of a report as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.filesize import decimal

from ..measures.counting import Row
from ..measures.definitions import MEASURES, POPULATIONS, Measure

#: Shown for values that are missing.
MISSING = "–"


def measure_of(name: str) -> Measure:
    """Return the measure of a column, which may end with the suffix of a population."""
    return next(measure for measure in MEASURES.values() if name in measure.names)


def title_of(name: str) -> str:
    """Return the title of a column, such as ``Clients, lasting``."""
    measure = measure_of(name)
    suffix = name.removeprefix(measure.name)
    return f"{measure.title}, {POPULATIONS[suffix][0].lower()}" if suffix else measure.title


def text_of(value: Any, measure: Measure) -> str:
    """Return the text of a value of a measure."""
    if value is None:
        return MISSING
    if isinstance(value, str):
        return value
    if measure.name == "bytes":
        return decimal(value)
    if measure.name == "update_gap":
        return f"{value / 86_400:.1f} days"
    return f"{value:,}"


def shown_period(periods: Sequence[Row]) -> str | None:
    """Return the last complete period, or else the last one."""
    complete = [row["period"] for row in periods if not row["incomplete"]]
    names = complete or [row["period"] for row in periods]
    return names[-1] if names else None

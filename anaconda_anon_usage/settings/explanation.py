"""Which file, line or variable decides a setting, for people and for programs."""

from __future__ import annotations

import dataclasses

from .._common import redact
from .condarc import Occurrence
from .policy import locked_by_administrator


@dataclasses.dataclass(frozen=True)
class Explanation:
    """The value of a setting, and what decides it."""

    value: bool | str  #: or the URL that heartbeats are sent to, without secrets
    source: str | None  #: the file or variable that decides; None for the default
    line: int | None  #: counted from 1; None for a variable, or if unknown
    locked: bool  #: whether an administrator locked it with ``#!final``
    problem: str | None  #: why the setting is disabled although the source may enable it

    @property
    def state(self) -> str:
        """``on`` or ``off``."""
        return "on" if self.value else "off"

    @property
    def reason(self) -> str:
        """The source, its line, and the lock or the problem."""
        where = self.source or "the default"
        where += f", line {self.line}" if self.line else ""
        where += ", locked by #!final" if self.locked else ""
        return f"{where}: {self.problem}" if self.problem else where

    def __str__(self) -> str:
        return f"{self.state} ({self.reason})"

    def as_json(self) -> dict[str, object]:
        """Return the explanation as a value for JSON."""
        return {"on": bool(self.value), **dataclasses.asdict(self)}


def explain(value: bool | str, occurrence: Occurrence | None, root: str | None) -> Explanation:
    """Return what decides a setting, from the value and the occurrence of decide()."""
    if isinstance(value, str):
        value = redact(value)
    if occurrence is None:
        return Explanation(value, None, None, False, None)
    # A file that cannot be read counts as final, but nobody locked the setting there.
    locked = bool(occurrence.line) and locked_by_administrator(occurrence, root)
    return Explanation(value, occurrence.source, occurrence.line, locked, occurrence.problem)

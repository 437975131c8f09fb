"""Which file, line or variable switches something on or off, for people and for programs."""

from __future__ import annotations

from dataclasses import dataclass

from .condarc import Occurrence, WrongValue
from .policy import SETTINGS, locked_by_administrator


@dataclass(frozen=True)
class Explanation:
    """What a setting is, and what decides it."""

    #: As the package obeys it: True, False, or a URL.
    value: bool | str
    #: The file or the variable that decides; None: nothing does, it is the default.
    source: str | None
    #: The line in that file, counted from 1; None for a variable, or where it isn't known.
    line: int | None
    #: Whether an administrator locked it with ``#!final``.
    locked: bool
    #: Why what the source says can't be obeyed, or None.
    problem: str | None

    @property
    def state(self) -> str:
        """``on`` or ``off``."""
        return "on" if self.value else "off"

    @property
    def reason(self) -> str:
        """What decides it, in words."""
        if self.source is None:
            return "the default"
        where = self.source
        if self.line:
            where += f", line {self.line}"
        if self.locked:
            where += ", locked by #!final"
        if self.problem:
            where += f": {self.problem}"
        return where

    def __str__(self) -> str:
        return f"{self.state} ({self.reason})"

    def as_json(self) -> dict:
        """Return it for JSON."""
        return {
            "on": bool(self.value),
            "value": self.value,
            "source": self.source,
            "line": self.line,
            "locked": self.locked,
            "problem": self.problem,
        }


def explain(
    name: str, value: bool | str, occurrence: Occurrence | None, root: str | None
) -> Explanation:
    """Return what decides a setting.

    Args:
        name: the setting.
        value: its value as the package obeys it.
        occurrence: the assignment that decides it, or None for the default.
        root: the prefix of the conda installation, or None.
    """
    if occurrence is None:
        return Explanation(value, None, None, False, None)
    problem = None
    try:
        SETTINGS[name].meaning(occurrence.value)
    except WrongValue as error:
        problem = str(error)
    locked = locked_by_administrator(occurrence, root)
    return Explanation(value, occurrence.source, occurrence.line, locked, problem)

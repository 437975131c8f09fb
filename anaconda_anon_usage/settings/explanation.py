"""Which file, line or variable decides a setting, for people and for programs."""

from __future__ import annotations

from dataclasses import dataclass

from .._common import redact
from .condarc import Occurrence
from .policy import SETTINGS, locked_by_administrator
from .values import WrongValue


@dataclass(frozen=True)
class Explanation:
    """The value of a setting, and what decides it."""

    #: True, False, or the URL that heartbeats are sent to, without secrets.
    value: bool | str
    #: The file or the variable that decides; None for the default.
    source: str | None
    #: The line in that file, counted from 1; None for a variable, or if it is unknown.
    line: int | None
    #: Whether an administrator locked it with ``#!final``.
    locked: bool
    #: Why the setting is disabled although the source may enable it, or None.
    problem: str | None

    @property
    def state(self) -> str:
        """``on`` or ``off``."""
        return "on" if self.value else "off"

    @property
    def reason(self) -> str:
        """The source, its line, and the lock or the problem."""
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
        """Return the explanation as a value for JSON."""
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
        value: its value.
        occurrence: the occurrence that decides it, or None for the default.
        root: the prefix of the conda installation, or None.
    """
    if isinstance(value, str):
        value = redact(value)
    if occurrence is None:
        return Explanation(value, None, None, False, None)
    problem = occurrence.problem
    if not problem:
        try:
            SETTINGS[name].meaning(occurrence.value)
        except WrongValue as error:
            problem = str(error)
    locked = not occurrence.problem and locked_by_administrator(occurrence, root)
    return Explanation(value, occurrence.source, occurrence.line, locked, problem)

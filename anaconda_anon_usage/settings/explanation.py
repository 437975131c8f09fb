"""Which file, line or variable switches something on or off, for people and for programs."""

from __future__ import annotations

from dataclasses import dataclass

from . import Settings
from . import policy as decisions
from .condarc import Mention, WrongValue


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


def telemetry(settings: Settings) -> Explanation:
    """Return whether tokens are sent, and what decides it."""
    return _explain(
        "anaconda_anon_usage", settings.anon_usage, settings.anon_usage_from, settings.root_prefix
    )


def heartbeat(settings: Settings) -> Explanation:
    """Return whether activations send heartbeats, and what decides it."""
    return _explain(
        "anaconda_heartbeat", settings.heartbeat, settings.heartbeat_from, settings.root_prefix
    )


def _explain(
    name: str, value: bool | str, mention: Mention | None, root: str | None
) -> Explanation:
    if mention is None:
        return Explanation(value, None, None, False, None)
    problem = None
    try:
        decisions.SETTINGS[name].meaning(mention.value)
    except WrongValue as error:
        problem = str(error)
    locked = decisions.locked_by_administrator(mention, root)
    return Explanation(value, mention.source, mention.line, locked, problem)

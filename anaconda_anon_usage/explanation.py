"""Say in words which file, line or variable switches something on or off."""

from __future__ import annotations

from . import condarc, decisions
from .condarc import Mention, WrongValue
from .configuration import Settings


def telemetry(settings: Settings) -> str:
    """Return whether tokens are sent, and what decides it."""
    return _state(
        "anaconda_anon_usage", settings.anon_usage, settings.anon_usage_from, settings.root_prefix
    )


def heartbeat(settings: Settings) -> str:
    """Return whether activations send heartbeats, and what decides it."""
    return _state(
        "anaconda_heartbeat", settings.heartbeat, settings.heartbeat_from, settings.root_prefix
    )


def _state(name: str, value: object, mention: Mention | None, root: str | None) -> str:
    state = "on" if value else "off"
    if mention is None:
        return f"{state} (the default)"
    where = mention.source
    line = mention.line or condarc.line_of(mention.source, name)
    if line:
        where += f", line {line}"
    if decisions.locked_by_administrator(mention, root):
        where += ", locked by #!final"
    try:
        decisions.SETTINGS[name].meaning(mention.value)
    except WrongValue as error:
        where += f": {error}"
    return f"{state} ({where})"

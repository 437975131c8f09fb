"""Who decides whether telemetry and the heartbeat are on: this package's two settings.

The configuration decides, as conda merges it. DO_NOT_TRACK is as strong as all that a
user could set, and yields only to what an administrator has locked with ``#!final``. A
wrong value switches off.
"""

from __future__ import annotations

import os
import re
from collections import namedtuple
from urllib.parse import urlsplit

from .._common import say
from . import search_path
from .condarc import FALSE_WORDS, TRUE_WORDS, Occurrence, WrongValue, boolean, deciding


def heartbeat_value(value: object) -> bool | str:
    """Return what a value of ``anaconda_heartbeat`` means.

    Args:
        value: as YAML or a variable gives it.

    Returns:
        True or False as conda reads booleans, or an http(s) URL to send to instead.

    Raises:
        WrongValue: it is neither; a number is not a boolean here, but for 0 and 1 in
            a variable, which has no other type than text.
    """
    if value is None or isinstance(value, bool):
        return bool(value)
    if isinstance(value, str):
        text = value.strip()
        if text.lower() in (*TRUE_WORDS, "1"):
            return True
        if text.lower() in (*FALSE_WORDS, "0"):
            return False
        if _is_plain_url(text):
            return text
    if isinstance(value, (list, dict)):  # its text may be endless: YAML has aliases
        raise WrongValue("neither true nor false nor a full http(s) URL but a list or a map")
    raise WrongValue(f"neither true nor false nor a full http(s) URL: {value!r}")


Setting = namedtuple("Setting", "default meaning")

#: This package's settings: what holds if nobody occurrences them, and what their values
#: mean, by a function that raises WrongValue for those that mean nothing.
SETTINGS = {
    "anaconda_anon_usage": Setting(True, boolean),
    "anaconda_heartbeat": Setting(False, heartbeat_value),
}


def meaning(name: str, value: object) -> bool | str:
    """Return what a value of one of SETTINGS means; an invalid one disables the setting.

    Args:
        name: the setting.
        value: as YAML or a variable gives it.
    """
    try:
        return SETTINGS[name].meaning(value)
    except WrongValue:
        return False


def decide(name: str, occurrences: list[Occurrence], root: str | None):
    """Return what one of SETTINGS is, and the occurrence that decides it.

    Args:
        name: the setting.
        occurrences: all occurrences of it, in the order in which conda reads them.
        root: the prefix of the conda installation, or None.

    Returns:
        The value, which is False if what decides has a wrong value, and the occurrence,
        which is None if nobody occurrences it.
    """
    if do_not_track():
        # As strong as the user's own word, but not stronger than an administrator's.
        asked = Occurrence("DO_NOT_TRACK", None, False, False)
        occurrences = [m for m in occurrences if locked_by_administrator(m, root)] or [asked]
    occurrence = deciding(occurrences)
    if occurrence is None:
        say(f"{name}: {SETTINGS[name].default}, the default")
        return SETTINGS[name].default, None
    try:
        value = SETTINGS[name].meaning(occurrence.value)
        say(f"{name}: {value}, of {len(occurrences)} that may decide {occurrence.source} does")
        return value, occurrence
    except WrongValue as error:
        say(f"{name}: False, for {occurrence.source} is wrong: {error}")
        return False, occurrence


def do_not_track() -> bool:
    """Return whether the variable DO_NOT_TRACK asks not to be tracked.

    Any value but ``0`` and ``false`` counts (https://consoledonottrack.com).
    """
    return os.environ.get("DO_NOT_TRACK", "").strip().lower() not in ("", "0", "false")


def locked_by_administrator(occurrence: Occurrence, root: str | None) -> bool:
    """Return whether an occurrence is ``#!final`` in a file that administrators rule.

    Args:
        occurrence: the occurrence.
        root: the prefix of the conda installation, or None.
    """
    folder = os.path.dirname(os.path.normpath(occurrence.source))
    return occurrence.final and any(
        folder
        in (os.path.normpath(directory), os.path.join(os.path.normpath(directory), "condarc.d"))
        for directory in search_path.administrator_directories(root)
    )


def _is_plain_url(text: str) -> bool:
    """Return whether text is an http(s) URL in ASCII with a host and no user name."""
    if not re.fullmatch(r"https?://[!-~]+", text):
        return False
    try:
        parts = urlsplit(text)
        return bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        return False

"""This package's two settings: what their values mean, and which source decides.

conda's configuration decides, merged by conda's rules. DO_NOT_TRACK overrides everything
that a user can set, and only an administrator's ``#!final`` overrides it. An invalid value
disables its setting, and a file that cannot be read disables both.
"""

from __future__ import annotations

import os
import re
from collections import namedtuple

from .._common import say
from .condarc import OWN_NAMES, Occurrence
from .merge import deciding
from .search_path import administrator_directories
from .values import FALSE_WORDS, TRUE_WORDS, WrongValue, boolean

TYPE_CHECKING = False  # typing.TYPE_CHECKING without importing typing
if TYPE_CHECKING:
    from collections.abc import Callable


def heartbeat_value(value: object) -> bool | str:
    """Return what a value of ``anaconda_heartbeat`` means.

    Args:
        value: as YAML or a variable gives it.

    Returns:
        True or False, or an http(s) URL to send to instead.

    Raises:
        WrongValue: it is neither. A number in a file is invalid, but the text of a
            variable can be 0 or 1.
    """
    # YAML gives a boolean with an anchor as a number of this type.
    if value is None or isinstance(value, bool) or type(value).__name__ == "ScalarBoolean":
        return bool(value)
    if isinstance(value, str):
        text = value.strip()
        if text.lower() in (*TRUE_WORDS, "1"):
            return True
        if text.lower() in (*FALSE_WORDS, "0"):
            return False
        if _is_plain_url(text):
            return text
        if "@" in text:
            raise WrongValue("not a full http(s) URL without a user name and password")
    if isinstance(value, (list, dict)):
        raise WrongValue("neither true nor false nor a full http(s) URL but a list or a map")
    raise WrongValue("neither true nor false nor a full http(s) URL")


class Setting(namedtuple("Setting", "default meaning")):
    """The value of a setting that does not occur, and what a value of it means."""

    default: bool
    meaning: Callable[[object], bool | str]


#: This package's settings. ``meaning`` raises WrongValue for an invalid value.
SETTINGS = dict(zip(OWN_NAMES, (Setting(True, boolean), Setting(False, heartbeat_value))))


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


def decide(
    name: str, occurrences: list[Occurrence], root: str | None
) -> tuple[bool | str, Occurrence | None]:
    """Return the value of one of SETTINGS, and the occurrence that decides it.

    Args:
        name: the setting.
        occurrences: all occurrences of it, in the order in which conda reads them.
        root: the prefix of the conda installation, or None.

    Returns:
        The value, which is False if the deciding one is invalid; and the occurrence, with
        the problem in that case, or None for the default.
    """
    if do_not_track():
        asked = Occurrence("DO_NOT_TRACK", None, False, False)
        occurrences = [m for m in occurrences if locked_by_administrator(m, root)] or [asked]
    occurrence = deciding(occurrences)
    if occurrence is None:
        say(f"{name}: {SETTINGS[name].default}, the default")
        return SETTINGS[name].default, None
    value: bool | str = False
    if not occurrence.problem:
        try:
            value = SETTINGS[name].meaning(occurrence.value)
        except WrongValue as error:
            occurrence = occurrence._replace(problem=str(error))
    shown = "a URL" if isinstance(value, str) else value
    problem = f": {occurrence.problem}" if occurrence.problem else ""
    say(f"{name}: {shown}, decided by {occurrence.source}{problem}")
    return value, occurrence


def do_not_track() -> bool:
    """Return whether the variable DO_NOT_TRACK asks not to be tracked.

    Any value except ``0`` and ``false`` counts (https://consoledonottrack.com).
    """
    return os.environ.get("DO_NOT_TRACK", "").strip().lower() not in ("", "0", "false")


def locked_by_administrator(occurrence: Occurrence, root: str | None) -> bool:
    """Return whether an occurrence is ``#!final`` in an administrator's file."""
    folder = os.path.dirname(os.path.normpath(occurrence.source))
    directories = [os.path.normpath(path) for path in administrator_directories(root)]
    return occurrence.final and any(
        folder in (directory, os.path.join(directory, "condarc.d")) for directory in directories
    )


def _is_plain_url(text: str) -> bool:
    """Return whether text is an http(s) URL in ASCII with a host and no user name."""
    if not re.fullmatch(r"https?://[!-~]{1,2000}", text):
        return False
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(text)
        return bool(parts.hostname) and parts.port != 0 and "@" not in parts.netloc
    except ValueError:
        return False

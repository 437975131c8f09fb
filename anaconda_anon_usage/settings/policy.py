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
from .condarc import FALSE_WORDS, OWN_NAMES, TRUE_WORDS, Occurrence, WrongValue, boolean
from .merge import deciding
from .search_path import administrator_directories


def heartbeat_value(value: object) -> bool | str:
    """Return what a value of ``anaconda_heartbeat`` means, or raise WrongValue.

    It may be a URL to send to. A variable can be 0 or 1, but a number in a file is invalid.
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
            raise WrongValue("must be a full http(s) URL without a user name or password")
    if isinstance(value, (list, dict)):
        raise WrongValue("neither true nor false nor a full http(s) URL but a list or a map")
    raise WrongValue("neither true nor false nor a full http(s) URL")


#: The default of a setting, and a function that returns what a value of it means.
Setting = namedtuple("Setting", "default meaning")

#: This package's settings. ``meaning`` raises WrongValue for an invalid value.
SETTINGS = dict(zip(OWN_NAMES, (Setting(True, boolean), Setting(False, heartbeat_value))))


def meaning(name: str, value: object) -> bool | str:
    """Return what a value of one of SETTINGS means; an invalid one disables the setting."""
    try:
        found: bool | str = SETTINGS[name].meaning(value)
    except WrongValue:
        return False
    return found


class Decision(namedtuple("Decision", "value occurrence locked")):
    """The value of one of SETTINGS, and what decides it."""

    value: bool | str  #: False if the deciding occurrence has a problem
    occurrence: Occurrence | None  #: None for the default
    locked: bool  #: whether an administrator locked it with ``#!final``

    def __str__(self) -> str:
        """Return ``on`` or ``off``, and the source, its line, and the lock or the problem."""
        found = self.occurrence
        where = found.source if found else "the default"
        where += f", line {found.line}" if found and found.line else ""
        where += ", locked by #!final" if self.locked else ""
        where += f": {found.problem}" if found and found.problem else ""
        return f"{'on' if self.value else 'off'} ({where})"

    def as_json(self) -> dict[str, object]:
        """Return the same for JSON, without the secrets that a URL may have."""
        from .._common import redact

        found = self.occurrence
        return {
            "on": bool(self.value),
            "value": redact(self.value) if isinstance(self.value, str) else self.value,
            "source": found and found.source,
            "line": found and found.line,
            "locked": self.locked,
            "problem": found and found.problem,
        }


def decide(name: str, occurrences: list[Occurrence], root: str | None) -> Decision:
    """Return the value of one of SETTINGS, from all occurrences in conda's order."""
    if do_not_track():
        asked = Occurrence("DO_NOT_TRACK", None, False, False)
        occurrences = [m for m in occurrences if locked_by_administrator(m, root)] or [asked]
    occurrence = deciding(occurrences)
    value: bool | str = False
    locked = False
    if occurrence is None:
        value = SETTINGS[name].default
    else:
        # A file that cannot be read counts as final, but nobody locked the setting there.
        locked = bool(occurrence.line) and locked_by_administrator(occurrence, root)
        if not occurrence.problem:
            try:
                value = SETTINGS[name].meaning(occurrence.value)
            except WrongValue as error:
                occurrence = occurrence._replace(problem=str(error))
    decision = Decision(value, occurrence, locked)
    say(f"{name}: {decision}")
    return decision


def do_not_track() -> bool:
    """Return whether DO_NOT_TRACK is set, and not to 0 or false; see consoledonottrack.com."""
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

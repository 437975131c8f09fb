"""Debug output: every decision on stderr, and only on request.

Besides this module, only the commands and ``conda doctor`` write to a stream.
"""

from __future__ import annotations

import os
import sys

#: Enables debug output unless it is empty or ``0``.
VARIABLE = "ANACONDA_ANON_USAGE_DEBUG"


def debug_enabled() -> bool:
    """Return whether the user asked for debug output."""
    return os.environ.get(VARIABLE, "") not in ("", "0")


def say(message: str) -> None:
    """Write a decision and its reason to stderr, if that is enabled; never a token or a key."""
    if not debug_enabled():
        return
    try:
        sys.stderr.write(f"anaconda-anon-usage: {printable(message)}\n")
    except Exception:  # stderr may be closed, or absent under pythonw
        pass


def printable(text: str) -> str:
    """Return text with characters escaped that could control a terminal or break a line."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )

"""What people and programs get to see: colours, JSON, and the one form of errors.

Colours are for terminals only, and for nobody who asked for none.
"""

from __future__ import annotations

import json
import os
import sys

# ECMA-48 "select graphic rendition": bold for headings, green and yellow for states.
_CODES = {"heading": "1", "on": "32", "off": "33"}


def error(message: object) -> None:
    """Print one line to stderr, whatever the message holds.

    Args:
        message: what is wrong, as a person should read it.
    """
    line = " ".join(str(message).splitlines())
    try:
        sys.stderr.write(f"anaconda-anon-usage: {line}\n")  # print() would take stdout instead
        sys.stderr.flush()
    except (AttributeError, OSError, ValueError):
        pass  # there is none, or nobody reads it


def print_json(value: object) -> None:
    """Print JSON, in ASCII: names of files need not be text in any encoding."""
    print(json.dumps(value, indent=2))


def paint(text: str, kind: str) -> str:
    """Return text in the colour of its kind if stdout shows colours, else as it is.

    Args:
        text: the text.
        kind: ``heading``, ``on`` or ``off``.
    """
    return f"\033[{_CODES[kind]}m{text}\033[0m" if _colours() else text


def table(rows: list[tuple[str, str]], gap: int = 1) -> str:
    """Return rows of a heading and a text as aligned lines.

    Args:
        rows: the heading, and what stands behind it.
        gap: the number of blanks behind the longest heading.
    """
    width = max(len(heading) for heading, _ in rows) + gap
    return "\n".join(
        f"{paint(heading, 'heading')}{' ' * (width - len(heading))}{text}" for heading, text in rows
    )


def _colours() -> bool:
    """Return whether stdout is a terminal that shows colours, and nobody objects.

    https://no-color.org: NO_COLOR counts where it is set and not empty.
    """
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    if sys.platform == "win32" and not os.environ.get("WT_SESSION"):
        return False  # the older console shows the codes themselves
    try:
        return sys.stdout.isatty()
    except (AttributeError, ValueError):  # there is none, or it is closed
        return False

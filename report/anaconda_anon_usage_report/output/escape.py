"""Make text from logs harmless for terminals and spreadsheets."""

from __future__ import annotations

import unicodedata

# Control characters, invisible ones such as those that reverse the direction of text, line and
# paragraph separators, and halves of surrogate pairs.
_UNSAFE = {"Cc", "Cf", "Cs", "Zl", "Zp"}

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def printable(text: str) -> str:
    """Return text with escape sequences in place of characters that a terminal may obey."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char.encode("unicode_escape").decode("ascii")
        if unicodedata.category(char) in _UNSAFE
        else char
        for char in text
    )


def for_spreadsheet(value: object) -> object:
    """Return the value of a cell so that no spreadsheet takes it for a formula."""
    if not isinstance(value, str):
        return value
    quote = "'" if value.startswith(_FORMULA) else ""
    return quote + printable(value)

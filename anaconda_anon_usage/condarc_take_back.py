"""Take changes back out of a condarc that somebody else has changed since.

As far as they still stand: what an administrator has made of our lines is theirs. Where
nobody has changed the file, ``condarc_edit.revert`` does it byte for byte instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from . import condarc_text
from .condarc_edit import Change
from .condarc_text import CannotEdit, entries, lines, newline


def take_back(text: str, changes: list[Change], package: str) -> str:
    """Return a text without changes, as far as they still stand, after other changes.

    Args:
        text: the condarc, which somebody else has changed since.
        changes: what was once given to apply().
        package: what include() has added.

    Raises:
        CannotEdit: it is not a condarc.
    """
    for key in dict.fromkeys(change.key for change in reversed(changes)):
        with_them = text
        for new in _ways_to_take_back(text, key, changes, package):
            try:
                if condarc_text.same_but_for(key, with_them, new):
                    text = new
                    break
            except CannotEdit:
                continue
    return text


def not_taken_back(text: str, changes: list[Change]) -> list[str]:
    """Return the settings that take_back() left, because they are no longer as written.

    Args:
        text: what take_back() returned.
        changes: what was given to it.
    """
    found = entries(text)
    left = []
    for key in dict.fromkeys(change.key for change in changes):
        before, after = _content(changes, key)
        ours = any(re.match(rf"\s*{key}\s*:", line) for line in after)
        if key in found and ours and before != _bare(text[found[key].start : found[key].end]):
            left.append(key)
    return left


def _ways_to_take_back(text: str, key: str, changes: list[Change], package: str) -> Iterator[str]:
    before, after = _content(changes, key)
    found = entries(text)
    if key and key not in found:
        return
    # The lines between the setting before and the end of this one: a comment above it may
    # be ours, too.
    start, end = 0, found[key].end if key else len(text)
    if key:
        start = max((e.end for e in found.values() if e.end <= found[key].start), default=0)
    own = lines(text[start:end])
    bare = [line.rstrip("\r\n") for line in own]
    # The braces of an empty map can't come back beside what somebody else has added.
    instead = "".join(line + newline(text) for line in before if line.strip() != "{}")
    # A comment may stand elsewhere than the setting that it was moved away from.
    for block in (after, [line for line in after if not line.lstrip().startswith("#")]):
        places = [n for n in range(len(own)) if block and bare[n : n + len(block)] == block]
        if len(places) == 1:
            kept = own[: places[0]], own[places[0] + len(block) :]
            yield text[:start] + "".join(kept[0]) + instead + "".join(kept[1]) + text[end:]
    if any(line.strip() == f"- {package}" for line in after):
        kept = [line for line in own if line.strip() != f"- {package}"]
        yield text[:start] + "".join(kept) + text[end:]


def _content(changes: list[Change], key: str) -> tuple[list[str], list[str]]:
    """Return the lines that all changes for one setting took away and put there."""
    own = [change for change in changes if change.key == key]
    return (
        [line for change in own for line in _bare(change.before)],
        # The last line's end, where it had none, is the only blank one.
        [line for change in own for line in _bare(change.after) if line],
    )


def _bare(text: str) -> list[str]:
    return [line.rstrip("\r\n") for line in lines(text)]

"""Change settings in a condarc by changing its text.

An administrator's file keeps every other byte: comments, quotes, order, line ends. A YAML
library that writes a file anew does not do that. So a few ways to change the lines of one
setting are tried, the nicest first, until one is proved by parsing: the setting reads as
wanted, and everything else as before. That also finds what is easily overlooked: conda
takes a comment on the line *below* ``#!final`` for a part of it, and then there is no
flag.
"""

from __future__ import annotations

import contextlib
import re
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator

from . import condarc_text
from .condarc_text import CannotEdit, Entry, entries, line_end, line_start, newline
from .settings import WrongValue, condarc
from .settings.policy import SETTINGS

#: One change: the setting it is for ("" for a comment at the top), the offset in the text,
#: what stood there, and what stands there instead. Whole lines, but for a missing last
#: line end and for the ``{}`` of an empty file.
Change = namedtuple("Change", "key start before after")


def apply(text: str, changes: Iterable[Change]) -> str:
    """Return the text with changes made, one after the other."""
    for key, start, before, after in changes:
        if not text.startswith(before, start):
            raise CannotEdit(f"{key}: not the text that the change is for")
        text = text[:start] + after + text[start + len(before) :]
    return text


def revert(text: str, changes: list[Change]) -> str:
    """Return the text as it was before apply(), byte for byte."""
    return apply(text, (Change(c.key, c.start, c.after, c.before) for c in reversed(changes)))


def is_locked(text: str, key: str, value: str) -> bool:
    """Return whether a condarc has one of decisions.SETTINGS as lock() leaves it.

    Args:
        text: the condarc.
        key: the setting.
        value: what it must mean, as YAML has it.

    Raises:
        CannotEdit: it is not a condarc.
    """
    meaning = SETTINGS[key].meaning
    found, flag = condarc_text.value_and_flag(text, key)
    try:
        return flag == "final" and key in entries(text) and meaning(found) == meaning(value)
    except WrongValue:
        return False


def lock(text: str, key: str, value: str) -> list[Change]:
    """Return the changes that set one of decisions.SETTINGS and make it ``#!final``.

    Args:
        text: the condarc.
        key: the setting.
        value: its value, as YAML has it.

    Raises:
        CannotEdit: it is not a condarc, or can't be changed without harm.
    """
    if is_locked(text, key, value):
        return []
    line = f"{key}: {value} #!final"
    return _first_good(
        text, key, _ways_to_lock(text, key, line), lambda new: is_locked(new, key, value)
    )


def includes(text: str, key: str, package: str) -> bool:
    """Return whether a list of packages in a condarc names a package, in any version.

    Raises:
        CannotEdit: it is not a condarc, or the setting is something else than a list.
    """
    found = condarc_text.items(text, key) or []
    names = (re.match(r"[\w.-]*", spec.rpartition("::")[2].strip()) for spec, _ in found)
    return package in (name.group().lower() for name in names)


def include(text: str, key: str, package: str, default: Iterable[str]) -> list[Change]:
    """Return the changes that add a package to a list of packages.

    Args:
        text: the condarc.
        key: the list.
        package: the package's name.
        default: what is listed too if there is no such list.

    Raises:
        CannotEdit: as for lock(), or the setting is something else than a list.
    """
    if includes(text, key, package):
        return []
    old = condarc_text.items(text, key)
    _, flag = condarc_text.value_and_flag(text, key)
    added = [(package, None)] if old is not None else [(p, None) for p in (*default, package)]

    def good(new: str) -> bool:
        _, new_flag = condarc_text.value_and_flag(new, key)
        found = condarc_text.items(new, key) or []
        rest = [item for item in found if item not in added]
        return (len(found), rest, new_flag) == (len(added) + len(old or []), old or [], flag)

    return _first_good(text, key, _ways_to_include(text, key, package, default), good)


def _first_good(
    text: str, key: str, ways: Iterable[list[Change]], good: Callable[[str], bool]
) -> list[Change]:
    for changes in ways:
        try:
            new = apply(text, changes)
            if condarc_text.same_but_for(key, text, new) and good(new):
                return changes
        except CannotEdit:
            continue
    raise CannotEdit(f"{key} can't be set without changing what else it says; set it by hand")


def _ways_to_lock(text: str, key: str, line: str) -> Iterator[list[Change]]:
    entry = entries(text).get(key)
    if entry is None:
        yield from _ways_to_add(text, key, [line])
        return
    indent, comment = _indent(text, entry), _comment(text, entry)
    # Its own comment moves to a line above it, or is lost where that can't be.
    for kept in dict.fromkeys([comment, ""]):
        above = [indent + kept] if kept else []
        yield [_replace_lines(text, key, entry.start, entry.end, [*above, indent + line])]
        removal = _replace_lines(text, key, entry.start, entry.end, above)
        with contextlib.suppress(CannotEdit):  # something else needs what is removed
            for addition in _ways_to_add(apply(text, [removal]), key, [line]):
                yield [removal, *addition]


def _ways_to_include(
    text: str, key: str, package: str, default: Iterable[str]
) -> Iterator[list[Change]]:
    entry = entries(text).get(key)
    if entry is None:
        block = [f"{key}:", *(f"  - {item}" for item in (*default, package))]
        yield from _ways_to_add(text, key, block)
        return
    indent = _indent(text, entry)
    if condarc_text.items(text, key) is None:
        block = [f"{indent}  - {item}" for item in (*default, package)]
        end = line_end(text, entry.start)
        yield [_replace_lines(text, key, end, end, block)]
        yield [_replace_lines(text, key, entry.start, entry.end, [f"{indent}{key}:", *block])]
        return
    # An alias has the node of its anchor, which stands elsewhere.
    parts = getattr(entry.node, "value", None) or []
    nodes = (entry.node, *parts[:1], *parts[-1:])
    own = all(entry.start < node.start_mark.index < entry.end for node in nodes)
    if own and entry.node.flow_style:
        at = parts[-1].end_mark.index if parts else entry.node.start_mark.index + 1
        start, end = line_start(text, at), line_end(text, at)
        added = f", {package}" if parts else package
        yield [Change(key, start, text[start:end], text[start:at] + added + text[at:end])]
    elif own:
        first, last = parts[0].start_mark.index, parts[-1]
        dash = re.match(r"[ \t]*-(?=\s)", text[line_start(text, first) :])
        if dash:
            item = [f"{dash.group()} {package}"]
            end = line_end(text, max(last.end_mark.index - 1, last.start_mark.index))
            yield [_replace_lines(text, key, end, end, item)]
            start = line_start(text, first)
            yield [_replace_lines(text, key, start, start, item)]


def _ways_to_add(text: str, key: str, block: list[str]) -> Iterator[list[Change]]:
    """Yield ways to add a new setting: at the end, or before the first one."""
    braces = condarc_text.empty_map(text)
    if braces:
        start, end = braces
        yield [Change(key, start, text[start:end], newline(text).join(block))]
        return
    first = min(entries(text).values(), default=None)
    indented = [(_indent(text, first) if first else "") + line for line in block]
    yield [_replace_lines(text, key, len(text), len(text), indented)]
    if first:
        yield [_replace_lines(text, key, first.start, first.start, indented)]


def _replace_lines(text: str, key: str, start: int, end: int, block: list[str]) -> Change:
    """Return the change that puts lines in place of those from start to end."""
    ending = newline(text)
    after = "".join(line + ending for line in block)
    before_it = text[:start].lstrip("\ufeff")
    if block and before_it and not before_it.endswith(("\r", "\n")):
        after = ending + after  # the last line has no end
    return Change(key, start, text[start:end], after)


def _indent(text: str, entry: Entry) -> str:
    return re.match(r"[ \t]*", text[entry.start : entry.end]).group()


def _comment(text: str, entry: Entry) -> str:
    """Return the comment behind a value that is one line, if it is not a flag."""
    at = entry.node.end_mark.index
    if not entry.start < at < entry.end:
        return ""
    comment = text[at : line_end(text, at)].strip()
    flag = condarc.flag(comment) in ("final", "top", "bottom")
    return comment if comment.startswith("#") and not flag else ""

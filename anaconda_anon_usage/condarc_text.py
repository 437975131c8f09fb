"""Where a condarc's text has each setting, and whether two texts say the same.

Whoever changes a condarc by changing its text, so that not one other byte moves, has to
know which lines are a setting's, and has to prove afterwards that nothing else now reads
differently: neither a value nor one of conda's flags, which are comments.
"""

from __future__ import annotations

import contextlib
import functools
import re
import warnings
from collections import namedtuple
from collections.abc import Mapping

from .settings import condarc

#: A setting at the top of a file: the offsets of its whole lines (those of comments and
#: blank lines behind it are not its own), and the ``ruamel.yaml`` node of its value.
Entry = namedtuple("Entry", "start end node")

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
_NOTHING = re.compile(r"\s*(?:#.*|\.\.\.\s*(?:#.*)?)?\Z", re.DOTALL)
_FLAGS = ("final", "top", "bottom")


class CannotEdit(ValueError):
    """A condarc can't be read, or not be changed without harm; the message says why."""


def lines(text: str) -> list[str]:
    """Return the lines of a text with their ends, which YAML knows three of."""
    return _LINE.findall(text)


def newline(text: str) -> str:
    """Return the end that lines have in a text."""
    found = re.search(r"\r\n|\r|\n", text)
    return found.group() if found else "\n"


def line_start(text: str, offset: int) -> int:
    """Return where the line of an offset begins, behind a byte order mark."""
    start = max(text.rfind("\n", 0, offset), text.rfind("\r", 0, offset)) + 1
    return start + text.startswith("\ufeff", start)


def line_end(text: str, offset: int) -> int:
    """Return where the line of an offset ends, which is where the next one begins."""
    found = _LINE.match(text, offset)
    return found.end() if found else offset


@functools.lru_cache(maxsize=8)  # the same texts are asked about again and again
def load(text: str) -> Mapping:
    """Return what a condarc says, as conda loads it; empty where there is nothing.

    Raises:
        CannotEdit: it is not valid YAML, or not a map.
    """
    with _reported():
        content = condarc.parse(text)
    if content is None and _root(text) is None:
        return {}
    if not isinstance(content, dict):
        raise CannotEdit("not a map of settings")
    return content


def entries(text: str) -> dict[str, Entry]:
    """Return the settings that a condarc itself has at its top, in their order.

    Raises:
        CannotEdit: it is not a condarc, or a map in braces, which has no lines of its own
            for each setting.
    """
    load(text)
    root = _root(text)
    if root is None:
        return {}
    if root.flow_style and root.value:
        raise CannotEdit("a map in braces; write one setting a line instead")
    starts = [line_start(text, key.start_mark.index) for key, _ in root.value]
    found = {}
    for (key, node), start, limit in zip(root.value, starts, [*starts[1:], len(text)]):
        if isinstance(key.value, str):
            found[key.value] = Entry(start, _end(text, start, limit, node), node)
    return found


def empty_map(text: str) -> tuple[int, int] | None:
    """Return where a condarc has the ``{}`` that is all it says, or None.

    ``conda config --remove-key`` leaves that when it removes the last setting.

    Raises:
        CannotEdit: it is not a condarc.
    """
    root = None if load(text) else _root(text)
    if root is None:
        return None
    return root.start_mark.index, root.end_mark.index


def same_but_for(key: str, one: str, other: str) -> bool:
    """Return whether two condarcs say the same of everything but one setting.

    Raises:
        CannotEdit: one of them is not a condarc.
    """
    return all(
        _reading(load(a), key) == _reading(load(b), key)
        for a, b in zip(_as_read(one), _as_read(other))
    )


def value_and_flag(text: str, key: str) -> tuple[object, str | None]:
    """Return a setting's value, None where it has none, and its flag.

    Raises:
        CannotEdit: it is not a condarc.
    """
    # As conda reads the file; same_but_for() has both.
    content = load(_as_read(text)[-1])
    return content.get(key), _flag(condarc.key_comment(content, key))


def items(text: str, key: str) -> list[tuple[str, str | None]] | None:
    """Return the values of a list and their flags, or None where there is none.

    Raises:
        CannotEdit: it is something else than a list of plain values.
    """
    value, _ = value_and_flag(text, key)
    if value is None:
        return None
    if not isinstance(value, list) or any(isinstance(item, (list, dict)) for item in value):
        raise CannotEdit(f"{key} is not a list of plain values")
    return [(str(item), _item_flag(value, index)) for index, item in enumerate(value)]


def _end(text: str, start: int, limit: int, node) -> int:
    """Return where the lines of a setting end that are before an offset."""
    own = lines(text[start:limit])
    end = limit
    # A block of text may have lines that look like comments.
    least = node.end_mark.index if isinstance(node.value, str) else start
    while len(own) > 1 and _NOTHING.match(own[-1]) and end - len(own[-1]) >= least:
        end -= len(own.pop())
    return end


@contextlib.contextmanager
def _reported():
    """Turn all that the YAML library can raise into CannotEdit."""
    try:
        yield
    except Exception as error:  # RecursionError and the library's own failures too
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 1})" if mark else ""
        raise CannotEdit(f"not valid YAML{where}") from None


@functools.lru_cache(maxsize=8)
def _root(text: str):
    """Return the node that a condarc is, or None where it says nothing at all."""
    from ruamel.yaml import YAML

    with warnings.catch_warnings(), _reported():
        warnings.simplefilter("ignore")
        root = YAML(typ="rt").compose(text)
    return None if root is not None and root.value == "" else root


def _as_read(text: str) -> list[str]:
    """Return a text as it lies in its file, and as conda has it: with ``\\n`` alone."""
    return [text, text.replace("\r\n", "\n").replace("\r", "\n")] if "\r" in text else [text]


def _reading(content: Mapping, without: str) -> list:
    """Return all that a condarc says, in a form to compare: as long as its text is.

    Aliases can make the text that a value stands for endless, so what was there before
    is named by its number.
    """
    numbers: dict[int, int] = {}

    def walk(value: object) -> object:
        if not isinstance(value, (dict, list)):
            return type(value).__name__, str(value)
        if id(value) in numbers:
            return numbers[id(value)]
        numbers[id(value)] = len(numbers)
        if isinstance(value, list):
            return [(walk(item), _item_flag(value, n)) for n, item in enumerate(value)]
        return [
            (str(key), walk(item), _flag(condarc.key_comment(value, key)))
            for key, item in value.items()
            if value is not content or key != without
        ]

    try:
        return walk(content)
    except RecursionError:
        raise CannotEdit("too deep") from None


def _flag(comment: str) -> str | None:
    found = condarc.flag(comment)
    return found if found in _FLAGS else None


def _item_flag(value: list, index: int) -> str | None:
    """Return the flag of one item of a list (``_get_yaml_list_comment_item`` in conda)."""
    try:
        own, before = value.ca.items[index][:2]
        return _flag((own or before[0]).value.strip())
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        return None

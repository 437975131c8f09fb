"""One configuration file of conda's, read without conda.

A file that cannot be read or understood may hold an opt-out. So it has a ``problem``
instead of settings, and callers must treat the problem as an opt-out.
"""

from __future__ import annotations

import errno
import functools
import warnings
from collections import namedtuple
from collections.abc import Mapping

from .._common import read_bytes, say

#: Bytes of one configuration file that are read at most.
SIZE_LIMIT = 256 * 1024

#: The names of this package's settings.
OWN_NAMES = ("anaconda_anon_usage", "anaconda_heartbeat")

#: One occurrence of a setting: the file or variable it is in, the line there (counted from
#: 1, None for a variable), the value as YAML or the variable gives it, whether ``#!final``
#: (``!important`` in a variable) keeps later sources from overriding it, and why the
#: source could not be read, or None.
Occurrence = namedtuple("Occurrence", "source line value final problem", defaults=(None,))


class InvalidFile(ValueError):
    """A file is not a configuration file; the message gives the reason and no content."""


class Condarc:
    """One configuration file, read at once and parsed on first use.

    Args:
        path: the file; one that is absent is empty.
        problem: why the file cannot be read, if that is known already.
    """

    def __init__(self, path: str, problem: str | None = None):
        self.path = path
        self._problem = problem
        self._text = ""
        if problem is None:
            try:
                self._text = _read(path)
            except (FileNotFoundError, NotADirectoryError):
                pass
            except (OSError, InvalidFile) as error:
                self._problem = reason(error)

    def may_have(self, names: tuple[str, ...]) -> bool:
        """Return whether the file may have some settings or this package's, without parsing.

        Only a double-quoted key can be written in another way than by its name, and that
        takes a backslash.

        Args:
            names: the settings' names.
        """
        if self._problem or "\\" in self._text or "\0" in self._text:
            return True
        return any(name in self._text for name in (*names, *OWN_NAMES))

    @property
    def problem(self) -> str | None:
        """Why the file cannot be read or understood, or None."""
        self.occurrences  # noqa: B018  parses the file
        return self._problem

    @functools.cached_property
    def occurrences(self) -> dict[str, Occurrence]:
        """The settings of the file by name; none if there is a problem."""
        found: dict[str, Occurrence] = {}
        if self._problem is None and self._text:
            try:
                found = _settings(self.path, self._text)
            except Exception as error:  # RecursionError and the library's own failures too
                self._problem = reason(error)
        if self._problem:
            say(f"{self.path}: {self._problem}")
        return found


def parse(text: str) -> object:
    """Return the content of a configuration file as conda itself loads it.

    Args:
        text: the whole file.

    Raises:
        Exception: whatever the YAML library raises if the text is not YAML.
    """
    from ruamel.yaml import YAML

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about an anchor that is used twice, for example
        return YAML(typ="rt").load(text)  # round trip: comments carry the flags


def key_comment(content: Mapping, key: str) -> str:
    """Return the comment behind a key's value (``_get_yaml_key_comment`` in conda).

    Comments on the lines below belong to it, as in conda: together they are not a flag.

    Args:
        content: a map from parse().
        key: one of its keys.
    """
    try:
        return content.ca.items[key][2].value.strip()
    except (AttributeError, KeyError, IndexError, TypeError):
        return ""


def flag(comment: str) -> str:
    """Return a comment without its marks; it is a flag if ``final``, ``top`` or ``bottom``."""
    return comment.strip("!#")


def reason(error: Exception) -> str:
    """Return in words why a file could not be read, without anything of its content."""
    if isinstance(error, OSError) and error.errno == errno.EFBIG:
        return f"larger than {SIZE_LIMIT // 1024} KB"
    if isinstance(error, OSError):
        return (error.strerror or type(error).__name__).lower()
    if isinstance(error, InvalidFile):
        return str(error)
    if isinstance(error, ImportError):
        return "ruamel.yaml, which reads it, is not installed"
    kind = "duplicate key" if type(error).__name__ == "DuplicateKeyError" else "invalid YAML"
    mark = getattr(error, "problem_mark", None)
    return f"{kind}, line {mark.line + 1}" if mark else kind


def _read(path: str) -> str:
    try:
        text = read_bytes(path, SIZE_LIMIT).decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidFile("not UTF-8") from None
    # conda opens files with universal newlines.
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _settings(path: str, text: str) -> dict[str, Occurrence]:
    content = parse(text)
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise InvalidFile("not a map of settings")
    return {
        name: Occurrence(
            path,
            _line(content, name),
            _supported(content[name]),
            flag(key_comment(content, name)) == "final",
        )
        for name in content
    }


def _supported(value: object) -> object:
    """Return a value unless conda stops at its type: a date, a set or a tagged value.

    Raises:
        InvalidFile: conda stops.
    """
    if value is None or isinstance(value, (int, float, complex, str, list, dict)):
        return value
    raise InvalidFile("a value of a type that conda does not support")


def _line(content: Mapping, key: str) -> int | None:
    try:
        return content.lc.key(key)[0] + 1
    except (AttributeError, KeyError, TypeError):  # a merged key has no line of its own
        return None

"""Read a conda configuration file, and individual values in it, without conda.

A file that cannot be read or parsed may contain an opt-out. So it has a ``problem``
instead of settings, and callers must treat the problem as an opt-out.
"""

from __future__ import annotations

import errno
import functools
import os
import warnings
from collections import namedtuple
from collections.abc import Mapping

from .._common import read_bytes, say

TYPE_CHECKING = False  # typing.TYPE_CHECKING without importing typing
if TYPE_CHECKING:
    from typing import Any

#: The maximum size of a configuration file in bytes.
SIZE_LIMIT = 256 * 1024

#: The names of this package's settings.
OWN_NAMES = ("anaconda_anon_usage", "anaconda_heartbeat")

# conda/auxlib/type_coercion.py
TRUE_WORDS = ("true", "yes", "on", "y")
FALSE_WORDS = ("false", "off", "n", "no", "non", "none", "")

# The maximum length of a value that may contain variables. ``os.path.expandvars`` takes
# quadratic time for text like ``${${${``.
_EXPAND_LIMIT = 2000


class Occurrence(namedtuple("Occurrence", "source line value final problem", defaults=(None,))):
    """One occurrence of a setting."""

    source: str  #: the file or variable
    line: int | None  #: counted from 1; None in a variable, or if unknown
    value: Any  #: as YAML or the variable gives it
    final: bool  #: whether ``#!final`` or ``!important`` keeps later sources from overriding it
    problem: str | None  #: why the value does not count, or None


class WrongValue(ValueError):
    """conda would refuse a value. It may be a misplaced password, so no message quotes it."""


class InvalidFile(ValueError):
    """A file is not a configuration file; the message never quotes it."""


class Condarc:
    """A configuration file, read on creation and parsed on first use; an absent one is empty."""

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
        """Return whether the file may have these settings or this package's, without parsing.

        A key that does not contain its name literally is in double quotes and has a backslash.
        """
        if self._problem or "\\" in self._text or "\0" in self._text:
            return True
        return any(name in self._text for name in (*names, *OWN_NAMES))

    @property
    def problem(self) -> str | None:
        """Why the file cannot be read or parsed, or None."""
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


def is_final(content: Mapping[str, object], key: str) -> bool:
    """Return whether the comment after a key's value is ``#!final``, as conda reads it.

    To conda, comments on the next lines belong to it (``_get_yaml_key_comment``), and
    together they are not a flag.
    """
    try:
        comment = content.ca.items[key][2].value  # type: ignore[attr-defined]  # of ruamel.yaml
    except (AttributeError, KeyError, IndexError, TypeError):
        return False
    return str(comment).strip().strip("!#") == "final"


def boolean(value: object) -> bool:
    """Return a value as conda reads a boolean (``boolify`` in conda/auxlib), or raise WrongValue."""
    if isinstance(value, (bool, int, float, complex)):
        return bool(value)
    if isinstance(value, (list, dict)):  # with aliases, its text may be endless
        raise WrongValue("not a boolean but a list or a map")
    word = str(value).strip().lower().replace(".", "", 1)
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    try:
        return bool(complex(word))
    except ValueError:
        raise WrongValue("not a boolean") from None


def expand(value: object) -> str:
    """Return a plain value as text, with environment variables expanded as conda does."""
    text = str(value)
    if len(text) > _EXPAND_LIMIT:
        raise WrongValue(f"longer than {_EXPAND_LIMIT} characters")
    return os.path.expandvars(text)


def reason(error: Exception) -> str:
    """Return why a file could not be read, without quoting it."""
    if isinstance(error, OSError) and error.errno == errno.EFBIG:
        return f"larger than {SIZE_LIMIT // 1024} KB"
    if isinstance(error, OSError):
        return (error.strerror or type(error).__name__).lower()
    if isinstance(error, InvalidFile):
        return str(error)
    if isinstance(error, ImportError):
        return "ruamel.yaml is required to read it but is not installed"
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
    from ruamel.yaml import YAML

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about an anchor that is used twice, for example
        content = YAML(typ="rt").load(text)  # round trip: comments carry the flags
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise InvalidFile("not a map of settings")
    supported = (type(None), int, float, complex, str, list, dict)
    if not all(isinstance(value, supported) for value in content.values()):
        # conda stops at a date, a set or a tagged value.
        raise InvalidFile("a value of a type that conda does not support")
    return {
        name: Occurrence(path, _line(content, name), value, is_final(content, name))
        for name, value in content.items()
    }


def _line(content: Any, key: str) -> int | None:
    try:
        return int(content.lc.key(key)[0]) + 1
    except (AttributeError, KeyError, TypeError):  # a merged key has no line of its own
        return None

"""conda's configuration files, read without conda.

A heartbeat may have to decide in an environment that has no conda, or whose conda can't
read its own configuration. This reads the same files and variables in the same order and
merges them by the same rules as conda/common/configuration.py does: later sources win,
``#!final`` ends it, lists are joined and maps are merged. A file that can't be read is
left out, where conda would stop.
"""

from __future__ import annotations

import os
import warnings
from collections import namedtuple
from collections.abc import Iterator, Mapping

from .._common import read_bytes, read_text, say
from . import search_path

#: Bytes of one configuration file that are read at most.
SIZE_LIMIT = 256 * 1024

#: One occurrence of a setting: the file or variable it is in, the line there (counted from
#: 1, None for a variable), the value as YAML or the variable gives it, and whether
#: ``#!final`` (``!important`` in a variable) keeps later sources from changing it.
Occurrence = namedtuple("Occurrence", "source line value final")

# conda/auxlib/type_coercion.py
TRUE_WORDS = ("true", "yes", "on", "y")
FALSE_WORDS = ("false", "off", "n", "no", "non", "none", "")


class WrongValue(ValueError):
    """A setting has a value that conda would refuse."""


class InvalidFile(ValueError):
    """A configuration file is invalid; the message names it, the line and the reason."""


def boolean(value: object) -> bool:
    """Return value as conda reads a boolean (``boolify`` in conda/auxlib).

    Raises:
        WrongValue: it is not one.
    """
    if isinstance(value, (bool, int, float, complex)):
        return bool(value)
    if isinstance(value, (list, dict)):  # its text may be endless: YAML has aliases
        raise WrongValue("not a boolean but a list or a map")
    word = str(value).strip().lower().replace(".", "", 1)
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    try:
        return bool(complex(word))
    except ValueError:
        raise WrongValue(f"not a boolean: {value!r}") from None


def boolean_or_text(value: object) -> bool | str:
    """Return value as a boolean where it reads as one, else as text."""
    try:
        return boolean(value)
    except WrongValue:
        return str(value).strip()


def deciding(occurrences: list[Occurrence]) -> Occurrence | None:
    """Return the occurrence that counts: the first final one, else the last one."""
    for occurrence in occurrences:
        if occurrence.final:
            return occurrence
    return occurrences[-1] if occurrences else None


class Condarc:
    """The configuration files and variables that hold for one environment.

    Args:
        prefix: the environment, which may hold a configuration of its own, or None.
        root: the prefix of the conda installation, or None.
    """

    def __init__(self, prefix: str | None, root: str | None):
        self._sources = [
            (path, content)
            for path in search_path.condarc_files(prefix, root)
            for content in [_load(path)]
            if content
        ]
        say(f"configuration: {', '.join(path for path, _ in self._sources) or 'no files'}")

    def occurrences(self, *names: str) -> list[Occurrence]:
        """Return every occurrence of a setting, in the order in which conda reads them.

        Args:
            names: the setting's name and its aliases.

        Raises:
            WrongValue: one file uses two of the names.
        """
        found = []
        for path, content in self._sources:
            used = [name for name in names if name in content]
            if len(used) > 1:
                raise WrongValue(f"{path}: {' and '.join(used)} are the same setting")
            for name in used:
                final = flag(key_comment(content, name)) == "final"
                found.append(Occurrence(path, _line(content, name), content[name], final))
        variables = [f"CONDA_{name.upper()}" for name in names]
        used = [variable for variable in variables if variable in os.environ]
        if len(used) > 1:
            raise WrongValue(f"{' and '.join(used)} are the same setting")
        for variable in used:
            value, important, _ = os.environ[variable].partition("!important")
            found.append(Occurrence(variable, None, value.strip(), bool(important)))
        return found

    def value(self, *names: str, default: object) -> object:
        """Return the deciding value of a setting that is not a list or a map.

        Raises:
            WrongValue: it is a list or a map.
        """
        occurrence = deciding(self.occurrences(*names))
        if occurrence is None:
            return default
        if isinstance(occurrence.value, (list, dict)):
            raise WrongValue(f"{occurrence.source}: {names[0]} must not be a list or a map")
        return occurrence.value

    def sequence(
        self, *names: str, default: tuple[str, ...] = (), delimiter: str = ","
    ) -> tuple[str, ...]:
        """Return a list setting, merged from all sources that may speak.

        Args:
            names: the setting's name and its aliases.
            default: what holds where no source occurrences it.
            delimiter: what separates the parts in a variable.

        Raises:
            WrongValue: a source gives something else than a list of plain values.
        """
        occurrences = []
        for occurrence in self.occurrences(*names):
            value = occurrence.value
            if value is None:
                continue
            if isinstance(value, str) and occurrence.source.startswith("CONDA_"):
                value = [part.strip() for part in value.split(delimiter) if part.strip()]
            if not isinstance(value, list):
                raise WrongValue(f"{occurrence.source}: {names[0]} must be a list")
            occurrences.append(occurrence._replace(value=value))
        # What is read last comes first; order in one file is kept. `#!top` and `#!bottom`
        # only move parts, and nothing here depends on their order.
        found: list[str] = []
        for occurrence in _up_to_final(occurrences):
            found = [*_plain(occurrence.value, occurrence.source), *found]
        return tuple(dict.fromkeys(found)) if occurrences else default

    def mapping(self, *names: str, default: Mapping | None = None) -> dict[str, str | None]:
        """Return a map of plain values, merged from all sources that may speak.

        Args:
            names: the setting's name and its aliases.
            default: what holds where no source occurrences it.

        Raises:
            WrongValue: a source gives something else.
        """
        merged = self._merged_maps(names)
        if merged is None:
            return dict(default or {})
        for key, values in merged.items():
            if any(isinstance(value, (list, dict)) for value in values):
                raise WrongValue(f"{names[0]}: {key} must be a plain value")
        return {
            key: values[-1] if values[-1] is None else str(values[-1])
            for key, values in merged.items()
        }

    def mapping_of_sequences(self, *names: str) -> dict[str, tuple[str, ...]]:
        """Return a map of lists, merged from all sources that may speak.

        Args:
            names: the setting's name and its aliases.

        Raises:
            WrongValue: a source gives something else.
        """
        merged = self._merged_maps(names) or {}
        return {
            key: tuple(
                dict.fromkeys(
                    part
                    for value in reversed(values)
                    if value is not None
                    for part in _plain(value, names[0])
                )
            )
            for key, values in merged.items()
        }

    def _merged_maps(self, names: tuple[str, ...]) -> dict[str, list] | None:
        """Return each key with the values that count for it, the deciding one last."""
        merged: dict[str, list] = {}
        final_keys: set[str] = set()
        occurrences = [m for m in self.occurrences(*names) if m.value is not None]
        for occurrence in occurrences:
            if not isinstance(occurrence.value, dict):
                raise WrongValue(f"{occurrence.source}: {names[0]} must be a map")
        for occurrence in _up_to_final(occurrences):
            for key, value in occurrence.value.items():
                if key in final_keys:
                    continue
                if flag(key_comment(occurrence.value, key)) == "final":
                    final_keys.add(key)
                    merged.pop(key, None)  # lists end here too, and keep nothing earlier
                merged.setdefault(key, []).append(value)
        return merged if occurrences else None


def expand(text: object) -> object:
    """Return text with environment variables filled in, where it is text."""
    return os.path.expandvars(text) if isinstance(text, str) else text


def parse(text: str) -> object:
    """Return what a configuration file's text says, as conda itself loads it.

    Args:
        text: the whole file.

    Raises:
        Exception: whatever the YAML library raises where it can't.
    """
    from ruamel.yaml import YAML

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of an anchor that is used twice, for example
        return YAML(typ="rt").load(text)  # round trip: comments carry the flags


def key_comment(content: Mapping, key: str) -> str:
    """Return the comment behind a key's value (``_get_yaml_key_comment`` in conda).

    Comments on the lines below belong to it, as conda has it: a flag is none there.

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


def occurrences_in(path: str) -> dict[str, Occurrence]:
    """Return every top-level setting of one file, by name.

    Args:
        path: the file.

    Raises:
        OSError: the file cannot be read.
        InvalidFile: its content is not a mapping in YAML.
    """
    try:
        text = read_bytes(path, SIZE_LIMIT).decode("utf-8")
        # conda opens files with universal newlines.
        content = parse(text.replace("\r\n", "\n").replace("\r", "\n"))
    except OSError:
        raise
    except Exception as error:  # RecursionError and the library's own failures too
        mark = getattr(error, "problem_mark", None)
        where = f"{path}, line {mark.line + 1}" if mark else path
        raise InvalidFile(f"cannot read {where}: invalid YAML") from None
    if content is not None and not isinstance(content, dict):
        raise InvalidFile(f"cannot read {path}, line 1: not a mapping")
    return {
        name: Occurrence(
            path, _line(content, name), value, flag(key_comment(content, name)) == "final"
        )
        for name, value in (content or {}).items()
    }


def _load(path: str) -> Mapping | None:
    """Return the mapping in one file, or None where there is none that can be read."""
    text = read_text(path, SIZE_LIMIT)
    if text is None:
        say(f"{path}: left out, it can't be read")
        return None
    try:
        content = parse(text)
    except Exception as error:  # RecursionError and the library's own failures too
        say(f"{path}: left out: {type(error).__name__}")
        return None
    return content if isinstance(content, dict) else None


def _up_to_final(occurrences: list[Occurrence]) -> Iterator[Occurrence]:
    for occurrence in occurrences:
        yield occurrence
        if occurrence.final:
            return


def _plain(value: object, where: str) -> list[str]:
    if not isinstance(value, list) or any(isinstance(part, (list, dict)) for part in value):
        raise WrongValue(f"{where}: not a list of plain values")
    return [str(part) for part in value]


def _line(content: Mapping, key: str) -> int | None:
    try:
        return content.lc.key(key)[0] + 1
    except (AttributeError, KeyError):
        return None

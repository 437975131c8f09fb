"""All of conda's configuration files and variables, merged by conda's rules.

A heartbeat may have to decide in an environment that has no conda, or whose conda cannot
read its own configuration. So this follows conda/common/configuration.py: later sources
override earlier ones unless ``#!final`` forbids it, lists are joined and maps are merged.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from .._common import say
from .condarc import Condarc, Occurrence, WrongValue, is_final
from .search_path import condarc_files


def deciding(occurrences: list[Occurrence]) -> Occurrence | None:
    """Return the occurrence that decides: the first final one, else the last one."""
    counting = _up_to_final(occurrences)
    return counting[-1] if counting else None


class Configuration:
    """The configuration files and variables that apply to one environment.

    Its methods take a setting's name and its aliases, and return the default if the setting
    does not occur. They raise WrongValue for a value that conda would refuse.
    """

    def __init__(self, prefix: str | None, root: str | None):
        self._files = [Condarc(path, problem) for path, problem in condarc_files(prefix, root)]
        # The part after CONDA_ counts in any letter case, and the last variable wins.
        self._variables = {
            name[len("CONDA_") :].lower(): (name, value)
            for name, value in os.environ.items()
            if name.startswith("CONDA_")
        }
        say(f"configuration files: {', '.join(file.path for file in self._files) or 'none'}")

    def problems(self) -> list[str]:
        """Return the problem of each file that cannot be read; every file is parsed."""
        return [f"{file.path}: {file.problem}" for file in self._files if file.problem]

    def occurrences(self, *names: str) -> list[Occurrence]:
        """Return every occurrence of a setting, in conda's order.

        A file that cannot be read counts as ``false #!final``, with its problem.
        """
        found = []
        for file in self._files:
            if not file.may_have(names):
                continue
            if name := _only_one(names, file.occurrences, file.path):
                found.append(file.occurrences[name])
            if file.problem:
                found.append(Occurrence(file.path, None, False, True, file.problem))
        if name := _only_one(names, self._variables, "variables"):
            variable, text = self._variables[name]
            value, important, _ = text.partition("!important")
            found.append(Occurrence(variable, None, value.strip(), bool(important)))
        return found

    def value(self, *names: str, default: object = None) -> object:
        """Return the deciding value of a setting that is not a list or a map."""
        occurrence = deciding(self._readable(names))
        if occurrence is None:
            return default
        if isinstance(occurrence.value, (list, dict)):
            raise WrongValue(f"{occurrence.source}: must not be a list or a map")
        return occurrence.value

    def sequence(
        self, *names: str, default: tuple[str, ...] = (), delimiter: str = ","
    ) -> tuple[str, ...]:
        """Return a merged list; the delimiter separates the items in a variable."""
        occurrences = []
        for occurrence in self._readable(names):
            value = occurrence.value
            if isinstance(value, str) and occurrence.source.startswith("CONDA_"):
                value = [part.strip() for part in value.split(delimiter) if part.strip()]
            occurrences.append(occurrence._replace(value=value))
        counting = _counting(occurrences, list)
        return _joined(counting) if counting else default

    def mapping(self, name: str, default: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return a merged map of plain values, as text."""
        merged = self._merged_maps(name)
        if merged is None:
            return dict(default or {})
        return {
            key: _plain([each.value for each in occurrences], occurrences[-1].source)[-1]
            for key, occurrences in merged.items()
        }

    def mapping_of_sequences(self, name: str) -> dict[str, tuple[str, ...]]:
        """Return a merged map of lists."""
        merged = self._merged_maps(name) or {}
        return {key: _joined(_counting(values, list)) for key, values in merged.items()}

    def _readable(self, names: tuple[str, ...]) -> list[Occurrence]:
        return [each for each in self.occurrences(*names) if not each.problem]

    def _merged_maps(self, name: str) -> dict[str, list[Occurrence]] | None:
        """Return for each key the values that count, the deciding one last; None without maps."""
        merged: dict[str, list[Occurrence]] = {}
        final_keys: set[str] = set()
        counting = _counting(self._readable((name,)), dict)
        for occurrence in counting:
            for key, value in occurrence.value.items():
                if key in final_keys:
                    continue
                if is_final(occurrence.value, key):
                    final_keys.add(key)
                    merged.pop(key, None)  # lists end here too, and keep nothing earlier
                merged.setdefault(key, []).append(occurrence._replace(value=value))
        return merged if counting else None


def _only_one(names: tuple[str, ...], settings: Mapping[str, object], where: str) -> str | None:
    """Return the one of a setting's names that occurs, or None."""
    used = [name for name in names if name in settings]
    if len(used) > 1:
        raise WrongValue(f"{where}: {' and '.join(used)} are the same setting")
    return used[0] if used else None


def _up_to_final(occurrences: list[Occurrence]) -> list[Occurrence]:
    end = next((number for number, each in enumerate(occurrences, 1) if each.final), None)
    return occurrences[:end]


def _counting(occurrences: list[Occurrence], kind: type) -> list[Occurrence]:
    """Return the occurrences of a list or map that count; all must be of this type."""
    found = [each for each in occurrences if each.value is not None]
    for each in found:
        if not isinstance(each.value, kind):
            raise WrongValue(f"{each.source}: must be a {'list' if kind is list else 'map'}")
    return _up_to_final(found)


def _joined(occurrences: list[Occurrence]) -> tuple[str, ...]:
    """Return the items of lists; what is read last comes first."""
    # The order within a file is kept. `#!top` and `#!bottom` only move items, and nothing
    # here depends on their order.
    parts = [part for each in reversed(occurrences) for part in _plain(each.value, each.source)]
    return tuple(dict.fromkeys(parts))


def _plain(values: list[object], where: str) -> list[str]:
    if not all(value is None or isinstance(value, (str, int, float, complex)) for value in values):
        raise WrongValue(f"{where}: a value is not plain")
    return [str(value) for value in values]

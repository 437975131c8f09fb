"""All of conda's configuration files and variables, merged by conda's rules.

A heartbeat may have to decide in an environment that has no conda, or whose conda cannot
read its own configuration. So this follows conda/common/configuration.py: later sources
override earlier ones unless ``#!final`` forbids it, lists are joined and maps are merged.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from .._common import say
from .condarc import Condarc, Occurrence, flag, key_comment
from .search_path import condarc_files
from .values import WrongValue


def deciding(occurrences: list[Occurrence]) -> Occurrence | None:
    """Return the occurrence that counts: the first final one, else the last one."""
    for occurrence in occurrences:
        if occurrence.final:
            return occurrence
    return occurrences[-1] if occurrences else None


class Configuration:
    """The configuration files and variables that apply to one environment.

    Args:
        prefix: the environment, which may have a configuration of its own, or None.
        root: the prefix of the conda installation, or None.
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
        """Return what is wrong with each file that cannot be read; every file is parsed."""
        return [f"{file.path}: {file.problem}" for file in self._files if file.problem]

    def occurrences(self, *names: str) -> list[Occurrence]:
        """Return every occurrence of a setting, in the order in which conda reads them.

        A file that cannot be read counts as ``false #!final``, with its problem.

        Args:
            names: the setting's name and its aliases.

        Raises:
            WrongValue: one file, or the variables, use two of the names.
        """
        found = []
        for file in self._files:
            if not file.may_have(names):
                continue
            found += _only_one(names, file.occurrences, file.path)
            if file.problem:
                found.append(Occurrence(file.path, None, False, True, file.problem))
        for variable, text in _only_one(names, self._variables, "variables"):
            value, important, _ = text.partition("!important")
            found.append(Occurrence(variable, None, value.strip(), bool(important)))
        return found

    def value(self, *names: str, default: object) -> object:
        """Return the deciding value of a setting that is not a list or a map.

        Args:
            names: the setting's name and its aliases.
            default: the value if the setting does not occur.

        Raises:
            WrongValue: it is a list or a map.
        """
        occurrence = deciding(self._readable(names))
        if occurrence is None:
            return default
        if isinstance(occurrence.value, (list, dict)):
            raise WrongValue(f"{occurrence.source}: must not be a list or a map")
        return occurrence.value

    def sequence(
        self, *names: str, default: tuple[str, ...] = (), delimiter: str = ","
    ) -> tuple[str, ...]:
        """Return a list setting, merged from all sources that count.

        Args:
            names: the setting's name and its aliases.
            default: the value if the setting does not occur.
            delimiter: what separates the items in a variable.

        Raises:
            WrongValue: a source has something else than a list of plain values.
        """
        occurrences = []
        for occurrence in self._readable(names):
            value = occurrence.value
            if value is None:
                continue
            if isinstance(value, str) and occurrence.source.startswith("CONDA_"):
                value = [part.strip() for part in value.split(delimiter) if part.strip()]
            if not isinstance(value, list):
                raise WrongValue(f"{occurrence.source}: must be a list")
            occurrences.append(occurrence._replace(value=value))
        # What is read last comes first; the order in one file is kept. `#!top` and
        # `#!bottom` only move items, and nothing here depends on their order.
        found: list[str] = []
        for occurrence in _up_to_final(occurrences):
            found = [*_plain(occurrence.value, occurrence.source), *found]
        return tuple(dict.fromkeys(found)) if occurrences else default

    def mapping(self, *names: str, default: Mapping | None = None) -> dict[str, str | None]:
        """Return a map of plain values, merged from all sources that count.

        Args:
            names: the setting's name and its aliases.
            default: the value if the setting does not occur.

        Raises:
            WrongValue: a source has something else.
        """
        merged = self._merged_maps(names)
        if merged is None:
            return dict(default or {})
        found = {}
        for key, values in merged.items():
            _plain(values, "in a map")
            found[key] = values[-1] if values[-1] is None else str(values[-1])
        return found

    def mapping_of_sequences(self, *names: str) -> dict[str, tuple[str, ...]]:
        """Return a map of lists, merged from all sources that count.

        Args:
            names: the setting's name and its aliases.

        Raises:
            WrongValue: a source has something else.
        """
        merged = self._merged_maps(names) or {}
        return {
            key: tuple(
                dict.fromkeys(
                    part
                    for value in reversed(values)
                    if value is not None
                    for part in _plain(value, "in a map")
                )
            )
            for key, values in merged.items()
        }

    def _readable(self, names: tuple[str, ...]) -> list[Occurrence]:
        """Return the occurrences of a setting of conda's, without files that have a problem."""
        return [each for each in self.occurrences(*names) if not each.problem]

    def _merged_maps(self, names: tuple[str, ...]) -> dict[str, list] | None:
        """Return each key with the values that count for it, the deciding one last."""
        merged: dict[str, list] = {}
        final_keys: set[str] = set()
        occurrences = [each for each in self._readable(names) if each.value is not None]
        for occurrence in occurrences:
            if not isinstance(occurrence.value, dict):
                raise WrongValue(f"{occurrence.source}: must be a map")
        for occurrence in _up_to_final(occurrences):
            for key, value in occurrence.value.items():
                if key in final_keys:
                    continue
                if flag(key_comment(occurrence.value, key)) == "final":
                    final_keys.add(key)
                    merged.pop(key, None)  # lists end here too, and keep nothing earlier
                merged.setdefault(key, []).append(value)
        return merged if occurrences else None


def _only_one(names: tuple[str, ...], settings: Mapping[str, object], where: str) -> list:
    """Return what settings have under one of a setting's names, in a list of one or none.

    Raises:
        WrongValue: they use two of the names.
    """
    used = [name for name in names if name in settings]
    if len(used) > 1:
        raise WrongValue(f"{where}: {' and '.join(used)} are the same setting")
    return [settings[name] for name in used]


def _up_to_final(occurrences: list[Occurrence]) -> Iterator[Occurrence]:
    for occurrence in occurrences:
        yield occurrence
        if occurrence.final:
            return


def _plain(values: object, where: str) -> list[str]:
    if not isinstance(values, list) or not all(
        value is None or isinstance(value, (str, int, float, complex)) for value in values
    ):
        raise WrongValue(f"{where}: not a list of plain values")
    return [str(value) for value in values]

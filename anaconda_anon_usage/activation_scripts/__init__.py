"""The activation scripts in environments that do not contain the package.

An activation script runs only in the environment that contains it. So base's scripts and
launchers are copied into environments, under the names that the package itself uses: if
the package is installed later, it replaces them.
"""

from __future__ import annotations

import contextlib
import os
from collections import namedtuple
from collections.abc import Iterable
from pathlib import Path

from .._common import Directory, open_directory, say
from .environments import NoSuchEnvironment, choose_environment, known_environments
from .ownership import FOLDERS, Found, find, scripts

__all__ = [
    "BLOCKED", "CURRENT", "MISSING", "MODIFIED", "OUTDATED", "PACKAGE", "Hooks",
    "NoSuchEnvironment", "check", "choose_environment", "histories", "install",
    "install_in_changed", "known_environments", "remove",
]  # fmt: skip

#: The state of the scripts in one environment, and the reason for it or None.
Hooks = namedtuple("Hooks", "prefix state reason")

#: The states, which `hooks --help` explains.
CURRENT, OUTDATED, MISSING = "current", "outdated", "missing"
MODIFIED, PACKAGE, BLOCKED = "modified", "package", "blocked"

# The records of an installed package.
_RECORDS = (
    "conda-meta/anaconda-anon-usage-[0-9]*.json",
    "lib/python*/site-packages/anaconda_anon_usage-[0-9]*.dist-info",
    "Lib/site-packages/anaconda_anon_usage-[0-9]*.dist-info",
)


def check(prefix: str) -> Hooks:
    """Return the state of an environment's scripts without changing anything."""
    try:
        with open_directory(prefix, change=False) as environment:
            return _state(prefix, environment)[0]
    except OSError as error:
        return _blocked(prefix, error)


def install(prefix: str, force: bool = False) -> Hooks:
    """Install or update the scripts in an environment, and return the resulting state.

    BLOCKED and MODIFIED mean that the scripts were not installed: only with force, modified
    scripts are overwritten.
    """
    try:
        with open_directory(prefix) as environment:
            hooks, found = _state(prefix, environment)
            if hooks.state != BLOCKED:
                _sweep(environment)
            if hooks.state in (MISSING, OUTDATED) or (force and hooks.state == MODIFIED):
                _write(environment, found)
                hooks, _ = _state(prefix, environment)
            return hooks
    except OSError as error:
        return _blocked(prefix, error)


def remove(prefix: str) -> Hooks:
    """Remove the scripts that install() wrote to an environment, and return its state.

    That is MISSING, or PACKAGE if the package's own scripts stay. MODIFIED and BLOCKED mean
    that scripts were left.
    """
    try:
        with open_directory(prefix) as environment:
            if _is_frozen(environment):
                return Hooks(prefix, BLOCKED, "frozen")
            _sweep(environment)
            found = find(environment)
            for name in reversed(found.ours):
                _delete(environment, name)
            with contextlib.suppress(OSError), environment.below("etc", "conda") as parent:
                for folder in FOLDERS:
                    parent.remove_if_empty(os.path.basename(folder))
    except OSError as error:
        return _blocked(prefix, error)
    if found.modified:
        return Hooks(prefix, MODIFIED, f"not removed: {', '.join(found.modified)}")
    if _has_package(prefix):
        return check(prefix)
    foreign = f"not installed by this package: {', '.join(found.foreign)}"
    return Hooks(prefix, MISSING, foreign if found.foreign else None)


def histories(prefixes: Iterable[str]) -> dict[str, int]:
    """Return when conda last changed each environment, with the file system's resolution."""
    found = {}
    for prefix in prefixes:
        with contextlib.suppress(OSError):
            found[prefix] = os.stat(os.path.join(prefix, "conda-meta", "history")).st_mtime_ns
    return found


def install_in_changed(before: dict[str, int], after: dict[str, int]) -> list[Hooks]:
    """Install the scripts where conda has changed one of the histories()."""
    done = [install(prefix) for prefix in after if after[prefix] != before.get(prefix)]
    for found in done:
        say(f"{found.prefix}: activation scripts: {found.state} {found.reason or ''}".rstrip())
    return done


def _state(prefix: str, environment: Directory) -> tuple[Hooks, Found]:
    """Return the state of an environment's scripts, and the files that decide it."""
    found = Found({}, [], [])
    frozen = _is_frozen(environment)
    if _has_package(prefix):
        return Hooks(prefix, PACKAGE, "the package is installed there"), found
    if frozen:
        return Hooks(prefix, BLOCKED, "frozen"), found
    wanted = scripts()
    if not wanted:
        return Hooks(prefix, BLOCKED, "this installation has no activation scripts"), found
    found = find(environment)
    if foreign := [name for name in found.foreign if name in wanted]:
        reason = f"not installed by this package: {', '.join(foreign)}"
        return Hooks(prefix, BLOCKED, reason), found
    if found.modified:
        reason = f"overwrite with --install --force: {', '.join(found.modified)}"
        return Hooks(prefix, MODIFIED, reason), found
    if not found.ours:
        return Hooks(prefix, MISSING, None), found
    return Hooks(prefix, CURRENT if found.ours == wanted else OUTDATED, None), found


def _blocked(prefix: str, error: OSError) -> Hooks:
    if isinstance(error, FileNotFoundError):
        return Hooks(prefix, BLOCKED, "not an environment")
    reason = (error.strerror or type(error).__name__).lower()
    folder = os.path.join(prefix, "")
    if str(error.filename).startswith(folder):
        reason = f"{str(error.filename)[len(folder) :]}: {reason}"
    return Hooks(prefix, BLOCKED, reason)


def _is_frozen(environment: Directory) -> bool:
    """Return whether it is frozen (CEP 22); raise OSError if it is not an environment."""
    with environment.below("conda-meta") as records:
        if not records.exists("history"):
            raise FileNotFoundError
        return records.exists("frozen")


def _write(environment: Directory, found: Found) -> None:
    """Write this installation's scripts; delete copies of scripts that it no longer provides."""
    wanted = scripts()
    # As readable as the environment.
    mode = 0o600 | (environment.mode & 0o444)
    for name, content in wanted.items():
        if found.ours.get(name) != content:
            folder, _, file_name = name.rpartition("/")
            with environment.below(folder, create=True) as directory:
                directory.write(file_name, content, mode)
    for name in {*found.ours, *found.modified} - set(wanted):
        _delete(environment, name)


def _delete(environment: Directory, name: str) -> None:
    folder, _, file_name = name.rpartition("/")
    with environment.below(folder) as directory:
        directory.remove(file_name)


def _sweep(environment: Directory) -> None:
    """Remove temporary files of an install() that was killed."""
    names = [os.path.basename(name) for name in scripts()]
    for folder in FOLDERS:
        with contextlib.suppress(OSError), environment.below(folder) as directory:
            directory.sweep(*names)


def _has_package(prefix: str) -> bool:
    """Return whether conda or pip has installed the package itself in an environment."""
    with contextlib.suppress(OSError):
        return any(path for record in _RECORDS for path in Path(prefix).glob(record))
    return False

"""The activation scripts in environments that do not have the package themselves.

The package is installed once, into base, but an activation script runs only in the
environment that holds it. So base's scripts and launchers are copied into environments,
under the names that the package itself uses: a package that arrives later replaces them.

Each copy starts with a marker line: a comment with the version and the SHA-256 of the rest
of the file. The hash decides who a file belongs to. If it is right, the file is ours and
may be replaced or removed. If it is wrong, somebody has modified our file. Without a marker,
the file was not installed by this package and is never touched.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import sys
from collections import namedtuple
from collections.abc import Iterable
from pathlib import Path

from .. import __version__
from .._common import Directory, open_directory, read_bytes, say
from .environments import NoSuchEnvironment, choose_environment, known_environments

__all__ = [
    "BLOCKED",
    "CURRENT",
    "MISSING",
    "MODIFIED",
    "OUTDATED",
    "PACKAGE",
    "Hooks",
    "NoSuchEnvironment",
    "check",
    "choose_environment",
    "histories",
    "install",
    "install_in_changed",
    "known_environments",
    "remove",
]

#: The state of the scripts in one environment, and the reason for it or None.
Hooks = namedtuple("Hooks", "prefix state reason")

#: All scripts are installed and up to date.
CURRENT = "current"
#: Some scripts are missing or come from another version.
OUTDATED = "outdated"
#: No scripts are installed.
MISSING = "missing"
#: Some scripts have local changes.
MODIFIED = "modified"
#: The package itself is installed in the environment and brings its own scripts.
PACKAGE = "package"
#: Scripts cannot be installed or removed.
BLOCKED = "blocked"

# Where the scripts are, and how their names begin. Activation scripts come last: they are
# written after, and removed before, what they start.
_FOLDERS = {
    "etc/conda/anon-usage": "heartbeat.",
    "etc/conda/deactivate.d": "anaconda-anon-usage.",
    "etc/conda/activate.d": "anaconda-anon-usage.",
}

# Found on any line: a line inserted above it is a modification like any other.
_MARKER = re.compile(rb"(?m)^(?:#|@rem) anaconda-anon-usage \S+ sha256:([0-9a-f]{64})\r?\n")

# Larger files are not read. Every script is smaller than a tenth of this.
_SIZE_LIMIT = 64 * 1024

# The records of an installed package.
_RECORD = re.compile(
    r"anaconda-anon-usage-[0-9][^-]*-[^-]+\.json|anaconda_anon_usage-[0-9][^-]*\.dist-info"
)

# Files under our names: our copies and their contents, modified copies, and others.
_Found = namedtuple("_Found", "ours modified foreign")


def check(prefix: str) -> Hooks:
    """Return the state of an environment's scripts without changing anything.

    Args:
        prefix: the environment's directory.
    """
    try:
        with open_directory(prefix, change=False) as environment:
            return _state(prefix, environment)[0]
    except OSError as error:
        return _blocked(prefix, error)


def install(prefix: str, force: bool = False) -> Hooks:
    """Install this installation's scripts in an environment, or update them.

    Args:
        prefix: the environment's directory.
        force: whether to overwrite modified scripts.

    Returns:
        The resulting state. BLOCKED and MODIFIED mean that the scripts were not installed.
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
    """Remove the scripts that install() wrote to an environment.

    Args:
        prefix: the environment's directory.

    Returns:
        The resulting state: MISSING, or PACKAGE where the package's own scripts stay.
        MODIFIED and BLOCKED mean that scripts were left.
    """
    try:
        with open_directory(prefix) as environment:
            if _is_frozen(environment):
                return Hooks(prefix, BLOCKED, "frozen")
            _sweep(environment)
            found = _find(environment)
            for name in reversed(found.ours):
                _delete(environment, name)
            with contextlib.suppress(OSError), environment.below("etc", "conda") as parent:
                for folder in _FOLDERS:
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
    """Return when conda last changed each environment.

    Args:
        prefixes: the environments' directories.

    Returns:
        The modification time of each environment's history, in nanoseconds. Only compare
        these with each other: their resolution is that of the file system.
    """
    found = {}
    for prefix in prefixes:
        with contextlib.suppress(OSError):
            found[prefix] = os.stat(os.path.join(prefix, "conda-meta", "history")).st_mtime_ns
    return found


def install_in_changed(before: dict[str, int], after: dict[str, int]) -> list[Hooks]:
    """Install the scripts in environments that conda has created or changed.

    Args:
        before: the result of histories() before conda ran.
        after: the result of histories() afterwards.
    """
    done = [install(prefix) for prefix in after if after[prefix] != before.get(prefix)]
    for found in done:
        say(f"{found.prefix}: activation scripts: {found.state} {found.reason or ''}".rstrip())
    return done


def _state(prefix: str, environment: Directory) -> tuple[Hooks, _Found]:
    """Return the state of an environment's scripts, and the files that decide it."""
    found = _Found({}, [], [])
    if not os.path.isfile(os.path.join(prefix, "conda-meta", "history")):
        return Hooks(prefix, BLOCKED, "not an environment"), found
    if _has_package(prefix):
        return Hooks(prefix, PACKAGE, "the package is installed there"), found
    if _is_frozen(environment):
        return Hooks(prefix, BLOCKED, "frozen"), found
    scripts = _scripts()
    if not scripts:
        return Hooks(prefix, BLOCKED, "this installation has no activation scripts"), found
    found = _find(environment)
    if foreign := [name for name in found.foreign if name in scripts]:
        reason = f"not installed by this package: {', '.join(foreign)}"
        return Hooks(prefix, BLOCKED, reason), found
    if found.modified:
        reason = f"overwrite with --install --force: {', '.join(found.modified)}"
        return Hooks(prefix, MODIFIED, reason), found
    if not found.ours:
        return Hooks(prefix, MISSING, None), found
    return Hooks(prefix, CURRENT if found.ours == scripts else OUTDATED, None), found


def _blocked(prefix: str, error: OSError) -> Hooks:
    if isinstance(error, FileNotFoundError):
        return Hooks(prefix, BLOCKED, "not an environment")
    reason = (error.strerror or type(error).__name__).lower()
    folder = os.path.join(os.path.realpath(prefix), "")
    if str(error.filename).startswith(folder):
        reason = f"{str(error.filename)[len(folder) :]}: {reason}"
    return Hooks(prefix, BLOCKED, reason)


def _is_frozen(environment: Directory) -> bool:
    """Return whether an environment must not be changed (CEP 22)."""
    return os.path.lexists(os.path.join(environment.path, "conda-meta", "frozen"))


def _write(environment: Directory, found: _Found) -> None:
    """Write this installation's scripts, and delete copies that it no longer has."""
    scripts = _scripts()
    # As readable as the environment.
    mode = 0o600 | (environment.mode & 0o444)
    for name, content in scripts.items():
        if found.ours.get(name) != content:
            folder, _, file_name = name.rpartition("/")
            with environment.below(folder, create=True) as directory:
                directory.write(file_name, content, mode)
    for name in {*found.ours, *found.modified} - set(scripts):
        _delete(environment, name)


def _delete(environment: Directory, name: str) -> None:
    folder, _, file_name = name.rpartition("/")
    with environment.below(folder) as directory:
        directory.remove(file_name)


def _sweep(environment: Directory) -> None:
    """Remove temporary files of an install() that was killed."""
    names = [os.path.basename(name) for name in _scripts()]
    for folder in _FOLDERS:
        with contextlib.suppress(OSError), environment.below(folder) as directory:
            directory.sweep(*names)


def _scripts() -> dict[str, bytes]:
    """Return the files that install() writes: relative paths and contents with markers."""
    scripts = {}
    for folder, start in _FOLDERS.items():
        with contextlib.suppress(OSError):
            directory = os.path.join(sys.prefix, folder)
            for name in _names(sorted(os.listdir(directory)), start):
                content = read_bytes(os.path.join(directory, name), _SIZE_LIMIT)
                # A file with a marker is a leftover copy, older than this package.
                if not _MARKER.search(content):
                    scripts[f"{folder}/{name}"] = _marker(name, content) + content
    return scripts


def _marker(name: str, content: bytes) -> bytes:
    """Return the marker line for a copy of a script."""
    start, end = ("@rem", "\r\n") if name.endswith(".bat") else ("#", "\n")
    return f"{start} anaconda-anon-usage {__version__} sha256:{_hash(content)}{end}".encode()


def _find(environment: Directory) -> _Found:
    """Classify the files in an environment that have one of our names."""
    found = _Found({}, [], [])
    for folder, start in _FOLDERS.items():
        try:
            directory = environment.below(folder)
        except FileNotFoundError:
            continue
        with directory:
            for file_name in _names(directory.names(), start):
                _classify(found, directory, file_name, f"{folder}/{file_name}")
    return found


def _classify(found: _Found, directory: Directory, file_name: str, name: str) -> None:
    try:
        content = directory.read(file_name, _SIZE_LIMIT)
    except OSError:
        content = b""
    marker = _MARKER.search(content)
    if not marker:
        found.foreign.append(name)
    elif _hash(content[: marker.start()] + content[marker.end() :]) == marker[1].decode():
        found.ours[name] = content
    else:
        found.modified.append(name)


def _names(names: list[str], start: str) -> list[str]:
    return [name for name in names if name.startswith(start) and not name.endswith(".tmp")]


def _has_package(prefix: str) -> bool:
    """Return whether conda or pip has installed the package itself in an environment."""
    folders = ("conda-meta", "lib/python*/site-packages", "Lib/site-packages")
    with contextlib.suppress(OSError):
        return any(
            _RECORD.fullmatch(path.name)
            for folder in folders
            for path in Path(prefix).glob(f"{folder}/anaconda[-_]anon[-_]usage-*")
        )
    return False


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

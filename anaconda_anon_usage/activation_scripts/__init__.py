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
from collections.abc import Iterable, Iterator
from pathlib import Path

from .. import __version__
from .._common.debug import say
from .._common.files import may_write, read_bytes, sweep, write

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

# Files under our names: our copies and their contents, modified copies, and others.
_Found = namedtuple("_Found", "ours modified foreign")


def check(prefix: str) -> Hooks:
    """Return the state of an environment's scripts without changing anything.

    Args:
        prefix: the environment's directory.
    """
    if not os.path.isfile(os.path.join(prefix, "conda-meta", "history")):
        return Hooks(prefix, BLOCKED, "not an environment")
    if _has_package(prefix):
        return Hooks(prefix, PACKAGE, "the package is installed there")
    scripts = _scripts()
    if not scripts:
        return Hooks(prefix, BLOCKED, "this installation has no activation scripts")
    if link := _symlink(prefix):
        return Hooks(prefix, BLOCKED, f"{link} is a symlink")
    found = _find(prefix)
    if foreign := [name for name in found.foreign if name in scripts]:
        return Hooks(prefix, BLOCKED, f"not installed by this package: {', '.join(foreign)}")
    if found.modified:
        names = ", ".join(found.modified)
        return Hooks(prefix, MODIFIED, f"overwrite with --install --force: {names}")
    if not found.ours:
        return Hooks(prefix, MISSING, None)
    return Hooks(prefix, CURRENT if found.ours == scripts else OUTDATED, None)


def install(prefix: str, force: bool = False) -> Hooks:
    """Install this installation's scripts in an environment, or update them.

    Args:
        prefix: the environment's directory.
        force: whether to overwrite modified scripts.

    Returns:
        The resulting state. BLOCKED and MODIFIED mean that the scripts were not installed.
    """
    hooks = check(prefix)
    if hooks.state != BLOCKED:
        for name in _scripts():
            sweep(os.path.join(prefix, name))  # after an install() that was killed
    if hooks.state not in (MISSING, OUTDATED) and not (force and hooks.state == MODIFIED):
        return hooks
    scripts, found = _scripts(), _find(prefix)
    try:
        if not may_write(os.path.join(prefix, "conda-meta")):
            return Hooks(prefix, BLOCKED, "owned by another user")
        # As readable as the environment.
        mode = 0o600 | (os.stat(prefix).st_mode & 0o444)
        for name, content in scripts.items():
            if found.ours.get(name) != content:
                path = os.path.join(prefix, name)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                write(path, content, mode)
        for name in {*found.ours, *found.modified} - set(scripts):
            os.unlink(os.path.join(prefix, name))
    except OSError as error:
        return Hooks(prefix, BLOCKED, f"cannot write: {str(error.strerror).lower()}")
    return check(prefix)


def remove(prefix: str) -> Hooks:
    """Remove the scripts that install() wrote to an environment.

    Args:
        prefix: the environment's directory.

    Returns:
        The resulting state: MISSING, or PACKAGE where the package's own scripts stay.
        MODIFIED and BLOCKED mean that scripts were left.
    """
    if link := _symlink(prefix):
        return Hooks(prefix, BLOCKED, f"{link} is a symlink")
    for name in _scripts():
        sweep(os.path.join(prefix, name))  # after an install() that was killed
    found = _find(prefix)
    try:
        for name in reversed(found.ours):
            os.unlink(os.path.join(prefix, name))
    except OSError as error:
        return Hooks(prefix, BLOCKED, f"cannot remove: {str(error.strerror).lower()}")
    for folder in _FOLDERS:
        with contextlib.suppress(OSError):  # not empty
            os.rmdir(os.path.join(prefix, folder))
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


def _scripts() -> dict[str, bytes]:
    """Return the files that install() writes: relative paths and contents with markers."""
    scripts = {}
    for name in _names(sys.prefix):
        with contextlib.suppress(OSError):
            content = read_bytes(os.path.join(sys.prefix, name), _SIZE_LIMIT)
            # A file with a marker is a leftover copy, older than the package in this prefix.
            if not _MARKER.search(content):
                start, end = ("@rem", "\r\n") if name.endswith(".bat") else ("#", "\n")
                marker = f"{start} anaconda-anon-usage {__version__} sha256:{_hash(content)}{end}"
                scripts[name] = marker.encode() + content
    return scripts


def _find(prefix: str) -> _Found:
    """Classify the files in an environment that have one of our names."""
    found = _Found({}, [], [])
    for name in _names(prefix):
        path = os.path.join(prefix, name)
        try:
            content = b"" if os.path.islink(path) else read_bytes(path, _SIZE_LIMIT)
        except OSError:
            content = b""
        marker = _MARKER.search(content)
        if not marker:
            found.foreign.append(name)
        elif _hash(content[: marker.start()] + content[marker.end() :]) == marker[1].decode():
            found.ours[name] = content
        else:
            found.modified.append(name)
    return found


def _names(prefix: str) -> Iterator[str]:
    """Yield the relative paths in a prefix that have one of our names."""
    for folder, start in _FOLDERS.items():
        with contextlib.suppress(OSError):
            for name in sorted(os.listdir(os.path.join(prefix, folder))):
                if name.startswith(start) and not name.endswith(".tmp"):
                    yield f"{folder}/{name}"


def _symlink(prefix: str) -> str | None:
    """Return the first of our directories that is a symlink: those are not followed."""
    for folder in ("etc", "etc/conda", *_FOLDERS):
        if os.path.islink(os.path.join(prefix, folder)):
            return folder
    return None


def _has_package(prefix: str) -> bool:
    """Return whether conda or pip has installed the package itself in an environment."""
    records = (
        "conda-meta/anaconda-anon-usage-*",
        "lib/python*/site-packages/anaconda_anon_usage-*",
        "Lib/site-packages/anaconda_anon_usage-*",
    )
    with contextlib.suppress(OSError):
        return any(True for pattern in records for _ in Path(prefix).glob(pattern))
    return False


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

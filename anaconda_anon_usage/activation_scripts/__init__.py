"""The activation scripts of environments that do not have the package themselves.

The package is installed once, into base, but a script runs only in an environment that
holds it. So base's scripts and launcher are copied, byte for byte, into environments:
under the names that the package itself uses, so that its later arrival replaces them.

A manifest beside the launcher holds a hash of all that was ever put there. Whatever is
not in it, or belongs to a package, is somebody else's and is not touched. The package
brings an empty manifest, so that it takes over this file too and leaves none behind.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
from collections import namedtuple
from collections.abc import Iterable, Iterator

from .._common import may_write, read_bytes, say, sweep, write
from .environments import NoSuchEnvironment, choose_environment, known_environments

__all__ = [
    "BLOCKED",
    "CURRENT",
    "MISSING",
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

#: The state of one environment's scripts, and why it is not what was asked for.
Hooks = namedtuple("Hooks", "prefix state reason")

#: The scripts stand and are those of this installation.
CURRENT = "current"
#: They stand, from another version of this package.
OUTDATED = "outdated"
#: There are none.
MISSING = "missing"
#: The package itself is installed there, and brings its own.
PACKAGE = "package"
#: They can't be put there or taken away.
BLOCKED = "blocked"

_FOLDERS = ("etc/conda/anon-usage", "etc/conda/deactivate.d", "etc/conda/activate.d")
_MANIFEST = "etc/conda/anon-usage/hooks.json"
_NAME = "anaconda-anon-usage"

# Bytes of a script that is read at most; none of ours has a tenth of it.
_SIZE_LIMIT = 64 * 1024


def check(prefix: str) -> Hooks:
    """Return the state of an environment's scripts, without changing anything.

    Args:
        prefix: the environment's directory.
    """
    if not os.path.isfile(os.path.join(prefix, "conda-meta", "history")):
        return Hooks(prefix, BLOCKED, "it is not an environment")
    if _has_package(prefix):
        return Hooks(prefix, PACKAGE, "the package is installed there")
    scripts = _scripts()
    if not scripts:
        return Hooks(prefix, BLOCKED, "this installation has no activation scripts")
    written = _written(prefix)
    standing = {name: _content(prefix, name) for name in scripts}
    for name, content in standing.items():
        if content not in (None, scripts[name]) and _hash(content) not in written["sha256"]:
            return Hooks(prefix, BLOCKED, f"{name} is somebody else's")
    if not any(content is not None for content in standing.values()):
        return Hooks(prefix, MISSING, None)
    if standing == scripts and set(written["files"]) <= set(scripts):
        return Hooks(prefix, CURRENT, None)
    return Hooks(prefix, OUTDATED, None)


def install(prefix: str) -> Hooks:
    """Put this installation's scripts into an environment, or bring them up to date.

    Args:
        prefix: the environment's directory.

    Returns:
        The state then; BLOCKED with a reason if it could not be done.
    """
    hooks = check(prefix)
    if hooks.state != BLOCKED:
        _sweep(prefix)
    if hooks.state not in (MISSING, OUTDATED):
        return hooks
    scripts, written = _scripts(), _written(prefix)
    hashes = [_hash(content) for content in scripts.values()]
    try:
        if not may_write(os.path.join(prefix, "conda-meta")):
            return Hooks(prefix, BLOCKED, "it belongs to another user")
        for folder in _FOLDERS:
            os.makedirs(os.path.join(prefix, folder), exist_ok=True)
        # What was written before stays known until all that is new stands.
        _write_manifest(prefix, {*written["files"], *scripts}, {*written["sha256"], *hashes})
        # As readable as the environment; the stubs come last, after what they start.
        mode = 0o600 | (os.stat(prefix).st_mode & 0o444)
        for name, content in scripts.items():
            if _content(prefix, name) != content:
                write(os.path.join(prefix, name), content, mode)
        _remove_files(prefix, set(written["files"]) - set(scripts), written["sha256"])
        _write_manifest(prefix, scripts, hashes)
    except OSError as error:
        return Hooks(prefix, BLOCKED, error.strerror or type(error).__name__)
    return check(prefix)


def remove(prefix: str) -> Hooks:
    """Take away the scripts that install() put into an environment.

    Args:
        prefix: the environment's directory.

    Returns:
        The state then: MISSING, or PACKAGE where the package's own scripts stay.
    """
    if _has_package(prefix):
        return check(prefix)
    _sweep(prefix)
    written = _written(prefix)
    hashes = {*written["sha256"], *(_hash(content) for content in _scripts().values())}
    try:
        _remove_files(prefix, {*written["files"], *_scripts()}, hashes)
    except OSError as error:
        return Hooks(prefix, BLOCKED, error.strerror or type(error).__name__)
    with contextlib.suppress(OSError):
        os.unlink(os.path.join(prefix, _MANIFEST))
    for folder in _FOLDERS:
        with contextlib.suppress(OSError):  # not empty
            os.rmdir(os.path.join(prefix, folder))
    hooks = check(prefix)
    return Hooks(prefix, MISSING, None) if hooks.state == BLOCKED else hooks


def histories(prefixes: Iterable[str]) -> dict[str, int]:
    """Return when conda last changed each environment.

    Args:
        prefixes: the environments' directories.

    Returns:
        Prefix and the time of its history's last change, in nanoseconds as the file
        system counts them; only good for comparing.
    """
    found = {}
    for prefix in prefixes:
        with contextlib.suppress(OSError):
            found[prefix] = os.stat(os.path.join(prefix, "conda-meta", "history")).st_mtime_ns
    return found


def install_in_changed(before: dict[str, int], after: dict[str, int]) -> list[Hooks]:
    """Install the scripts in environments that conda has created or changed.

    Args:
        before: what histories() returned before conda did it.
        after: what it returned afterwards.
    """
    done = [install(prefix) for prefix in after if after[prefix] != before.get(prefix)]
    for found in done:
        say(f"{found.prefix}: activation scripts: {found.state} {found.reason or ''}".rstrip())
    return done


def _scripts() -> dict[str, bytes]:
    """Return this installation's own files: relative name and content, stubs last."""
    found = {}
    for folder in _FOLDERS:
        directory = os.path.join(sys.prefix, folder)
        names = sorted(os.listdir(directory)) if os.path.isdir(directory) else []
        for name in names:
            ours = name.startswith((_NAME + ".", "heartbeat."))
            content = _content(sys.prefix, f"{folder}/{name}") if ours else None
            if content is not None:
                found[f"{folder}/{name}"] = content
    return found


def _has_package(prefix: str) -> bool:
    """Return whether conda or pip has installed the package itself in an environment."""
    for directory, beginning in _package_records(prefix):
        with contextlib.suppress(OSError):
            if any(name.startswith(beginning) for name in os.listdir(directory)):
                return True
    return False


def _package_records(prefix: str) -> Iterator[tuple[str, str]]:
    """Yield directories and how the record of the installed package is called there."""
    yield os.path.join(prefix, "conda-meta"), f"{_NAME}-"
    yield os.path.join(prefix, "Lib", "site-packages"), "anaconda_anon_usage-"
    library = os.path.join(prefix, "lib")
    with contextlib.suppress(OSError):
        for name in os.listdir(library):
            if name.startswith("python"):
                yield os.path.join(library, name, "site-packages"), "anaconda_anon_usage-"


def _written(prefix: str) -> dict[str, list[str]]:
    """Return the names and hashes of all that was ever put into an environment."""
    try:
        manifest = json.loads(read_bytes(os.path.join(prefix, _MANIFEST), _SIZE_LIMIT))
        return {key: [str(item) for item in manifest[key]] for key in ("files", "sha256")}
    except (OSError, ValueError, KeyError, TypeError):
        return {"files": [], "sha256": []}


def _write_manifest(prefix: str, names: Iterable[str], hashes: Iterable[str]) -> None:
    manifest = {"files": sorted(names), "sha256": sorted(set(hashes))}
    write(os.path.join(prefix, _MANIFEST), json.dumps(manifest, indent=1).encode(), 0o644)


def _remove_files(prefix: str, names: Iterable[str], hashes: Iterable[str]) -> None:
    """Remove files whose content is in hashes, and whose place is one of ours."""
    for name in names:
        folder, _, file_name = name.rpartition("/")
        if folder not in _FOLDERS or not file_name:
            continue  # a manifest that somebody else wrote
        content = _content(prefix, name)
        if content is not None and _hash(content) in hashes:
            os.unlink(os.path.join(prefix, name))


def _sweep(prefix: str) -> None:
    """Remove what was left of files that were being written when install() was killed."""
    for name in (*_scripts(), _MANIFEST):
        sweep(os.path.join(prefix, name))


def _content(prefix: str, name: str) -> bytes | None:
    """Return what a file holds; None if there is none, b"" if it can't be read."""
    path = os.path.join(prefix, name)
    try:
        return read_bytes(path, _SIZE_LIMIT)
    except (FileNotFoundError, NotADirectoryError):
        return b"" if os.path.lexists(path) else None  # a link to nowhere is something, too
    except OSError:
        return b""


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

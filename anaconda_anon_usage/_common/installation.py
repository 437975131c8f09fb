"""The conda installation that this process belongs to, found without importing conda."""

from __future__ import annotations

import contextlib
import os
import sys
from importlib.machinery import PathFinder


def has_conda() -> bool:
    """Return whether conda can be imported here, without importing it."""
    if "conda" in sys.modules:
        return True
    # A directory of that name on sys.path would be found too: a namespace, without origin.
    found = PathFinder.find_spec("conda")
    return found is not None and found.origin is not None


def root_prefix() -> str | None:
    """Return the prefix of the conda installation (base), or None if there is none.

    That is ``sys.prefix`` if conda itself can be imported, as in conda
    (``Context.conda_prefix``); else the one that the shell's activation names.
    """
    if has_conda():
        return os.path.abspath(sys.prefix)
    # Set by `conda shell.* hook` and by each activation; conda and conda.exe lie one
    # directory below the prefix, and so does python outside Windows.
    for name in ("CONDA_EXE", "CONDA_PYTHON_EXE"):
        path = os.environ.get(name, "")
        if os.path.isabs(path):
            directory = os.path.dirname(path)
            if os.path.basename(directory).lower() in ("bin", "scripts", "condabin"):
                directory = os.path.dirname(directory)
            return directory
    return None


def active_prefix() -> str | None:
    """Return the prefix of the activated environment, or None."""
    path = os.environ.get("CONDA_PREFIX", "")
    return path if os.path.isabs(path) else None


def is_environment(prefix: str) -> bool:
    """Return whether a directory is an environment, of conda's or of another tool's."""
    return os.path.isdir(os.path.join(prefix, "conda-meta"))


def conda_version(root: str | None) -> str | None:
    """Return the version of conda in an installation, or of the importable one, or None."""
    # The record of an installed package: conda-meta/<name>-<version>-<build>.json.
    record = root and _find(os.path.join(root, "conda-meta"), "conda", r"([0-9][^-]*)-[^-]+\.json")
    return record or (distribution_version("conda") if has_conda() else None)


def distribution_version(name: str) -> str | None:
    """Return the version of a distribution that this Python can import, or None.

    The name must be normalized. importlib.metadata would do, but importing it takes 25 ms.
    """
    pattern = r"([0-9][^-]*)\.(?:dist|egg)-info"
    return next(filter(None, (_find(path, name, pattern) for path in sys.path if path)), None)


def _find(directory: str, name: str, pattern: str) -> str | None:
    """Return the first group of a pattern that matches what follows a name and a hyphen."""
    import re  # a heartbeat that waits for a slot does not need it

    with contextlib.suppress(OSError):
        for entry in os.listdir(directory):
            start, _, rest = entry.partition("-")
            found = start == name and re.fullmatch(pattern, rest)
            if found:
                return found[1]
    return None

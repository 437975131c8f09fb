"""conda's search path for configuration files, determined without conda.

The order is that of ``conda.base.constants.SEARCH_PATH`` and of
``Configuration._expand_search_path`` in conda/common/configuration.py, which have been
the same from conda 23.7 to 26.7. Unlike conda, this package reads nothing from the current
directory: a variable with a relative path is a problem.
"""

from __future__ import annotations

import errno
import os
import stat
import sys

from .condarc import reason

_SYSTEM = ("C:/ProgramData/conda",) if sys.platform == "win32" else ("/etc/conda", "/var/lib/conda")

_CONDARC_NAMES = (".condarc", "condarc")
_YAML_EXTENSIONS = (".yml", ".yaml")

# Variables that conda's search path depends on.
_VARIABLES = ("CONDA_ROOT", "XDG_CONFIG_HOME", "CONDARC")

# After any other failure there may be a file.
_ABSENT = (errno.ENOENT, errno.ENOTDIR)


def administrator_directories(root: str | None) -> list[str]:
    """Return the directories whose files belong to administrators, in conda's order."""
    return [*_SYSTEM, *([root] if root else [])]


def system_directories(root: str | None = None) -> list[str]:
    """Return the system's conda directories, weakest first; a root is prepended, like DESTDIR."""
    if root is None:
        return [*_SYSTEM]
    below = [os.path.splitdrive(path)[1].lstrip("/\\") for path in _SYSTEM]
    return [os.path.abspath(os.path.join(root, path)) for path in below]


def search_directories(prefix: str | None, root: str | None) -> list[str]:
    """Return the directories of the search path, in conda's order: later ones win."""
    found = [
        path if is_folder or os.path.isdir(path) else os.path.dirname(path)
        for path, is_folder in _search_path(prefix, root)
    ]
    return list(dict.fromkeys(found))


def condarc_files(prefix: str | None, root: str | None) -> list[tuple[str, str | None]]:
    """Return conda's configuration files in the same order, and why each cannot be read.

    A directory that cannot be listed and a variable with a relative path are problems too.
    """
    found: list[tuple[str, str | None]] = []
    for entry, is_folder in _search_path(prefix, root):
        found += condarcs_in(entry) if is_folder else _condarcs_at(entry)
    for variable in _VARIABLES:
        path = os.path.expanduser(os.environ.get(variable, ""))
        if path and not os.path.isabs(path):
            found.append((variable, "not an absolute path"))
    unique: dict[str, str | None] = {}
    for path, problem in found:
        unique.setdefault(os.path.normpath(path), problem)
    return list(unique.items())


def condarcs_in(directory: str) -> list[tuple[str, str | None]]:
    """Return the configuration files in one directory, as condarc_files() does."""
    names = (*_CONDARC_NAMES, "condarc.d")
    return [found for name in names for found in _condarcs_at(os.path.join(directory, name))]


def _search_path(prefix: str | None, root: str | None) -> list[tuple[str, bool]]:
    """Return each path, and whether it is a folder in which configuration files are found."""
    # Importing conda sets CONDA_ROOT to the prefix of base unless it is set already
    # (conda/__init__.py).
    conda_root, xdg = os.environ.get("CONDA_ROOT", ""), os.environ.get("XDG_CONFIG_HOME", "")
    home, condarc = os.path.expanduser("~"), os.path.expanduser(os.environ.get("CONDARC", ""))
    folders = administrator_directories(conda_root if os.path.isabs(conda_root) else root)
    if os.path.isabs(xdg):
        folders.append(os.path.join(xdg, "conda"))
    if os.path.isabs(home):
        folders += [os.path.join(home, ".config", "conda"), os.path.join(home, ".conda")]
    return [
        *((folder, True) for folder in folders),
        *([(os.path.join(home, ".condarc"), False)] if os.path.isabs(home) else []),
        *([(prefix, True)] if prefix else []),
        *([(condarc, False)] if os.path.isabs(condarc) else []),
    ]


def _condarcs_at(path: str, nested: bool = False) -> list[tuple[str, str | None]]:
    """Return a configuration file, or those in a directory that is not itself nested in one."""
    try:
        mode = os.stat(path).st_mode
        names = sorted(os.listdir(path)) if stat.S_ISDIR(mode) and not nested else []
    except OSError as error:
        return [] if error.errno in _ABSENT else [(path, reason(error))]
    if stat.S_ISDIR(mode):
        return [
            found
            for name in names
            if name.endswith(_YAML_EXTENSIONS)
            for found in _condarcs_at(os.path.join(path, name), nested=True)
        ]
    if os.path.basename(path) not in _CONDARC_NAMES and not path.endswith(_YAML_EXTENSIONS):
        return []
    return [(path, None if stat.S_ISREG(mode) else "not a regular file")]

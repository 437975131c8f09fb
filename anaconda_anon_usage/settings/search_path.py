"""conda's search path for configuration files, known without conda.

The order is that of ``conda.base.constants.SEARCH_PATH`` and of
``Configuration._expand_search_path`` in conda/common/configuration.py, which have been
the same from conda 23.7 to 26.7. Nothing is read from the current directory, where conda
follows relative paths and unset variables: a variable with a relative path is a problem.
"""

from __future__ import annotations

import errno
import os
import stat
import sys

from .condarc import reason

if sys.platform == "win32":
    _SYSTEM = ("C:/ProgramData/conda",)
else:
    _SYSTEM = ("/etc/conda", "/var/lib/conda")

_CONDARC_NAMES = (".condarc", "condarc")
_YAML_EXTENSIONS = (".yml", ".yaml")

# Variables that conda's search path depends on.
_VARIABLES = ("CONDA_ROOT", "XDG_CONFIG_HOME", "CONDARC")

# All other failures leave open whether there is a file.
_ABSENT = (errno.ENOENT, errno.ENOTDIR)


def administrator_directories(root: str | None) -> list[str]:
    """Return the directories whose files belong to administrators, in conda's order.

    Args:
        root: the prefix of the conda installation, or None.
    """
    return [*_SYSTEM, *([root] if root else [])]


def system_directories(root: str | None = None) -> list[str]:
    """Return the system's conda directories, the one that counts least first.

    Args:
        root: a directory to put before each path, like DESTDIR; None for this system.
    """
    if root is None:
        return [*_SYSTEM]
    below = [os.path.splitdrive(path)[1].lstrip("/\\") for path in _SYSTEM]
    return [os.path.join(os.path.abspath(root), path) for path in below]


def search_directories(prefix: str | None, root: str | None) -> list[str]:
    """Return the directories of the search path, in conda's order: later ones win.

    Args:
        prefix: the environment, which may have a configuration of its own, or None.
        root: the prefix of the conda installation, or None.
    """
    found = [*_base_directories(root), *_user_directories()]
    home = _home()
    if home:
        found.append(home)
    if prefix:
        found.append(prefix)
    condarc = os.path.expanduser(os.environ.get("CONDARC", ""))
    if os.path.isabs(condarc):
        found.append(condarc if os.path.isdir(condarc) else os.path.dirname(condarc))
    return list(dict.fromkeys(found))


def condarc_files(prefix: str | None, root: str | None) -> list[tuple[str, str | None]]:
    """Return conda's configuration files, in conda's order: later ones win.

    Args:
        prefix: the environment, which may have a configuration of its own, or None.
        root: the prefix of the conda installation, or None.

    Returns:
        The path of each file, or of a directory or variable that leaves open which files
        there are; and why it cannot be read, or None.
    """
    found: list[tuple[str, str | None]] = []
    for directory in [*_base_directories(root), *_user_directories()]:
        found += condarcs_in(directory)
    home = _home()
    if home:
        found += _condarcs_at(os.path.join(home, ".condarc"))
    if prefix:
        found += condarcs_in(prefix)
    condarc = os.path.expanduser(os.environ.get("CONDARC", ""))
    if os.path.isabs(condarc):
        found += _condarcs_at(condarc)
    for variable in _VARIABLES:
        path = os.path.expanduser(os.environ.get(variable, ""))
        if path and not os.path.isabs(path):
            found.append((variable, "not an absolute path"))
    unique: dict[str, str | None] = {}
    for path, problem in found:
        unique.setdefault(os.path.normpath(path), problem)
    return list(unique.items())


def condarcs_in(directory: str) -> list[tuple[str, str | None]]:
    """Return the configuration files in one directory, as condarc_files() does.

    Args:
        directory: one that may have ``.condarc``, ``condarc`` and ``condarc.d``.
    """
    found: list[tuple[str, str | None]] = []
    for name in (*_CONDARC_NAMES, "condarc.d"):
        found += _condarcs_at(os.path.join(directory, name))
    return found


def _base_directories(root: str | None) -> list[str]:
    # Importing conda sets CONDA_ROOT to the prefix of base unless it is set already
    # (conda/__init__.py).
    given = os.environ.get("CONDA_ROOT", "")
    return administrator_directories(given if os.path.isabs(given) else root)


def _home() -> str | None:
    path = os.path.expanduser("~")
    return path if os.path.isabs(path) else None


def _user_directories() -> list[str]:
    found = []
    xdg = os.environ.get("XDG_CONFIG_HOME", "")
    if os.path.isabs(xdg):
        found.append(os.path.join(xdg, "conda"))
    home = _home()
    if home:
        found += [os.path.join(home, ".config", "conda"), os.path.join(home, ".conda")]
    return found


def _condarcs_at(path: str, nested: bool = False) -> list[tuple[str, str | None]]:
    """Return the configuration files that an entry of the search path stands for.

    Args:
        path: a file, or unless it is nested itself a directory of files.
        nested: whether the path is from such a directory.
    """
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

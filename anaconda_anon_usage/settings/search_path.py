"""Where conda looks for its configuration, known without conda.

The order and the places are those of ``conda.base.constants.SEARCH_PATH`` and of
``Configuration._expand_search_path`` in conda/common/configuration.py, which have been
the same from conda 23.7 to 26.7. Two things are left out on purpose, because they would
take a file from the current directory: relative paths, and variables that are not set.
"""

from __future__ import annotations

import os
import sys

if sys.platform == "win32":
    _SYSTEM = ("C:/ProgramData/conda",)
else:
    _SYSTEM = ("/etc/conda", "/var/lib/conda")

_CONDARC_NAMES = (".condarc", "condarc")
_YAML_EXTENSIONS = (".yml", ".yaml")


def administrator_directories(root: str | None) -> list[str]:
    """Return the directories whose files an administrator rules, first one first.

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
    """Return the directories of the search path, the ones that count least first.

    Args:
        prefix: the environment that is meant, which may hold a configuration, or None.
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


def condarc_files(prefix: str | None, root: str | None) -> list[str]:
    """Return conda's configuration files that exist, the ones that count least first.

    Args:
        prefix: the environment that is meant, which may hold a configuration, or None.
        root: the prefix of the conda installation, or None.
    """
    found: list[str] = []
    for directory in [*_base_directories(root), *_user_directories()]:
        found += condarcs_in(directory)
    home = _home()
    if home:
        found += _condarc_at(os.path.join(home, ".condarc"))
    if prefix:
        found += condarcs_in(prefix)
    condarc = os.path.expanduser(os.environ.get("CONDARC", ""))
    if os.path.isabs(condarc):
        found += _condarc_at(condarc)
    return list(dict.fromkeys(os.path.normpath(path) for path in found))


def condarcs_in(directory: str) -> list[str]:
    """Return the configuration files that exist in one directory, in conda's order.

    Args:
        directory: one that may hold ``.condarc``, ``condarc`` and ``condarc.d``.
    """
    found: list[str] = []
    for name in (*_CONDARC_NAMES, "condarc.d"):
        found += _condarc_at(os.path.join(directory, name))
    return found


def _base_directories(root: str | None) -> list[str]:
    # conda sets CONDA_ROOT to base's prefix when it is imported, unless somebody set it
    # to something else (conda/__init__.py).
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


def _condarc_at(path: str) -> list[str]:
    """Return the configuration files that one entry of the search path stands for."""
    if os.path.isfile(path):
        name = os.path.basename(path)
        known = name in _CONDARC_NAMES or name.endswith(_YAML_EXTENSIONS)
        return [path] if known else []
    try:
        names = sorted(os.listdir(path))
    except OSError:  # absent, not a directory, not ours to read
        return []
    files = (os.path.join(path, name) for name in names if name.endswith(_YAML_EXTENSIONS))
    return [file for file in files if os.path.isfile(file)]

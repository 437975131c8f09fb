"""Find environments by name or by path, or all that conda knows."""

from __future__ import annotations

import contextlib
import os
import sys

from .._common import active_prefix, is_environment, read_bytes, root_prefix
from ..settings import load

# The maximum size of conda's list of environments in bytes.
_SIZE_LIMIT = 2**20


class NoSuchEnvironment(Exception):
    """The command line names an environment that does not exist."""


def choose_environment(name: str | None, prefix: str | None) -> str:
    """Return the prefix of the environment that the command line names.

    Without a name and a path, it is the activated one, else base, else the one that this
    Python runs in.
    """
    if name is not None:
        settings = load()
        if name in ("base", "root") and settings.root_prefix:
            return settings.root_prefix
        for directory in settings.envs_dirs:
            found = os.path.join(directory, name)
            # A name with a separator would be a path below, or above, the directory.
            if name and os.path.basename(name) == name and is_environment(found):
                return found
        raise NoSuchEnvironment(f"no environment is named {name!r}")
    if prefix is not None:
        found = os.path.abspath(os.path.expanduser(prefix))
        if not is_environment(found):
            raise NoSuchEnvironment(f"no environment is at {found!r}")
        return found
    return active_prefix() or root_prefix() or sys.prefix


def known_environments(root: str | None, envs_dirs: tuple[str, ...]) -> list[str]:
    """Return base and the environments in ``~/.conda/environments.txt`` and in envs_dirs."""
    found = [root] if root else []
    with contextlib.suppress(OSError, ValueError):
        listing = read_bytes(os.path.expanduser("~/.conda/environments.txt"), _SIZE_LIMIT)
        found += listing.decode("utf-8").splitlines()
    for directory in envs_dirs:
        with contextlib.suppress(OSError):
            found += [os.path.join(directory, name) for name in sorted(os.listdir(directory))]
    paths = dict.fromkeys(os.path.normpath(path) for path in found if os.path.isabs(path))
    return [path for path in paths if is_environment(path)]

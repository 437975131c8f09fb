"""What root may follow and change where other users can create files.

``sudo conda ...`` keeps the user's HOME on many systems. A user could point root at any file
with a symlink, and a file of root's in a user's home would lock the user out.
"""

from __future__ import annotations

import errno
import os
import stat
import sys

# The maximum number of symlinks to follow, as in Linux; see path_resolution(7).
_MOST_LINKS = 40


def is_superuser() -> bool:
    """Return whether this process may change every user's files.

    In an ordinary user's namespace (user_namespaces(7)) the user ID is 0 as well, but the
    root directory does not belong to it.
    """
    return hasattr(os, "geteuid") and os.geteuid() == 0 and os.stat(os.sep).st_uid == 0


def require_trusted(status: os.stat_result, path: str) -> None:
    """Raise PermissionError unless only root and groups that root chose can write somewhere.

    A sticky directory, such as /tmp, is trusted.
    """
    if status.st_uid != 0:
        raise PermissionError(errno.EPERM, "owned by another user", path)
    if status.st_mode & stat.S_IWOTH and not status.st_mode & stat.S_ISVTX:
        raise PermissionError(errno.EPERM, "writable by everyone", path)


def open_as_superuser(path: str, flags: int, trusted: bool) -> int:
    """Open a path through root's own symlinks only, and return the descriptor.

    Each name is opened relative to its parent, so nothing can be exchanged between a
    check and its use. If trusted is set, require_trusted() applies to each directory in the
    path and to what is opened.
    """
    if sys.platform == "win32":
        raise NotImplementedError("Windows has no superuser")
    names = _names(path if os.path.isabs(path) else os.path.join(os.getcwd(), path))
    links = 0
    parent = os.open(os.sep, os.O_RDONLY)
    try:
        while names:
            name = names.pop()
            if stat.S_ISLNK(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
                owner, target = _read_link(name, parent)
                links += 1
                if owner != 0:
                    raise PermissionError(errno.EPERM, "reached through another user's link", path)
                if links > _MOST_LINKS:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), path)
                names += _names(target)
                continue
            # O_PATH suffices where a directory may be searched but not listed.
            way = os.O_DIRECTORY | getattr(os, "O_PATH", os.O_RDONLY)
            child = os.open(name, (way if names else flags) | os.O_NOFOLLOW, dir_fd=parent)
            os.close(parent)
            parent = child
            if trusted:
                require_trusted(os.fstat(child), path)
    except BaseException:
        os.close(parent)
        raise
    return parent


def _names(path: str) -> list[str]:
    """Return the names in a path, the last one first; an absolute path begins with ``/``."""
    names = [name for name in path.split(os.sep) if name]
    return [*names[::-1], os.sep] if path.startswith(os.sep) else names[::-1]


def _read_link(name: str, parent: int) -> tuple[int, str]:
    """Return the owner and the target of a symlink, of the same one where O_PATH exists."""
    if sys.platform != "linux":
        status = os.stat(name, dir_fd=parent, follow_symlinks=False)
        return status.st_uid, os.readlink(name, dir_fd=parent)
    link = os.open(name, os.O_PATH | os.O_NOFOLLOW, dir_fd=parent)
    try:
        return os.fstat(link).st_uid, os.readlink("", dir_fd=link)
    finally:
        os.close(link)

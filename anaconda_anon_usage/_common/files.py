"""Read small files in homes and environments of every kind.

They can be shared, unreadable, huge or hostile, so reads are bounded and never block.
directory.py is for everything that changes files.
"""

from __future__ import annotations

import errno
import os
import stat

from .debug import say

#: Default limit in bytes for a file that is read.
SIZE_LIMIT = 4096

# Links that are followed at most, as in Linux (path_resolution(7)).
_MOST_LINKS = 40

# Absent on some systems, as are the files that they are for.
_READ_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NOINHERIT", 0)
)


def read_bytes(path: str, limit: int = SIZE_LIMIT) -> bytes:
    """Return the content of a regular file of limited size, without ever blocking.

    Args:
        path: the file; a symlink is followed.
        limit: the size in bytes above which the file is refused.

    Raises:
        OSError: the file is absent, unreadable, too large or not a regular file.
    """
    return read_descriptor(_open(path), path, limit)


def read_descriptor(descriptor: int, path: str, limit: int) -> bytes:
    """Return the content of an open regular file of limited size, and close it.

    Args:
        descriptor: the file, opened without blocking.
        path: its path, for errors.
        limit: the size in bytes above which the file is refused.

    Raises:
        OSError: the file cannot be read, is too large or not a regular file.
    """
    try:
        _require_regular(os.fstat(descriptor), path)
        # Read to find the size: files in /proc have size 0, and a file may grow.
        data = b""
        while len(data) <= limit:
            chunk = os.read(descriptor, limit + 1 - len(data))
            if not chunk:
                return data
            data += chunk
        raise OSError(errno.EFBIG, "too large", path)
    finally:
        os.close(descriptor)


def read_text(path: str, limit: int = SIZE_LIMIT) -> str | None:
    """Return the UTF-8 text of a regular file of limited size, or None on any failure.

    Debug output names every failure but the absence of the file.

    Args:
        path: the file; a symlink is followed.
        limit: the size in bytes above which the file is refused.
    """
    return _text(path, lambda: read_bytes(path, limit))


def read_token_bytes(path: str, limit: int = SIZE_LIMIT) -> bytes:
    """Return the content of a small file that tokens are taken from.

    The superuser could be led to send any file. For the superuser, every symlink on the
    way to the file must be the superuser's own, as those of a mounted ConfigMap are.

    Args:
        path: the file.
        limit: the size in bytes above which the file is refused.

    Raises:
        OSError: the file cannot be read or must not be sent.
    """
    descriptor = _open(path)
    try:
        if is_superuser():
            require_links_of_superuser(path, os.fstat(descriptor))
    except BaseException:
        os.close(descriptor)
        raise
    return read_descriptor(descriptor, path, limit)


def read_token_text(path: str, limit: int = SIZE_LIMIT) -> str | None:
    """Return the text of a small file that tokens are taken from, or None on any failure.

    Args:
        path: the file, to which the rules of read_token_bytes() apply.
        limit: the size in bytes above which the file is refused.
    """
    return _text(path, lambda: read_token_bytes(path, limit))


def require_links_of_superuser(path: str, opened: os.stat_result) -> None:
    """Raise OSError unless a path leads to what was opened through links of root's only.

    Another user may exchange links between the opening and this check, but cannot create
    a path to root's files without links of their own.

    Args:
        path: the path of a file or directory.
        opened: the status of its open descriptor.
    """
    links = 0
    pending, resolved = os.path.abspath(path).split(os.sep)[1:], os.sep
    while pending:
        name = pending.pop(0)
        candidate = os.path.normpath(os.path.join(resolved, name))
        status = os.lstat(candidate)
        if not stat.S_ISLNK(status.st_mode):
            resolved = candidate
            continue
        links += 1
        if status.st_uid != 0 or links > _MOST_LINKS:
            raise PermissionError(errno.EPERM, "reached through another user's link", candidate)
        target = os.readlink(candidate)
        pending = [part for part in target.split(os.sep) if part] + pending
        if os.path.isabs(target):
            resolved = os.sep
    found = os.lstat(resolved)
    if (found.st_dev, found.st_ino) != (opened.st_dev, opened.st_ino):
        raise PermissionError(errno.EPERM, "exchanged while it was read", path)


def is_superuser() -> bool:
    """Return whether this process may change every user's files.

    In an ordinary user's namespace (user_namespaces(7)) the user ID is 0 as well, but the
    root directory does not belong to it.
    """
    return hasattr(os, "geteuid") and os.geteuid() == 0 and os.stat("/").st_uid == 0


def say_failure(path: str, error: Exception) -> None:
    """Write to debug output why a file was not used.

    Args:
        path: the file.
        error: the exception; only its kind is shown, never the file's content.
    """
    say(f"{path}: {type(error).__name__}: {getattr(error, 'strerror', '')}")


def _open(path: str) -> int:
    # Check before opening as well: that alone can wake the writer of a FIFO or a device.
    _require_regular(os.stat(path), path)
    return os.open(path, _READ_FLAGS)


def _text(path: str, read) -> str | None:
    try:
        return read().decode("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        say_failure(path, error)
        return None


def _require_regular(status: os.stat_result, path: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file", path)

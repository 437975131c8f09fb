"""Read small files in home directories and environments.

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

#: The flags for opening any file without blocking, as far as the system has them.
OPEN_FLAGS = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)


def read_bytes(path: str, limit: int = SIZE_LIMIT) -> bytes:
    """Return the content of a regular file, without ever blocking; symlinks are followed.

    Raises:
        OSError: it is absent, unreadable, not a regular file or larger than the limit.
    """
    # Check before opening as well: opening alone can wake the writer of a FIFO or a device.
    _require_regular(os.stat(path), path)
    return read_descriptor(os.open(path, os.O_RDONLY | OPEN_FLAGS), path, limit)


def read_descriptor(descriptor: int, path: str, limit: int) -> bytes:
    """Return what read_bytes() does for a file that was opened without blocking; close it."""
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


def read_token_bytes(path: str, limit: int = SIZE_LIMIT) -> bytes:
    """Return the content of a small file that tokens are taken from.

    A symlink could make the superuser send any file. For the superuser, every symlink in the
    path must be the superuser's own, as those of a mounted ConfigMap are. Otherwise it raises
    OSError, as read_bytes() does.
    """
    from .superuser import is_superuser, open_as_superuser

    if is_superuser():
        os.lstat(path)  # most files are absent, which one call tells
        descriptor = open_as_superuser(path, os.O_RDONLY | OPEN_FLAGS, trusted=False)
        return read_descriptor(descriptor, path, limit)
    return read_bytes(path, limit)


def read_token_text(path: str, limit: int = SIZE_LIMIT) -> str | None:
    """Return the UTF-8 text that read_token_bytes() finds, or None on any failure.

    Debug output names every failure except a missing file.
    """
    try:
        return read_token_bytes(path, limit).decode("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        say_failure(path, error)
        return None


def say_failure(path: str, error: Exception) -> None:
    """Write to debug output why a file was not used, without the error's text or a value."""
    say(f"{path}: {type(error).__name__}: {getattr(error, 'strerror', '')}")


def _require_regular(status: os.stat_result, path: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file", path)

"""Read and write small files that lie in homes and environments of every kind.

Those are shared, read-only, full or hostile. So reads are bounded and never block, a file
appears in one piece or not at all, and a superuser leaves nothing in somebody else's home.
"""

from __future__ import annotations

import binascii
import contextlib
import errno
import os
import re
import stat
import time

from .debug import say

#: Bytes of a file that is read at most, unless the caller says otherwise.
SIZE_LIMIT = 4096

# Seconds after which a temporary file belongs to a process that was killed.
_ABANDONED_AFTER = 60

# Absent on some systems, where the files they guard against are absent too.
_READ_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NOINHERIT", 0)
)

_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)


def read_bytes(path: str, limit: int = SIZE_LIMIT, *, follow_symlinks: bool = True) -> bytes:
    """Return the content of a regular file of limited size, without ever blocking.

    Args:
        path: the file.
        limit: the size in bytes above which the file is refused.
        follow_symlinks: whether path may be a symlink; links among its parents are followed.

    Raises:
        OSError: the file is absent, unreadable, too large, or not a regular file.
    """
    # Asked before and after: opening alone lets go the writer of a FIFO, or starts a device.
    status = os.stat(path, follow_symlinks=follow_symlinks)
    if stat.S_ISLNK(status.st_mode):
        raise OSError(errno.ELOOP, "refusing to follow symlinks", path)
    _require_regular(status, path)
    descriptor = os.open(path, _READ_FLAGS | (0 if follow_symlinks else _NOFOLLOW))
    try:
        _require_regular(os.fstat(descriptor), path)
        # The size is checked by reading: that of files in /proc is 0, and a file can grow.
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

    A failure other than that there is no such file is said in debug output.

    Args:
        path: the file; a symbolic link is followed.
        limit: the size in bytes above which the file is refused.
    """
    try:
        return read_bytes(path, limit).decode("utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        say_failure(path, error)
        return None


def make_directory(path: str) -> bool:
    """Make one directory, unless that would leave a superuser's in a user's home.

    Whatever the umask is, it is no more open to others than the directory it is in.

    Returns:
        Whether the directory stands.
    """
    try:
        parent = os.path.dirname(path)
        if may_write(parent):
            os.mkdir(path, 0o700 | (os.stat(parent).st_mode & 0o777))
    except OSError:
        pass  # it stands, or it can't be made
    return os.path.isdir(path)


def make_directories(path: str, mode: int) -> None:
    """Create a directory and its missing parents, with the same mode whatever the umask is.

    Raises:
        OSError: one of them cannot be created.
    """
    if not os.path.isdir(path):
        make_directories(os.path.dirname(path), mode)
        os.mkdir(path, mode)
        os.chmod(path, mode)


def may_write(directory: str) -> bool:
    """Return False for a superuser in somebody else's directory.

    ``sudo conda ...`` keeps the user's HOME on many systems; a file of root's there
    would lock the user out of their own token.
    """
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return True
    return os.stat(directory).st_uid == 0


def write(path: str, data: bytes, mode: int) -> None:
    """Put data at path in one piece, in place of what stands there.

    Args:
        path: the file; if it is a symbolic link the link is replaced.
        data: its content.
        mode: its permissions, whatever the umask is.

    Raises:
        OSError: it could not be done; what stood there is unchanged.
    """
    temporary = write_temporary(path, data, mode)
    try:
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def write_temporary(path: str, data: bytes, mode: int) -> str:
    """Write data to a new file next to path, flushed, and return its name.

    Args:
        path: what the file is to become.
        data: its content.
        mode: its permissions, whatever the umask is.

    Raises:
        OSError: it could not be done, and there is no such file.
    """
    temporary = f"{path}.{binascii.hexlify(os.urandom(8)).decode()}.tmp"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    flags |= getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(temporary, flags, 0o600)
    try:
        try:
            if os.write(descriptor, data) != len(data):  # the disk or the quota is full
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), temporary)
            with contextlib.suppress(OSError):  # a file system without permissions
                if hasattr(os, "fchmod"):
                    os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    return temporary


def temporary_files(path: str) -> list[str]:
    """Return the temporary files for path that killed processes left.

    Args:
        path: the file, as passed to write_temporary().
    """
    directory, name = os.path.split(path)
    temporary = re.compile(re.escape(name) + r"\.[0-9a-f]{16}\.tmp")
    try:
        names = sorted(filter(temporary.fullmatch, os.listdir(directory)))
    except OSError:
        return []
    return [os.path.join(directory, found) for found in names]


def sweep(path: str) -> None:
    """Remove what processes left that were killed while they wrote a file.

    Args:
        path: the file that was to be written; others beside it whose names begin with
            its name are meant as well.
    """
    directory, name = os.path.split(path)
    with contextlib.suppress(OSError):
        for entry in os.listdir(directory):
            if not (entry.startswith(name) and entry.endswith(".tmp")):
                continue
            temporary = os.path.join(directory, entry)
            with contextlib.suppress(OSError):
                if abs(time.time() - os.lstat(temporary).st_mtime) > _ABANDONED_AFTER:
                    os.unlink(temporary)


def _require_regular(status: os.stat_result, path: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file", path)


def say_failure(path: str, error: Exception) -> None:
    """Say in debug output what happened to a file.

    Args:
        path: the file.
        error: what was raised; only its kind is told, never what lies in the file.
    """
    say(f"{path}: {type(error).__name__}: {getattr(error, 'strerror', '')}")

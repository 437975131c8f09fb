"""The log of heartbeats, which run in the background and print nothing.

If the variable ANACONDA_ANON_USAGE_LOG names a file, each heartbeat of an activation
appends one line of JSON to it.
"""

from __future__ import annotations

import errno
import os
import stat
import time

from .._common import open_directory, redact, say

#: The file's full path; ``~`` is the home directory.
VARIABLE = "ANACONDA_ANON_USAGE_LOG"

_FLAGS = os.O_WRONLY | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0)
_FLAGS |= getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)


def append(prefix: str, attempt: dict[str, str | None], result: object, seconds: float) -> None:
    """Append one line to the log, if there is one, with what activated.py knows by then."""
    path = log_path()
    if not path:
        return
    import json

    error = f"{type(result).__name__}: {result}" if isinstance(result, Exception) else None
    line = {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "prefix": prefix,
        "url": redact(attempt.get("url") or "") or None,
        "user_agent": attempt.get("user_agent"),
        "status": None if error else result,
        "error": redact(error) if error else None,
        "seconds": round(seconds, 3),
    }
    try:
        descriptor = _open(path, create=True)
        try:
            # In one write, or lines of several processes would mix.
            os.write(descriptor, json.dumps(line).encode("ascii") + b"\n")
        finally:
            os.close(descriptor)
    except OSError as failure:
        say(f"{path}: nothing is logged: {failure.strerror}")


def log_path() -> str:
    """Return the log's path, or "" if there is no log."""
    return os.path.expanduser(os.environ.get(VARIABLE, ""))


def log_problem() -> str | None:
    """Return why nothing can be appended to the log, or None."""
    path = log_path()
    try:
        os.close(_open(path, create=False))
    except FileNotFoundError:  # it is created when it is needed
        directory = os.path.dirname(path)
        if not os.path.isdir(directory):
            return "no such directory"
        return None if os.access(directory, os.W_OK) else "directory not writable"
    except OSError as error:
        return error.strerror
    return None


def _open(path: str, create: bool) -> int:
    """Return a descriptor of the log; raise OSError if other users may control the file."""
    # A heartbeat's process has left the directory that a relative path refers to.
    if not os.path.isabs(path):
        raise OSError(errno.EINVAL, "not a full path")
    flags = _FLAGS
    if not os.path.lexists(path):
        with open_directory(os.path.dirname(path)):
            pass  # it refuses root in another user's home
        flags |= os.O_CREAT | os.O_EXCL if create else 0
    try:
        descriptor = os.open(path, flags, 0o600)
    except FileExistsError:  # created by another heartbeat since
        descriptor = os.open(path, _FLAGS)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        if hasattr(os, "geteuid") and status.st_uid != os.geteuid():
            raise OSError(errno.EPERM, "belongs to another user")
        if os.name == "posix" and status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise OSError(errno.EPERM, "group or others may write it")
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor

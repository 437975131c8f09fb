"""The log of heartbeats, which otherwise happen out of sight.

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


def append(prefix: str, attempt: dict, result: object, seconds: float) -> None:
    """Append one line to the log, if there is one.

    Args:
        prefix: the environment that was activated.
        attempt: its ``url`` and ``user_agent``, as far as they were known.
        result: the response's HTTP status, or the Exception that was raised instead.
        seconds: the time that it took.
    """
    path = log_path()
    if not path:
        return
    import json

    failed = isinstance(result, Exception)
    line = {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "prefix": prefix,
        "url": redact(attempt.get("url") or "") or None,
        "user_agent": attempt.get("user_agent"),
        "status": None if failed else result,
        "error": redact(f"{type(result).__name__}: {result}") if failed else None,
        "seconds": round(seconds, 3),
    }
    try:
        descriptor = _open(path, create=True)
        try:
            # In one write, or lines of several processes would mix.
            os.write(descriptor, json.dumps(line).encode("ascii") + b"\n")
        finally:
            os.close(descriptor)
    except OSError as error:
        say(f"{path}: nothing is logged: {error.strerror}")


def log_path() -> str:
    """Return the log's path, or "" if there is no log."""
    return os.path.expanduser(os.environ.get(VARIABLE, ""))


def log_problem() -> str | None:
    """Return why nothing can be appended to the log, or None."""
    try:
        os.close(_open(log_path(), create=False))
    except FileNotFoundError:
        return None  # it is created when it is needed
    except OSError as error:
        return error.strerror
    return None


def _open(path: str, create: bool) -> int:
    """Return a descriptor of the log.

    Raises:
        OSError: the path is not a full path, or leads to a symlink or to a file that
            another user owns or may write.
    """
    # A heartbeat's process has left the directory that a relative path refers to.
    if not os.path.isabs(path):
        raise OSError(errno.EINVAL, "not a full path")
    flags = _FLAGS
    if create and not os.path.lexists(path):
        open_directory(os.path.dirname(path)).__exit__()  # refuses root in a user's home
        flags |= os.O_CREAT | os.O_EXCL
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

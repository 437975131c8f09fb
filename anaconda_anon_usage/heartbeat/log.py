"""The log of heartbeats, which run in the background: one line of JSON for each."""

from __future__ import annotations

import errno
import os
import stat
import time

from .._common import debug_enabled, open_directory, say
from . import system

#: The file's absolute path; ``~`` is the home directory.
VARIABLE = "ANACONDA_ANON_USAGE_LOG"


def append(prefix: str, attempt: dict[str, str | None], result: object, seconds: float) -> None:
    """Report a heartbeat in debug output, and in one line of the log if there is one."""
    path = log_path()
    if not (path or debug_enabled()):
        return
    from .._common import redact

    say(f"heartbeat: {redact(repr(result))} after {seconds:.2f} s")
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
        descriptor = _open(path, os.O_CREAT)
        try:
            # In one write, or lines of several processes would mix.
            os.write(descriptor, json.dumps(line).encode("ascii") + b"\n")
        finally:
            os.close(descriptor)
    except OSError as error:
        say(f"{path}: cannot write the log: {error.strerror}")


def log_path() -> str:
    """Return the log's path, or "" if there is no log."""
    return os.path.expanduser(os.environ.get(VARIABLE, ""))


def log_problem() -> str | None:
    """Return why nothing can be appended to the log, or None; also None without a log."""
    path = log_path()
    try:
        if path:
            os.close(_open(path, 0))
    except OSError as error:
        absent = isinstance(error, FileNotFoundError) and os.path.isdir(os.path.dirname(path))
        return None if absent else f"{path}: {error.strerror}"  # created when needed
    return None


def _open(path: str, create: int) -> int:
    """Return a descriptor of the log, which is created if O_CREAT is given.

    Raises:
        OSError: the path is not absolute, or leads to a symlink, to a file that another
            user owns or can write to, or to a file with several hard links.
    """
    # A heartbeat's process has left the directory that a relative path refers to.
    if not os.path.isabs(path):
        raise OSError(errno.EINVAL, "not an absolute path")
    folder, name = os.path.split(path)
    with open_directory(folder) as directory:
        descriptor = directory.open(name, os.O_WRONLY | os.O_APPEND | create)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        system.require_own(status)
        # Others can link to this user's files where fs.protected_hardlinks is 0; proc(5).
        if status.st_nlink > 1:
            raise OSError(errno.EMLINK, "a hard link")
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor

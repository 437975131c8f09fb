"""What an administrator can see of heartbeats, which happen out of sight.

Only where the variable ANACONDA_ANON_USAGE_LOG names a file: one line of JSON for each
attempt of an activation, in the order in which they ended.
"""

from __future__ import annotations

import os
import stat
import time

from .._common import may_write, redact, say

#: Names the file, by its full path; ``~`` is the home directory.
VARIABLE = "ANACONDA_ANON_USAGE_LOG"


def append(prefix: str, attempt: dict, result: object, seconds: float) -> None:
    """Append one line to the file that the variable names, if it names one.

    Args:
        prefix: the environment that was activated.
        attempt: its ``url`` and ``user_agent``, as far as they were known.
        result: the answer's HTTP status, or the Exception that was raised instead.
        seconds: how long it took.
    """
    path = os.path.expanduser(os.environ.get(VARIABLE, ""))
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
        _append(path, json.dumps(line).encode("ascii") + b"\n")
    except OSError as error:
        say(f"{path}: nothing is logged: {error.strerror}")


def _append(path: str, line: bytes) -> None:
    # The process that sends a heartbeat has left the directory that a relative path means.
    if not os.path.isabs(path):
        raise OSError(0, "not a full path")
    flags = os.O_WRONLY | os.O_APPEND | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
    if not os.path.lexists(path):
        if not may_write(os.path.dirname(path)):
            raise OSError(0, "it would be a superuser's file in another user's directory")
        flags |= os.O_CREAT
    descriptor = os.open(path, flags, 0o600)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(0, "not a regular file")
        os.write(descriptor, line)  # in one piece, or lines of several processes would mix
    finally:
        os.close(descriptor)

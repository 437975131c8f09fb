"""What a heartbeat does differently on Windows and macOS than on Linux."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys

TYPE_CHECKING = False  # typing.TYPE_CHECKING without importing typing
if TYPE_CHECKING:
    import socket


def detach(deadline: float) -> None:
    """Leave the shell's process group and release inherited descriptors; Windows has neither.

    Args:
        deadline: in seconds; within a second after it, the kernel ends the process.
    """
    if sys.platform == "win32":
        return
    import signal

    # Not setsid(): Linux would give the new session a share of the processors equal to that
    # of the user's whole shell, whatever its priority (sched(7), autogroup).
    try:
        os.setpgid(0, 0)
    except OSError:
        pass  # this process leads a session
    # The kernel ends the process if the interpreter itself hangs.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(int(deadline) + 1)
    # An inherited lock or pipe would stay held for as long as this process lives. The
    # launcher has closed those that a shell can name, 3 to 9.
    try:
        highest = max(map(int, os.listdir("/proc/self/fd")))
    except OSError:  # not Linux
        highest = 4096
    os.closerange(3, highest + 1)


def require_own(status: os.stat_result) -> None:
    """Raise OSError if another user owns a file or may write it; Windows does not say."""
    if sys.platform == "win32":
        return
    if status.st_uid != os.geteuid():
        raise OSError(errno.EPERM, "owned by another user")
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise OSError(errno.EPERM, "writable by other users")


def bind_first_free(
    kind: str, count: int, pools: tuple[str, ...]
) -> contextlib.AbstractContextManager[object] | None:
    """Bind a socket to the first free of this user's names in each pool.

    Names are in Linux's abstract namespace of Unix sockets (unix(7)). Every attempt succeeds
    where the system has no such names or refuses them.

    Args:
        kind: what the names are for.
        count: the number of names in a pool.
        pools: the names of the pools, of which ``""`` is the user's.

    Returns:
        A context manager that holds the names, or None if a pool has no free one.
    """
    if sys.platform != "linux":
        return contextlib.nullcontext()
    import socket

    with contextlib.ExitStack() as held:
        with contextlib.suppress(OSError):
            for pool in pools:
                slot = held.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
                owner = f"{os.getuid()}-{pool}" if pool else f"{os.getuid()}"
                prefix = f"\0anaconda-anon-usage-{owner}-{kind}-"
                if not any(_bind(slot, f"{prefix}{number}") for number in range(count)):
                    return None
        return held.pop_all()


def _bind(slot: socket.socket, name: str) -> bool:
    """Bind a socket to a name and return whether no other process has it."""
    try:
        slot.bind(name)
    except OSError as error:
        if error.errno != errno.EADDRINUSE:
            raise
        return False
    return True


def has_proxies() -> bool:
    """Return whether a proxy may be configured: by a variable, or on Windows and macOS."""
    if any(value and name.lower().endswith("_proxy") for name, value in os.environ.items()):
        return True
    if sys.platform == "linux":
        return False
    from urllib.request import getproxies

    return bool(getproxies())

"""How many heartbeats of one user run at once, however many activations there are.

A thousand activations in a second would otherwise be a thousand interpreters, and take
memory and processors from what they were made for. So each heartbeat takes a place, or
gives up where there is none; and while it works it has a turn, for which it waits. While
it waits for the network it needs no turn.

Places and turns are names in Linux's abstract namespace of Unix sockets (unix(7)): only
one process can bind one, no file lies anywhere, and the kernel takes it back from a
process that was killed. Other systems have none, and no limit.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time

#: Heartbeats that work at once, for each processor and at least. More than the processors
#: can serve would all be late.
PER_PROCESSOR, LEAST = 2, 4
AT_ONCE = max(LEAST, PER_PROCESSOR * (os.cpu_count() or 1))

#: Heartbeats that wait meanwhile, for a turn or for their answer.
WAITING = 64

# Seconds between two looks whether a turn is free.
_INTERVAL = 0.1


class Crowded(Exception):
    """There are as many heartbeats of this user as may be."""


@contextlib.contextmanager
def place():
    """Be one of the heartbeats that there may be, for as long as the context lasts.

    Raises:
        Crowded: there are as many already.
    """
    held, free = _first_free("place", AT_ONCE + WAITING)
    if not free:
        raise Crowded("too many at once")
    with held:
        yield


@contextlib.contextmanager
def turn():
    """Wait for a turn, and have it for as long as the context lasts.

    It waits for as long as it takes: the caller has a deadline.
    """
    held, free = _first_free("turn", AT_ONCE)
    while not free:
        time.sleep(_INTERVAL)
        held, free = _first_free("turn", AT_ONCE)
    with held:
        yield


def _first_free(kind: str, count: int):
    """Take the first name of a kind that nobody has.

    Returns:
        A context manager that holds it, or nothing where this machine lets nobody hold
        any; and whether one could be had.
    """
    if sys.platform != "linux":
        return contextlib.nullcontext(), True
    import socket

    for number in range(count):
        held = None
        try:
            held = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            held.bind(f"\0anaconda-anon-usage-{os.getuid()}-{kind}-{number}")
            return held, True
        except OSError as error:
            if held:
                held.close()
            if error.errno != errno.EADDRINUSE:
                return contextlib.nullcontext(), True
    return contextlib.nullcontext(), False

"""How many heartbeats of one user run at once, however many activations there are.

A thousand activations in a second would otherwise be a thousand interpreters, and take
memory and processors from what they were made for. So each heartbeat takes a turn, waits
for one, or, where too many wait already, gives up.

A turn is a name in Linux's abstract namespace of Unix sockets (unix(7)): only one process
can bind it, no file lies anywhere, and the kernel takes it back from a process that was
killed. Other systems have none, and no limit.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time

#: Heartbeats that run at once, for each processor and at least. More than the processors
#: can serve would all be late.
PER_PROCESSOR, LEAST = 2, 4
AT_ONCE = max(LEAST, PER_PROCESSOR * (os.cpu_count() or 1))

#: Heartbeats that wait for a turn, as bare interpreters.
WAITING = 64

# Seconds between two looks whether a turn is free.
_INTERVAL = 0.1


class Crowded(Exception):
    """As many heartbeats of this user run and wait as may."""


@contextlib.contextmanager
def taken():
    """Wait for a turn, and hold it for as long as the context lasts.

    It waits for as long as it takes: the caller has a deadline.

    Raises:
        Crowded: too many wait already.
    """
    turn = _take() if sys.platform == "linux" else None
    try:
        yield
    finally:
        if turn:
            turn.close()


def _take():
    turns = range(AT_ONCE)
    turn, free = _first_free(turns)
    if free:
        return turn
    place, free = _first_free(range(AT_ONCE, AT_ONCE + WAITING))
    if not free:
        raise Crowded("too many at once")
    while True:
        time.sleep(_INTERVAL)
        turn, free = _first_free(turns)
        if free:
            if place:
                place.close()
            return turn


def _first_free(numbers: range):
    """Take the first number that nobody has.

    Returns:
        What holds it, None where this machine lets nobody hold any; and whether it could
        be had.
    """
    import socket

    for number in numbers:
        held = None
        try:
            held = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            held.bind(f"\0anaconda-anon-usage-{os.getuid()}-{number}")
            return held, True
        except OSError as error:
            if held:
                held.close()
            if error.errno != errno.EADDRINUSE:
                return None, True
    return None, False

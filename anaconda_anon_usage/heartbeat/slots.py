"""Limit how many heartbeats of one user run at once.

Without a limit, a thousand activations in a second would start a thousand interpreters.
Each heartbeat acquires a queue slot, or gives up if there is none. It acquires a run slot
for its work, and releases it before it waits for the network.

A slot is a name in Linux's abstract namespace of Unix sockets (unix(7)): only one process
can bind a name, no file is left behind, and the kernel releases the name of a process that
was killed. Other systems have no such names, and no limit.

Tests run in parallel, and some of them occupy every slot. A test therefore names a pool of
its own in ``ANACONDA_ANON_USAGE_TEST_SLOTS``. A heartbeat then needs a slot of that pool and
one of the user's, so the variable can lower the limit but never raise it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time

#: Heartbeats that work at once: this many per processor, but at least the minimum. With
#: more, all of them would miss their deadline.
PER_PROCESSOR, MINIMUM = 2, 4
RUN_SLOTS = max(MINIMUM, PER_PROCESSOR * (os.cpu_count() or 1))

#: Heartbeats that wait for a run slot or for their response.
WAITING = 64
QUEUE_SLOTS = RUN_SLOTS + WAITING

# Seconds between two attempts to acquire a run slot.
_INTERVAL = 0.1


class NoFreeSlot(Exception):
    """Too many heartbeats of this user are running."""


@contextlib.contextmanager
def queue_slot():
    """Hold one of the queue slots.

    Raises:
        NoFreeSlot: all of them are taken.
    """
    held, acquired = _acquire("queue", QUEUE_SLOTS)
    if not acquired:
        raise NoFreeSlot("too many at once")
    with held:
        yield


@contextlib.contextmanager
def run_slot():
    """Wait for one of the run slots and hold it.

    The wait has no limit of its own: the caller has a deadline.
    """
    held, acquired = _acquire("run", RUN_SLOTS)
    while not acquired:
        time.sleep(_INTERVAL)
        held, acquired = _acquire("run", RUN_SLOTS)
    with held:
        yield


def _acquire(kind: str, count: int):
    """Acquire the first free slot of a kind in each pool.

    Returns:
        A context manager that holds the slots, and whether all were acquired. On systems
        without slots every attempt succeeds.
    """
    held = contextlib.ExitStack()
    if sys.platform != "linux":
        return held, True
    pools = [f"{os.getuid()}"]
    own = os.environ.get("ANACONDA_ANON_USAGE_TEST_SLOTS")
    if own:
        pools.append(f"{os.getuid()}-{own}")
    for pool in pools:
        slot, acquired = _acquire_in(pool, kind, count)
        if not acquired:
            held.close()
            return held, False
        held.enter_context(slot)
    return held, True


def _acquire_in(pool: str, kind: str, count: int):
    """Acquire the first free slot of a kind in one pool.

    Returns:
        A context manager that holds the slot, and whether a slot was acquired. Where the
        system refuses the name for another reason, every attempt succeeds.
    """
    import socket

    for number in range(count):
        held = None
        try:
            held = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            held.bind(f"\0anaconda-anon-usage-{pool}-{kind}-{number}")
            return held, True
        except OSError as error:
            if held:
                held.close()
            if error.errno != errno.EADDRINUSE:
                return contextlib.nullcontext(), True
    return contextlib.nullcontext(), False

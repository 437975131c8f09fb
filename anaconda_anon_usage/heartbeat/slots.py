"""Limit how many heartbeats of one user run at once.

Without a limit, a thousand activations in a second would start a thousand interpreters.
Each heartbeat acquires a queue slot, or gives up if there is none. It acquires a run slot
for its work, and releases it before it waits for the network.

A slot is a name in Linux's abstract namespace of Unix sockets (unix(7)): only one process
can bind a name, no file is left behind, and the kernel releases the name of a process that
was killed. Other systems have no such names, and no limit.

A test names a pool of its own in ``ANACONDA_ANON_USAGE_TEST_SLOTS``. A heartbeat then needs a
slot of that pool and one of the user's, so the variable can never raise the limit.
"""

from __future__ import annotations

import contextlib
import os
import time

from . import system

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


def queue_slot() -> contextlib.AbstractContextManager[object]:
    """Acquire a queue slot and return a context manager that holds it, or raise NoFreeSlot."""
    held = _acquire("queue", QUEUE_SLOTS)
    if held is None:
        raise NoFreeSlot("too many at once")
    return held


def run_slot() -> contextlib.AbstractContextManager[object]:
    """Acquire a run slot in the same way, but wait for it; the caller limits the wait."""
    while (held := _acquire("run", RUN_SLOTS)) is None:
        time.sleep(_INTERVAL)
    return held


def _acquire(kind: str, count: int) -> contextlib.AbstractContextManager[object] | None:
    own = os.environ.get("ANACONDA_ANON_USAGE_TEST_SLOTS")
    return system.bind_first_free(kind, count, ("", own) if own else ("",))

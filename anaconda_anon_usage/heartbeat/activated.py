"""Send the heartbeat of an activated environment; started by the launchers.

Launchers look for this file and run it as ``python -I -m
anaconda_anon_usage.heartbeat.activated``. Copies of them outlive updates of this package,
so neither its name nor its location may change.

It prints nothing and enforces its own deadline: all work, including reading the
configuration, happens in a daemon thread, and the main thread ends the process.
"""

from __future__ import annotations

import gc
import os
import time

from .._common import active_prefix
from . import DEADLINE, prepare, slots, system, within_deadline


class NotSent(Exception):
    """Heartbeats are on, but the configuration keeps this one from being sent."""


def main() -> None:
    """Send the heartbeat of the activated environment if heartbeats are on; never return."""
    try:
        system.detach(DEADLINE)
        # Imports create many objects and no garbage, and collecting it would take 5% of the time.
        gc.set_threshold(100_000)
        prefix = active_prefix()
        if prefix:
            attempt: dict[str, str | None] = {}
            started = time.monotonic()
            result = within_deadline(lambda: _send_if_on(prefix, attempt))
            seconds = time.monotonic() - started
            if result is not None:
                from . import log

                log.append(prefix, attempt, result, seconds)
    finally:
        os._exit(0)  # the thread may still be waiting for the network


def _send_if_on(prefix: str, attempt: dict[str, str | None]) -> int | None:
    """Send a heartbeat and return the response's HTTP status; None if heartbeats are off.

    The attempt receives the URL and the User-Agent as soon as they are known.
    """
    with slots.queue_slot():
        with slots.run_slot():  # everything that takes time and memory
            from ..settings import load

            settings = load(prefix)
            if not settings.heartbeat:
                return None
            heartbeat = prepare(prefix, settings)
            attempt.update(url=heartbeat.url, user_agent=heartbeat.user_agent)
            if heartbeat.obstacle or not heartbeat.url:
                raise NotSent(heartbeat.obstacle)
            from . import connection

            manager = connection.manager(heartbeat.url, settings.connection)
        return connection.request(manager, heartbeat.url, heartbeat.user_agent, DEADLINE)


if __name__ == "__main__":
    main()

"""The deadline of a heartbeat, which bounds everything that the network library does not."""

from __future__ import annotations

import threading
from collections.abc import Callable

TYPE_CHECKING = False  # typing.TYPE_CHECKING without importing typing
if TYPE_CHECKING:
    from typing import TypeVar

    T = TypeVar("T")

#: Seconds after which the process ends, with or without a response.
DEADLINE = 5.0

#: The message of the TimeoutError: the request may have been sent by then.
NO_ANSWER = f"no response within {DEADLINE:g} s; the request may have arrived"


def within_deadline(function: Callable[[], T]) -> T | Exception:
    """Run a function in a daemon thread, and return its result, Exception or a TimeoutError.

    The timeouts of the network library bound neither name resolution nor a response that
    arrives one byte per second.
    """
    outcome: list[T | Exception] = []

    def run() -> None:
        try:
            outcome.append(function())
        except Exception as error:
            outcome.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(DEADLINE)
    return outcome[0] if outcome else TimeoutError(NO_ANSWER)

"""The error boundary around our code: its failures never break the calling command."""

from __future__ import annotations

from collections.abc import Callable

TYPE_CHECKING = False  # typing.TYPE_CHECKING without importing typing
if TYPE_CHECKING:
    from typing import TypeVar

    Result = TypeVar("Result")
    Default = TypeVar("Default")


def guarded(function: Callable[[], Result], otherwise: Default) -> Result | Default:
    """Return a function's result, or a default after an Exception, which debug output shows.

    KeyboardInterrupt and SystemExit pass: they are not failures.
    """
    try:
        return function()
    except Exception as error:
        _say_failed(function, error)
        return otherwise


def _say_failed(function: Callable[[], object], error: Exception) -> None:
    # After `conda remove anaconda-anon-usage` there is nothing left to import; and a
    # foreign exception may fail to turn into text.
    try:
        from .debug import debug_enabled, say

        if debug_enabled():
            from .redaction import redact

            name = getattr(function, "func", function).__name__
            say(redact(f"{name.strip('_')} failed: {type(error).__name__}: {error}"))
    except Exception:
        pass

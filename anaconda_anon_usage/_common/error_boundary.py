"""The error boundary around our code: no failure of ours breaks the command it runs in."""

from __future__ import annotations

import functools

TYPE_CHECKING = False  # typing.TYPE_CHECKING without importing typing
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import ParamSpec, TypeVar

    Result = TypeVar("Result")
    Default = TypeVar("Default")
    Arguments = ParamSpec("Arguments")


def guarded(function: Callable[[], Result], otherwise: Default) -> Result | Default:
    """Return the result of a function, or a default if it raises an Exception.

    KeyboardInterrupt and SystemExit pass: they are not failures.

    Args:
        function: called without arguments.
        otherwise: the result after an Exception, which debug output names.
    """
    try:
        return function()
    except Exception as error:
        _say_failed(function, error)
        return otherwise


def harmless(
    otherwise: Default,
) -> Callable[[Callable[Arguments, Result]], Callable[Arguments, Result | Default]]:
    """Return a decorator that guards every call of a function.

    Args:
        otherwise: the result of a call that fails.
    """

    def decorate(function: Callable[Arguments, Result]) -> Callable[Arguments, Result | Default]:
        @functools.wraps(function)
        def run(*arguments: Arguments.args, **keywords: Arguments.kwargs) -> Result | Default:
            return guarded(functools.partial(function, *arguments, **keywords), otherwise)

        return run

    return decorate


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

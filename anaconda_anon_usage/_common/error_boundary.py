"""Nothing of ours breaks the command that it runs in: the one place that sees to it."""

from __future__ import annotations

import functools

from .debug import say


def guarded(function, otherwise=None):
    """Return what function returns, or otherwise if it fails.

    KeyboardInterrupt and SystemExit pass: they are not failures.

    Args:
        function: called without arguments.
        otherwise: what is returned after an Exception, which is said in debug output.
    """
    try:
        return function()
    except Exception as error:
        name = getattr(function, "func", function).__name__
        say(f"{name.strip('_')} failed: {type(error).__name__}: {error}")
        return otherwise


def harmless(otherwise=None):
    """Return a decorator for functions whose every call is to be guarded.

    Args:
        otherwise: what a call returns that fails.
    """

    def decorate(function):
        @functools.wraps(function)
        def run(*arguments):
            return guarded(functools.partial(function, *arguments), otherwise)

        return run

    return decorate

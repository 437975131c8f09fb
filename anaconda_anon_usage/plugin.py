"""The conda plugin: hook implementations, and nothing else.

conda imports this module on every command, and an exception that leaves a hook ends the
command. So it imports nothing heavy, and no exception leaves a hook or an action.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable

from conda.plugins import hookimpl

from ._common import guarded

# The commands that activate environments on their own, to compile what they install.
_CHANGE_ENVIRONMENTS = set(
    "create env_create env_update install remove rename uninstall update upgrade".split()
)


def _hook(implementation: Callable[[], list[object]]) -> Callable[[], list[object]]:
    """Register an implementation of one of conda's hooks, which returns nothing if it fails."""

    @functools.wraps(implementation)
    def hook() -> list[object]:
        return guarded(implementation, [])

    registered: Callable[[], list[object]] = hookimpl(hook)
    return registered


def _action(name: str, takes: int = 0) -> Callable[..., None]:
    """Return an action that calls a function of conda_integration, which may fail.

    The function gets as many of conda's arguments as it takes.
    """

    def action(*arguments: object) -> None:
        def act() -> None:
            from . import conda_integration

            getattr(conda_integration, name)(*arguments[:takes])

        act.__name__ = name  # for debug output
        guarded(act, None)

    return action


def _end_command(event: object = None) -> None:
    # Most commands have not changed anything and need not import this.
    if f"{__package__}.conda_integration.commands" in sys.modules:
        _action("end_command")()


def _run_command_line(arguments: tuple[str, ...]) -> int:
    from .cli import main

    return main(list(arguments), prog="conda anon-usage")


@_hook
def conda_subcommands() -> list[object]:
    """Add ``conda anon-usage``."""
    from conda.plugins.types import CondaSubcommand

    _end_command()  # of an earlier command in this process
    return [
        CondaSubcommand(
            name="anon-usage",
            summary="Show what telemetry conda sends, and why.",
            action=_run_command_line,
        )
    ]


@_hook
def conda_session_headers() -> list[object]:
    """Extend the User-Agent of sessions that are older than this plugin (conda 24.11 and later).

    conda calls this before the first request to each host. No header is returned: if two
    plugins return the same one, conda fails every request.
    """
    _action("extend_sessions")()
    return []


@_hook
def conda_pre_commands() -> list[object]:
    """Add the settings to ``conda config``, and prepare for changes to environments."""
    from conda.plugins.types import CondaPreCommand

    return [
        CondaPreCommand(
            name=f"anaconda-anon-usage-{name}", action=_action(function), run_for=commands
        )
        for name, function, commands in (
            ("settings", "add_parameters", {"config"}),
            ("before-change", "before_change", _CHANGE_ENVIRONMENTS),
            ("before-run", "before_run", {"run"}),
        )
    ]


@_hook
def conda_post_commands() -> list[object]:
    """Install the activation scripts in environments that were created or changed."""
    from conda.plugins.types import CondaPostCommand

    return [
        CondaPostCommand(
            name="anaconda-anon-usage-after-change",
            action=_action("after_change"),
            run_for=_CHANGE_ENVIRONMENTS,
        )
    ]


@_hook
def conda_exception_observers() -> list[object]:
    """Clean up after a command that fails or is a dry run (conda 26.5 and later)."""
    from conda.plugins.types import CondaExceptionObserver

    return [
        CondaExceptionObserver(
            name="anaconda-anon-usage-end", hook=_end_command, watch_for={"BaseException"}
        )
    ]


@_hook
def conda_health_checks() -> list[object]:
    """Have ``conda doctor`` report on telemetry and the heartbeat (conda 23.11 and later)."""
    from conda.plugins.types import CondaHealthCheck

    return [CondaHealthCheck(name="Usage telemetry", action=_action("report_health", takes=1))]


# conda imports this module before its first request, whichever hooks it calls.
_action("extend_user_agent")()

"""The conda plugin: hook implementations, and nothing else.

conda imports this module on every command, and an exception that leaves a hook ends the
command. So it imports nothing heavy, and every hook and every action is harmless.
"""

from __future__ import annotations

import os

from conda.plugins import hookimpl

from .guard import harmless

# The commands that activate environments on their own, to compile what they install.
_CHANGE_ENVIRONMENTS = {
    "create",
    "env_create",
    "env_update",
    "install",
    "remove",
    "rename",
    "uninstall",
    "update",
    "upgrade",
}


@hookimpl
@harmless(otherwise=[])
def conda_subcommands():
    """Add ``conda anon-usage``; and, as the one hook of every command, the User-Agent."""
    from conda.plugins.types import CondaSubcommand

    _extend_user_agent()
    return [
        CondaSubcommand(
            name="anon-usage",
            summary="Show what telemetry conda sends, and why.",
            action=_run_command_line,
        )
    ]


@hookimpl
@harmless(otherwise=[])
def conda_pre_commands():
    """Make ``conda config`` know the settings; mark what is no activation of the user's."""
    from conda.plugins.types import CondaPreCommand

    return [
        CondaPreCommand(
            name="anaconda-anon-usage-settings", action=_add_parameters, run_for={"config"}
        ),
        CondaPreCommand(
            name="anaconda-anon-usage-activations",
            action=_mark_activations,
            run_for=_CHANGE_ENVIRONMENTS,
        ),
    ]


@hookimpl
@harmless(otherwise=[])
def conda_health_checks():
    """Have ``conda doctor`` report on telemetry and the heartbeat (conda 23.11 and later)."""
    from conda.plugins.types import CondaHealthCheck

    return [CondaHealthCheck(name="Anonymous usage", action=_check_health)]


@harmless()
def _extend_user_agent() -> None:
    from .context_patch import extend_user_agent

    extend_user_agent()


def _run_command_line(arguments) -> int:
    from .cli import main

    return main(list(arguments))


@harmless()
def _add_parameters(command: str) -> None:
    from .context_patch import add_parameters

    add_parameters()


@harmless()
def _mark_activations(command: str) -> None:
    # What this process starts inherits the variable, and the launcher ends when it sees it.
    os.environ["_ANACONDA_HEARTBEAT_GUARD"] = "1"


@harmless()
def _check_health(prefix: str, verbose: bool) -> None:
    from .doctor import report

    report(prefix)

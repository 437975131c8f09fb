"""The conda plugin: hook implementations, and nothing else.

conda imports this module on every command, and an exception that leaves a hook ends the
command. So it imports nothing heavy, and no exception leaves a hook or an action.
"""

from __future__ import annotations

import sys

from conda.plugins import hookimpl

from ._common import harmless

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
    """Add ``conda anon-usage``, and extend the User-Agent: every command calls this hook."""
    from conda.plugins.types import CondaSubcommand

    _end_command()  # of an earlier command in this process
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
    """Add the settings to ``conda config``, and prepare for changes of environments."""
    from conda.plugins.types import CondaPreCommand

    return [
        CondaPreCommand(
            name="anaconda-anon-usage-settings", action=_add_parameters, run_for={"config"}
        ),
        CondaPreCommand(
            name="anaconda-anon-usage-before-change",
            action=_before_change,
            run_for=_CHANGE_ENVIRONMENTS,
        ),
        CondaPreCommand(name="anaconda-anon-usage-before-run", action=_before_run, run_for={"run"}),
    ]


@hookimpl
@harmless(otherwise=[])
def conda_post_commands():
    """Install the activation scripts in environments that were created or changed."""
    from conda.plugins.types import CondaPostCommand

    return [
        CondaPostCommand(
            name="anaconda-anon-usage-after-change",
            action=_after_change,
            run_for=_CHANGE_ENVIRONMENTS,
        )
    ]


@hookimpl
@harmless(otherwise=[])
def conda_exception_observers():
    """End a command that fails or is a dry run (conda 26.5 and later)."""
    from conda.plugins.types import CondaExceptionObserver

    return [
        CondaExceptionObserver(
            name="anaconda-anon-usage-end", hook=_end_command, watch_for={"BaseException"}
        )
    ]


@hookimpl
@harmless(otherwise=[])
def conda_health_checks():
    """Have ``conda doctor`` report on telemetry and the heartbeat (conda 23.11 and later)."""
    from conda.plugins.types import CondaHealthCheck

    return [CondaHealthCheck(name="Anonymous usage", action=_check_health)]


@harmless()
def _extend_user_agent() -> None:
    from .conda_integration import extend_user_agent

    extend_user_agent()


def _run_command_line(arguments) -> int:
    from .cli import main

    return main(list(arguments), prog="conda anon-usage")


@harmless()
def _add_parameters(command: str) -> None:
    from .conda_integration import add_parameters

    add_parameters()


@harmless()
def _before_change(command: str) -> None:
    from .conda_integration import before_change

    before_change()


@harmless()
def _after_change(command: str) -> None:
    from .conda_integration import after_change

    after_change()


@harmless()
def _end_command(event: object = None) -> None:
    # Most commands have not changed anything and need not import this.
    if f"{__package__}.conda_integration.commands" in sys.modules:
        from .conda_integration import end_command

        end_command()


@harmless()
def _before_run(command: str) -> None:
    from .conda_integration import before_run

    before_run()


@harmless()
def _check_health(prefix: str, verbose: bool) -> None:
    from .conda_integration import report_health

    report_health(prefix)

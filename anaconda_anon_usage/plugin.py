"""The conda plugin: hook implementations, and nothing else.

conda imports this module on every command, and an exception that leaves a hook ends the
command. So it imports nothing heavy, and every hook and every action is harmless.
"""

from __future__ import annotations

import os

from conda.plugins import hookimpl

from ._common.error_boundary import harmless

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

# When each environment was changed before this command began.
_histories_before: dict[str, int] = {}


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
    """Make ``conda config`` know the settings; get ready for changes of environments."""
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
    """Put the activation scripts into environments that were created or changed."""
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
def conda_health_checks():
    """Have ``conda doctor`` report on telemetry and the heartbeat (conda 23.11 and later)."""
    from conda.plugins.types import CondaHealthCheck

    return [CondaHealthCheck(name="Anonymous usage", action=_check_health)]


@harmless()
def _extend_user_agent() -> None:
    from .conda_integration.context_patch import extend_user_agent

    extend_user_agent()


def _run_command_line(arguments) -> int:
    from .cli import main

    return main(list(arguments), prog="conda anon-usage")


@harmless()
def _add_parameters(command: str) -> None:
    from .conda_integration.context_patch import add_parameters

    add_parameters()


@harmless()
def _before_change(command: str) -> None:
    # What this process starts inherits the variable, and the launcher ends when it sees it.
    os.environ["_ANACONDA_HEARTBEAT_GUARD"] = "1"
    _histories_before.update(_histories())


@harmless()
def _after_change(command: str) -> None:
    after = _histories()
    if after:
        from .activation_scripts import install_in_changed

        install_in_changed(_histories_before, after)


def _histories() -> dict[str, int]:
    """Return when each environment was changed; nothing while the heartbeat is off."""
    from conda.base.context import context

    from .settings.policy import decide_in_conda

    if not decide_in_conda(context, "anaconda_heartbeat"):
        return {}
    from . import activation_scripts as hooks
    from .activation_scripts import environments

    # The target of the command is not always told right (conda before 26.7 takes base for
    # it where `env create` finds the name in a file), so all environments are looked at.
    known = environments.known(context.root_prefix, context.envs_dirs)
    return hooks.histories([*known, context.target_prefix])


@harmless()
def _before_run(command: str) -> None:
    """Have ``conda run`` count as one activation, of the environment that it is for.

    Its script (``wrap_subprocess_call`` in conda/utils.py) activates base first and then
    the environment, which may be the active one. So base is marked as counted one level
    above, as the activation script would mark it, and an active target is not.
    """
    from conda.base.context import context

    level = int(os.environ.get("CONDA_SHLVL") or 0)
    if context.target_prefix != context.root_prefix:
        os.environ[f"_ANACONDA_HEARTBEAT_{level + 1}"] = context.root_prefix
    if context.target_prefix == os.environ.get("CONDA_PREFIX"):
        os.environ.pop(f"_ANACONDA_HEARTBEAT_{level}", None)


@harmless()
def _check_health(prefix: str, verbose: bool) -> None:
    from .conda_integration.doctor import report

    report(prefix)

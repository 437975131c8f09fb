"""What the plugin does before and after conda's commands."""

from __future__ import annotations

import os

_GUARD = "_ANACONDA_HEARTBEAT_GUARD"

# Whether this process has set the guard: an inherited one is not ours to remove.
_guarded = False

# When each environment was last changed before this command.
_histories_before: dict[str, int] = {}


def before_change() -> None:
    """Prepare for a command that creates or changes environments.

    conda activates them itself to compile what it installs. The processes that it starts
    inherit the variable, and the launcher exits if it is set.
    """
    global _guarded
    if _GUARD not in os.environ:
        os.environ[_GUARD] = "1"
        _guarded = True
    _histories_before.update(_histories())


def after_change() -> None:
    """Install the activation scripts in environments that the command created or changed."""
    end_command()
    after = _histories()
    if after:
        from ..activation_scripts import install_in_changed

        install_in_changed(_histories_before, after)


def end_command() -> None:
    """Remove the guard of a command that has ended, successfully or not.

    Before conda 26.5, nothing is called after an exception or a dry run, so the next
    command in the same process removes it.
    """
    global _guarded
    if _guarded:
        _guarded = False
        os.environ.pop(_GUARD, None)


def _histories() -> dict[str, int]:
    """Return when each environment was last changed; nothing while heartbeats are off."""
    from conda.base.context import context

    from ..settings import load_once

    if not load_once(context.target_prefix).heartbeat:
        return {}
    from ..activation_scripts import histories, known_environments

    # The command's target prefix is unreliable: before 26.7, conda reports base if
    # `env create` finds the name in a file. So every environment is examined.
    known = known_environments(context.root_prefix, context.envs_dirs)
    return histories([*known, context.target_prefix])


def before_run() -> None:
    """Have ``conda run`` count its target environment, even if that is active or base.

    anaconda-anon-usage.sh in activate.d skips base once for each level of activation.
    """
    from conda.base.context import context

    level = int(os.environ.get("CONDA_SHLVL") or 0)
    level += context.target_prefix != os.environ.get("CONDA_PREFIX")
    os.environ.pop(f"_ANACONDA_HEARTBEAT_{level}", None)
    if context.target_prefix == context.root_prefix:
        os.environ["_ANACONDA_HEARTBEAT_RUN"] = str(level)

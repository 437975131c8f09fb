"""The User-Agent of a request: conda's own, followed by the token string."""

from __future__ import annotations

import os
import platform
import re

from .._common import conda_version, has_conda, say
from ..settings import Settings
from ..tokens import token_string


def user_agent(prefix: str, settings: Settings) -> str:
    """Return the User-Agent that a heartbeat of an environment carries.

    conda itself is not imported for it: its own User-Agent names the solver, for which it
    loads all its plugins, and the solver takes no part in a heartbeat.

    Args:
        prefix: the environment's directory.
        settings: the settings that hold for it.
    """
    return f"{_without_conda(settings.root_prefix)} {_token_string(prefix, settings)}"


def conda_user_agent(prefix: str, settings: Settings) -> str:
    """Return the User-Agent that conda's own requests about an environment carry.

    Args:
        prefix: the environment's directory.
        settings: the settings that hold for it.

    Returns:
        As user_agent(), but where conda can be imported with the words of conda's own,
        the solver's among them.
    """
    if has_conda():
        try:
            from conda.base.context import context

            own = context.user_agent.partition(" aau/")[0]
            return f"{own} {_token_string(prefix, settings)}"
        except Exception as error:
            say(f"conda's User-Agent can't be used: {type(error).__name__}: {error}")
    return user_agent(prefix, settings)


def _token_string(prefix: str, settings: Settings) -> str:
    return token_string(prefix, settings.anon_usage)


def _without_conda(root: str | None) -> str:
    """Return what ``Context.user_agent`` in conda/base/context.py says without a solver.

    conda's version is left out where there is no conda.
    """
    from importlib import metadata

    parts = [
        ("conda", conda_version(root)),
        ("requests", metadata.version("requests")),
        (platform.python_implementation(), platform.python_version()),
        (platform.system(), platform.release()),
        _distribution(),
        _libc(),
    ]
    return " ".join(
        f"{_visible(name)}/{_visible(version)}" for name, version in parts if name and version
    )


def _distribution() -> tuple[str, str]:
    system = platform.system()
    if system == "Darwin":
        return "OSX", platform.mac_ver()[0]
    if system != "Linux":
        return system, platform.version()
    # Without lsb_release and uname, which are programs of their own and say the same.
    try:
        import distro  # conda brings it

        system = distro.LinuxDistribution(include_lsb=False, include_uname=False)
    except ImportError:
        # Not tried without conda: a mere directory of that name would become a module.
        if not has_conda():
            return "Linux", "unknown"
        try:
            from conda._vendor import distro  # older condas bring a copy of an older one
        except ImportError:
            return "Linux", "unknown"
        system = distro.LinuxDistribution(include_lsb=False)
    return system.id(), system.version(best=True)


def _libc() -> tuple[str, str]:
    try:
        # "glibc 2.36"; there is no such name outside of glibc.
        name, _, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
        return name, version
    except (AttributeError, OSError, ValueError):
        return "", ""


def _visible(text: str) -> str:
    """Return text with everything replaced that may not stand in a header's word."""
    return re.sub(r"[^!-~]+", "_", text)

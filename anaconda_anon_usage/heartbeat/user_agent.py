"""The User-Agent of a request: conda's own, followed by the token string."""

from __future__ import annotations

import os
import platform
import re
import sys

from .._common import conda_version, distribution_version, has_conda, say
from ..settings import Settings
from ..tokens import token_string


def user_agent(prefix: str, settings: Settings) -> str:
    """Return the User-Agent of an environment's heartbeats.

    conda is not imported for it: its own User-Agent names the solver, for which it loads
    all of its plugins, and no solver takes part in a heartbeat.
    """
    # As Context.user_agent in conda/base/context.py, without the solver.
    parts = [
        ("conda", conda_version(settings.root_prefix)),
        ("requests", distribution_version("requests")),
        (platform.python_implementation(), platform.python_version()),
        (platform.system(), platform.release()),
        _distribution(),
        _libc(),
    ]
    own = " ".join(f"{_visible(name)}/{_visible(version)}" for name, version in parts if version)
    return f"{own} {token_string(prefix, settings.anon_usage)}"


def conda_user_agent(prefix: str, settings: Settings) -> str:
    """Return the User-Agent of conda's own requests; without conda, that of heartbeats."""
    if has_conda():
        try:
            runs_conda = "conda.base.context" in sys.modules
            from conda.base.context import context

            if not runs_conda:
                context.__init__()  # reads the condarcs, which importing does not
            own = context.user_agent.partition(" aau/")[0]
            return f"{own} {token_string(prefix, settings.anon_usage)}"
        except Exception as error:
            say(f"conda's User-Agent is not available: {type(error).__name__}: {error}")
    return user_agent(prefix, settings)


def _distribution() -> tuple[str, str]:
    system = platform.system()
    if system == "Darwin":
        return "OSX", platform.mac_ver()[0]
    if system != "Linux":
        return system, platform.version()
    # lsb_release and uname are programs that would add nothing.
    try:
        import distro  # conda requires it

        system = distro.LinuxDistribution(include_lsb=False, include_uname=False)
    except ImportError:
        # Without conda, any directory called conda/_vendor would be imported.
        if not has_conda():
            return "Linux", "unknown"
        try:
            from conda._vendor import distro  # an older copy, in an older conda
        except ImportError:
            return "Linux", "unknown"
        system = distro.LinuxDistribution(include_lsb=False)
    return system.id(), system.version(best=True)


def _libc() -> tuple[str, str]:
    if sys.platform != "linux":
        return "", ""
    try:
        # "glibc 2.36"; other C libraries do not have the name.
        name, _, version = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
        return name, version
    except (OSError, ValueError):
        return "", ""


def _visible(text: str) -> str:
    """Return text with everything replaced that a product token must not contain."""
    return re.sub(r"[^!-~]+", "_", text)

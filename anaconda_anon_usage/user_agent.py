"""The User-Agent of a request: conda's own, followed by the token string."""

from __future__ import annotations

import os
import platform
import re

from . import installation
from .configuration import Settings
from .debug import say
from .tokens import token_string


def user_agent(prefix: str, settings: Settings) -> str:
    """Return the User-Agent that a request about an environment carries.

    Args:
        prefix: the environment's directory.
        settings: the settings that hold for it.
    """
    return f"{without_tokens(settings.root_prefix)} {token_string(prefix, settings.anon_usage)}"


def without_tokens(root: str | None) -> str:
    """Return conda's own User-Agent, or its equivalent where conda can't be imported.

    Args:
        root: the prefix of the conda installation, or None.
    """
    if installation.has_conda():
        try:
            from conda.base.context import context

            return context.user_agent.partition(" aau/")[0]
        except Exception as error:
            say(f"conda's User-Agent can't be used: {type(error).__name__}: {error}")
    return _equivalent(root)


def _equivalent(root: str | None) -> str:
    """Return what ``Context.user_agent`` in conda/base/context.py is made of.

    It leaves out the solver, which takes no part in a heartbeat, and conda's version
    where there is no conda.
    """
    import requests

    parts = [
        ("conda", installation.conda_version(root)),
        ("requests", requests.__version__),
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
    try:
        import distro  # conda brings it

        return distro.id(), distro.version(best=True)
    except ImportError:
        return "Linux", "unknown"


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

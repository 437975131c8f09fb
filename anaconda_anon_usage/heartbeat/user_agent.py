"""The User-Agent of a request: conda's own, followed by the token string."""

from __future__ import annotations

import contextlib
import os
import re
import sys

from .._common import conda_version, distribution_version, has_conda, read_token_text, say
from ..settings import Settings
from ..tokens import token_string

# IDs that the library distro replaces.
_IDS = {"ol": "oracle", "opensuse-leap": "opensuse"}


def user_agent(prefix: str, settings: Settings) -> str:
    """Return the User-Agent of an environment's heartbeats.

    conda is not imported: its own User-Agent names the solver, for which it loads all of its
    plugins, and a heartbeat uses no solver.
    """
    # As platform.python_implementation() spells it, without importing platform.
    python = sys.implementation.name.replace("cpython", "CPython").replace("pypy", "PyPy")
    # As Context.user_agent in conda/base/context.py, without the solver.
    parts = [
        ("conda", conda_version(settings.root_prefix)),
        ("requests", distribution_version("requests")),
        (python, sys.version.split()[0]),
        *_system(),
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
            say(f"conda's User-Agent is not available: {type(error).__name__}")
    return user_agent(prefix, settings)


def _system() -> list[tuple[str, str]]:
    """Return the names and versions of the kernel, the distribution and the C library."""
    if sys.platform == "linux":
        kernel, libc = os.uname(), ""
        with contextlib.suppress(OSError, ValueError):  # a C library other than glibc
            libc = os.confstr("CS_GNU_LIBC_VERSION") or ""  # "glibc 2.36"
        name, _, version = libc.partition(" ")
        return [(kernel.sysname, kernel.release), _linux(os.sep), (name, version)]
    import platform

    system = platform.system()
    version = platform.mac_ver()[0] if system == "Darwin" else platform.version()
    return [(system, platform.release()), ("OSX" if system == "Darwin" else system, version)]


def _linux(root: str) -> tuple[str, str]:
    """Return the ID of a Linux distribution and its most precise version.

    conda gets the same from the library distro, which imports argparse and subprocess. That
    takes a twentieth of a heartbeat's time.
    """

    def read(*names: str) -> str:
        return read_token_text(os.path.join(root, *names)) or ""

    release = read("etc", "os-release") or read("usr", "lib", "os-release")
    fields = dict(re.findall(r"""(?m)^([A-Z_]+)=["']?(.*?)["']?\s*$""", release))
    name = (fields.get("ID") or "linux").lower()
    versions = [fields.get("VERSION_ID", "")]
    for text in (read("etc", "centos-release"), fields.get("PRETTY_NAME", "")):
        versions += re.findall(r"\d+(?:\.\d+)+", text)[:1]
    if "debian" in (name, *fields.get("ID_LIKE", "").split()):
        versions.append(read("etc", "debian_version").strip())
    version = max(filter(None, versions), key=lambda text: text.count("."), default="unknown")
    return _IDS.get(name, name), version


def _visible(text: str) -> str:
    """Replace the characters that a product token must not contain."""
    return re.sub(r"[^!-~]+", "_", text)

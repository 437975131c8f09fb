"""A heartbeat from every shell of this machine, through conda's own shell functions.

The tests need a complete conda installation, ``--conda-root``, on any system (``make
real-conda``). The one from PyPI has no shell functions. The environment's packages come from
the channel in ``AAU_TEST_CHANNEL``.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest
from installed import check
from support import wait_until

WINDOWS = os.name == "nt"

#: Starts each shell without the user's files. Variables have the parameters of the scripts.
SHELLS = {
    "bash": ("bash", "-ec", 'eval "$("$AAU_CONDA" shell.posix hook)"; conda activate "$AAU_PREFIX"'),
    "zsh": ("zsh", "-fec", 'eval "$("$AAU_CONDA" shell.zsh hook)"; conda activate "$AAU_PREFIX"'),
    "fish": ("fish", "--no-config", "-c", "$AAU_CONDA shell.fish hook | source; conda activate $AAU_PREFIX"),
    "pwsh": ("pwsh", "-NoProfile", "-Command", "HOOK"),
    "powershell": ("powershell", "-NoProfile", "-Command", "HOOK"),
    "cmd": ("cmd", "/d", "/c", "call %AAU_ACTIVATE% %AAU_PREFIX%"),
}  # fmt: skip

POWERSHELL = (
    "$ErrorActionPreference = 'Stop';"
    "(& $Env:AAU_CONDA shell.powershell hook) | Out-String | Invoke-Expression;"
    "conda activate $Env:AAU_PREFIX"
)


@pytest.fixture(scope="module")
def root(request) -> Path:
    """The given conda installation."""
    given = request.config.getoption("--conda-root")
    if not given or "AAU_TEST_CHANNEL" not in os.environ:
        pytest.skip("no conda installation or no channel is given")
    return Path(given)


@pytest.fixture(scope="module")
def conda(root) -> Path:
    """The conda program."""
    return root / "Scripts" / "conda.exe" if WINDOWS else root / "bin" / "conda"


@pytest.fixture(scope="module")
def environment(conda, dist, tmp_path_factory) -> Path:
    """An environment with Python and the wheel."""
    home, prefix = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("envs") / "env"
    environ = {**os.environ, "HOME": str(home), "USERPROFILE": str(home)}
    check(
        [
            *(conda, "create", "--yes", "--prefix", prefix),
            *("--override-channels", "--channel", os.environ["AAU_TEST_CHANNEL"]),
            *("python", "requests", "ruamel.yaml"),
        ],
        environ,
    )
    python = prefix / ("python.exe" if WINDOWS else "bin/python")
    check(
        [
            *(sys.executable, "-m", "pip", "--python", python),
            *("install", "--no-deps", "--no-index", dist.wheel),
        ],
        environ,
    )
    return prefix


@pytest.mark.parametrize("shell", SHELLS)
def test_an_activation_sends_a_heartbeat_and_prints_nothing(
    shell, root, conda, environment, receiver, home
):
    """The script runs ``conda activate``, as a user would."""
    program, *options = SHELLS[shell]
    # Test Unix shells only on Unix, and Windows shells only on Windows.
    if not shutil.which(program) or (WINDOWS and program in ("bash", "zsh", "fish")):
        pytest.skip(f"{program} is not installed")
    variables = {
        "AAU_ACTIVATE": str(root / "condabin" / "activate.bat"),
        "AAU_CONDA": str(conda),
        "AAU_PREFIX": str(environment),
        "HOME": str(home),
        "USERPROFILE": str(home),
    }
    options = [POWERSHELL if option == "HOOK" else option for option in options]
    output = check([program, *options], {**os.environ, **variables})
    assert output == ""
    wait_until(lambda: receiver.log)
    [(request, _)] = receiver.log
    token = (environment / "etc" / "aau_token").read_text().strip()
    assert request.headers["User-Agent"].endswith(f" e/{token}")

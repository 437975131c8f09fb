"""A heartbeat from every shell of this machine, through conda's own shell functions.

The tests need a complete conda installation, ``--conda-root``, on any system (``make
real-conda``). The one from PyPI has no shell functions. The environment's packages come from
the channel in ``AAU_TEST_CHANNEL``.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path

import pytest
from installed import check
from support import missing, wait_until

WINDOWS = os.name == "nt"

ACTIVATE, DEACTIVATE = 'conda activate "$AAU_PREFIX"', "conda deactivate"

#: Activates, reactivates, deactivates and activates: two activations.
STEPS = (ACTIVATE, ACTIVATE, DEACTIVATE, ACTIVATE)

POWERSHELL = "; ".join(
    [
        "$ErrorActionPreference = 'Stop'",
        "& $Env:AAU_CONDA shell.powershell hook | Out-String | Invoke-Expression",
        *(step.replace('"$AAU_PREFIX"', "$Env:AAU_PREFIX") for step in STEPS),
    ]
)

CMD = " & ".join(
    "call " + step.replace("conda", "%AAU_CONDA_BAT%", 1).replace('"$AAU_PREFIX"', "%AAU_PREFIX%")
    for step in STEPS
)

#: Starts each shell without the user's files. Variables have the parameters of the scripts.
SHELLS = {
    "bash": ("bash", "-ec", "; ".join(['eval "$("$AAU_CONDA" shell.posix hook)"', *STEPS])),
    "pwsh": ("pwsh", "-NoProfile", "-NonInteractive", "-Command", POWERSHELL),
}
if WINDOWS:
    SHELLS |= {
        "cmd": ("cmd", "/d", "/c", CMD),
        "powershell": ("powershell", *SHELLS["pwsh"][1:]),
    }
else:
    SHELLS |= {
        "fish": ("fish", "--no-config", "-c", "; ".join(["$AAU_CONDA shell.fish hook | source", *STEPS])),
        "zsh": ("zsh", "-fec", "; ".join(['eval "$("$AAU_CONDA" shell.zsh hook)"', *STEPS])),
    }  # fmt: skip

#: Seconds after which no further heartbeat arrives: more than the deadline.
SETTLED = 8


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
    # A first start is slow, and on Windows it is scanned.
    check([python, "-Im", "anaconda_anon_usage", "tokens"], environ)
    return prefix


@pytest.mark.parametrize("shell", SHELLS)
def test_an_activation_sends_a_heartbeat_and_prints_nothing(
    shell, root, conda, environment, receiver, home
):
    """The script runs ``conda activate``, as a user would."""
    program, *options = SHELLS[shell]
    if not shutil.which(program):
        # Windows has all of its shells, while Unix needs none of these.
        (missing if WINDOWS else pytest.skip)(f"{program} is not installed")
    variables = {
        **os.environ,
        "AAU_CONDA_BAT": str(root / "condabin" / "conda.bat"),
        "AAU_CONDA": str(conda),
        "AAU_PREFIX": str(environment),
    }
    hook = check([conda, "shell.powershell", "hook"], variables)
    if shell == "pwsh" and '$Env:_CE_M = ""' in hook:
        pytest.skip("PowerShell passes the empty variables of this conda as arguments since 7.5")
    assert "" == check([program, *options], variables)
    wait_until(lambda: len(receiver.log) == 2)
    time.sleep(SETTLED)
    token = (environment / "etc" / "aau_token").read_text().strip()
    agents = [request.headers["User-Agent"].rpartition(" ")[2] for request, _ in receiver.log]
    assert [f"e/{token}"] * 2 == agents

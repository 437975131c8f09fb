"""``conda anon-usage``, ``conda doctor``, and what the plugin costs every command."""

from __future__ import annotations

import os
import subprocess

import pytest
from support import HOSTILE


def test_the_command_line_is_a_subcommand(conda, base):
    """With the same output as the program and the module."""
    as_subcommand = conda(base, "anon-usage")
    as_module = subprocess.run(
        [base.python, "-I", "-m", "anaconda_anon_usage"],
        env={"HOME": os.environ["HOME"], "CONDA_SOLVER": "classic"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert as_subcommand.returncode == as_module.returncode == 0
    assert [line.partition(":")[0] for line in as_subcommand.stdout.splitlines()] == [
        "telemetry",
        "heartbeat",
        "User-Agent",
        "environment",
        "activation script",
        f"  {base.prefix}",
    ]
    assert as_subcommand.stdout.splitlines()[:2] == as_module.stdout.splitlines()[:2]


def test_its_exit_status_is_the_commands(conda, base):
    """A wrong environment is 2 here as well."""
    done = conda(base, "anon-usage", "heartbeat", "--prefix", "/nowhere")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "anaconda-anon-usage: error: no environment is at '/nowhere'\n"


def test_tokens_are_printed(conda, base):
    """As the module prints them."""
    done = conda(base, "anon-usage", "tokens", CONDA_PREFIX=str(base.prefix))
    assert done.stdout.startswith("aau/")
    assert " e/" in done.stdout


def has_health_checks(base) -> bool:
    """Return whether this conda knows the hook for ``conda doctor``."""
    code = "from conda.plugins.types import CondaHealthCheck"
    return subprocess.run([base.python, "-Ic", code], capture_output=True).returncode == 0


@pytest.mark.parametrize(
    "scripts, heartbeat, expected",
    [
        (True, "true", "✅ activation script: installed"),
        (False, "true", "❌ activation script: missing, so this environment sends no heartbeat"),
        (False, "false", "✅ activation script: not installed, and not needed"),
    ],
)
def test_doctor_reports(conda, base, home, tmp_path, scripts, heartbeat, expected):
    """Heartbeat on or off and why, the activation script, the token files."""
    if not has_health_checks(base):
        pytest.skip("this conda's doctor has no checks of plugins")
    (home / ".condarc").write_text(f"anaconda_heartbeat: {heartbeat}\n")
    prefix = tmp_path / HOSTILE
    (prefix / "conda-meta").mkdir(parents=True)
    (prefix / "conda-meta" / "history").touch()
    if scripts:
        base.install_scripts(prefix)
    (prefix / "etc").mkdir(exist_ok=True)
    (prefix / "etc" / "aau_token").write_text("no token\n")
    done = conda(base, "doctor", "--prefix", prefix)
    state = "on" if heartbeat == "true" else "off"
    assert f"heartbeat is {state} ({home}/.condarc, line 1)\n" in done.stdout
    assert expected in done.stdout
    assert f"❌ environment token: invalid: {prefix}/etc/aau_token\n" in done.stdout


@pytest.mark.parametrize(
    "arguments, most",
    [
        (["list", "--json"], 6),  # sends no request, so it needs no User-Agent
        (["info", "--json"], 21),
    ],
)
@pytest.mark.unmeasured
def test_few_modules_are_imported(base, plain_base, environ, arguments, most):
    """conda imports the plugin on every command. The numbers may only go down."""
    added = base.modules(arguments, environ) - plain_base.modules(arguments, environ)
    assert len(added) <= most, sorted(added)

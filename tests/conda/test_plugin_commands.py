"""``conda anon-usage``, ``conda doctor``, and the import cost of the plugin."""

from __future__ import annotations

import subprocess

import pytest
from support import HOSTILE


def test_the_subcommand_matches_the_program(conda, base, environ):
    """The output equals that of the program and the module."""
    as_subcommand = conda(base, "anon-usage")
    as_module = subprocess.run(
        [base.python, "-I", "-m", "anaconda_anon_usage"],
        env=environ,
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
    ]
    assert as_subcommand.stdout.splitlines()[:2] == as_module.stdout.splitlines()[:2]


def test_the_subcommand_returns_the_exit_status(conda, base):
    """An invalid environment returns 2 here, too."""
    done = conda(base, "anon-usage", "heartbeat", "--prefix", "/nowhere")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "anaconda-anon-usage: error: no environment is at '/nowhere'\n"


def test_the_subcommand_prints_tokens(conda, base):
    """The output equals that of the module."""
    done = conda(base, "anon-usage", "tokens", CONDA_PREFIX=str(base.prefix))
    assert done.stdout.startswith("aau/")
    assert " e/" in done.stdout


def has_health_checks(base) -> bool:
    """Return whether this conda supports health checks of plugins."""
    code = "from conda.plugins.types import CondaHealthCheck"
    return subprocess.run([base.python, "-Ic", code], capture_output=True).returncode == 0


@pytest.mark.parametrize(
    "scripts, heartbeat, expected",
    [
        (True, "true", "✅ activation script: current\n"),
        (False, "true", "❌ activation script: missing (see anaconda-anon-usage hooks)\n"),
        (False, "false", "✅ activation script: not needed while heartbeats are off\n"),
    ],
)
def test_doctor_reports_the_state(conda, base, home, tmp_path, scripts, heartbeat, expected):
    """The heartbeat and the reason for its state, the activation script, the token files."""
    if not has_health_checks(base):
        pytest.skip("this conda does not support health checks of plugins")
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
    "log, expected",
    [
        ("{home}/log", "✅ log: {home}/log"),
        ("log", "❌ log: cannot be written: log: not an absolute path"),
        (
            "{home}/none/log",
            "❌ log: cannot be written: {home}/none/log: No such file or directory",
        ),
        ("{home}", "❌ log: cannot be written: {home}: Is a directory"),
    ],
)
def test_doctor_checks_the_log(conda, base, home, log, expected):
    """A log that cannot be written is refused without a message elsewhere."""
    if not has_health_checks(base):
        pytest.skip("this conda's doctor has no checks of plugins")
    done = conda(base, "doctor", ANACONDA_ANON_USAGE_LOG=log.format(home=home))
    [line] = [line for line in done.stdout.splitlines() if " log: " in line]
    assert expected.format(home=home) == line


@pytest.mark.parametrize(
    "arguments, most",
    [
        (["list", "--json"], 6),  # sends no request, so it needs no User-Agent
        (["info", "--json"], 22),
    ],
)
@pytest.mark.unmeasured
def test_few_modules_are_imported(base, plain_base, environ, arguments, most):
    """conda imports the plugin for every command. These numbers must not increase."""
    added = base.modules(arguments, environ) - plain_base.modules(arguments, environ)
    assert len(added) <= most, sorted(added)

"""Reports are correct and complete, and commands leave no state behind in their process."""

from __future__ import annotations

import json
import subprocess

import pytest
from servers import silent

NO_ANSWER = "no response within 5 s; the request may have arrived"


@pytest.fixture
def run_heartbeat(someone, base, environ, server):
    """Send a heartbeat to a server that receives it and does not respond."""
    receiver = server(silent)

    def run(*options):
        command = [*someone, base.python, "-I", "-m", "anaconda_anon_usage.heartbeat"]
        done = subprocess.run(
            [*command, "--channel", receiver.url, *options],
            env={**environ, "CONDA_PREFIX": str(base.prefix)},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert 1 == len(receiver.heads)
        return done

    return run


def test_a_heartbeat_without_a_response_may_have_been_received(run_heartbeat):
    """The server received it."""
    done = run_heartbeat()
    lines = dict(line.split(":", 1) for line in done.stdout.splitlines())
    assert (1, NO_ANSWER) == (done.returncode, lines["sent"].strip())
    assert "not sent" not in done.stdout


def test_a_heartbeat_without_a_response_has_an_unknown_outcome_in_json(run_heartbeat):
    """The value is ``null``, not ``false``."""
    found = json.loads(run_heartbeat("--json").stdout)
    assert (None, None, NO_ANSWER) == tuple(found[key] for key in ("sent", "status", "error"))


# conda doctor

REPORT = """
import os, sys
sys.stdout.reconfigure(encoding=sys.argv[1], errors="strict")
from anaconda_anon_usage.conda_integration import report_health
report_health(os.environ["CONDA_PREFIX"])
"""


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_doctor_prints_every_line_in_every_encoding(someone, base, environ, tmp_path, encoding):
    """Windows consoles often have no emoji, and a prefix can contain any character."""
    env = base.make_environment(tmp_path / "environment 片")
    (env / ".condarc").write_text("offline: maybe\n")
    done = subprocess.run(
        [*someone, base.python, "-I", "-c", REPORT, encoding],
        env={**environ, "CONDA_PREFIX": str(env)},
        capture_output=True,
        timeout=60,
    )
    lines = done.stdout.decode(encoding).splitlines()
    ok, problem = ("✅", "❌") if encoding == "utf-8" else ("[ok]", "[problem]")
    shown = str(env).encode(encoding, "backslashreplace").decode(encoding)
    assert (0, b"") == (done.returncode, done.stderr)
    assert [
        "Usage telemetry:",
        "",
        "telemetry is on (the default)",
        "heartbeat is off (the default)",
        f"{problem} heartbeats cannot be sent: offline: not a boolean",
        f"{ok} activation script: current",
        f"{ok} client token: created when needed: {environ['HOME']}/.conda/aau_token",
        f"{ok} environment token: created when needed: {shown}/etc/aau_token",
        "",
    ] == lines


# The guard variable of commands that change environments

GUARD = """
import contextlib, io, os, sys
from conda.cli.main import main_subshell
from conda.exception_handler import conda_exception_handler

def run(*arguments):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        conda_exception_handler(main_subshell, *arguments)
    return os.environ.get("_ANACONDA_HEARTBEAT_GUARD")

create = ["create", "--yes", "--offline", "--quiet", "--prefix", sys.argv[1]]
commands = {
    "success": create,
    "dry run": [*create, "--dry-run"],
    "exception": [*create, "no-such-package"],
}
print(run(*commands[sys.argv[2]]), run("info"))
"""


@pytest.fixture
def guards(someone, base, environ, home):
    """Run two commands in one process, and return the guard after each."""

    def run(kind, **variables):
        done = subprocess.run(
            [*someone, base.python, "-I", "-c", GUARD, home / "env", kind],
            env={**environ, "CONDA_CHANNELS": "", **variables},
            capture_output=True,
            text=True,
            timeout=120,
        )
        return done.stdout.split()

    return run


def test_the_guard_ends_with_its_command(guards):
    """A program can run several conda commands in one process, and activate between them."""
    assert ["None", "None"] == guards("success")


@pytest.mark.parametrize("kind", ["dry run", "exception"])
def test_a_later_command_recognizes_a_stale_guard(guards, kind):
    """Before conda 26.5, plugins are not notified if a command fails."""
    assert "None" == guards(kind)[1]


@pytest.mark.parametrize("kind", ["dry run", "exception"])
def test_the_guard_ends_with_an_exception(guards, base, kind):
    """conda 26.5 and later report exceptions to plugins; a dry run is one, too."""
    code = "from conda.plugins.types import CondaExceptionObserver"
    if subprocess.run([base.python, "-Ic", code], capture_output=True).returncode:
        pytest.skip("this conda reports no exceptions to plugins")
    assert ["None", "None"] == guards(kind)


@pytest.mark.parametrize("kind", ["success", "dry run", "exception"])
def test_an_inherited_guard_is_kept(guards, kind):
    """It was set by the command that started this one."""
    assert ["1", "1"] == guards(kind, _ANACONDA_HEARTBEAT_GUARD="1")

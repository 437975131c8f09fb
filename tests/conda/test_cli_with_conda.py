"""The command line with a real conda: each way to start it, each command, text and JSON."""

from __future__ import annotations

import json
import os
import re
import subprocess

import pytest
from conda_root import Base

from anaconda_anon_usage import __version__

#: Each command that reads, and the keys of its JSON output.
READING = [
    ([], {"version", "telemetry", "heartbeat", "url", "obstacle", "user_agent", "prefix", "environments"}),
    (["tokens"], {"telemetry", "token_string", "tokens"}),
    (
        ["heartbeat", "--dry-run"],
        {"heartbeat", "url", "user_agent", "prefix", "proxy", "proxy_problem", "dry_run",
         "obstacle", "sent", "status", "seconds", "error"},
    ),
]  # fmt: skip


@pytest.fixture(params=["conda anon-usage", "anaconda-anon-usage", "python -m anaconda_anon_usage"])
def start(request, base) -> list:
    """A way to start the command line."""
    return {
        "conda anon-usage": [base.conda, "anon-usage"],
        "anaconda-anon-usage": [base.prefix / "bin" / "anaconda-anon-usage"],
        "python -m anaconda_anon_usage": [base.python, "-Im", "anaconda_anon_usage"],
    }[request.param]


@pytest.fixture
def run(environ):
    """A function that runs a command and returns exit status, stdout and stderr."""

    def run(command: list, *arguments, **variables):
        done = subprocess.run(
            [*command, *arguments],
            # conda 24.9 to 25.7 warn if no channel is configured.
            env={**environ, "CONDA_CHANNELS": "defaults", **variables},
            capture_output=True,
            text=True,
            timeout=120,
        )
        return done.returncode, done.stdout, done.stderr

    return run


@pytest.fixture
def program(base) -> list:
    """The installed program."""
    return [base.prefix / "bin" / "anaconda-anon-usage"]


@pytest.mark.parametrize("arguments, keys", READING)
def test_stdout_is_only_json(run, start, arguments, keys):
    """This holds for every way to start the command line."""
    status, printed, errors = run(start, *arguments, "--json")
    assert (0, "") == (status, errors)
    assert keys == set(json.loads(printed))


@pytest.mark.parametrize("arguments", [[], ["tokens"], ["heartbeat"], ["hooks"]])
def test_the_usage_line_can_be_copied(run, request, start, arguments):
    """It has the name under which the program was started."""
    name = request.node.callspec.params["start"]
    status, printed, errors = run(start, *arguments, "--help")
    assert (0, "") == (status, errors)
    assert " ".join(["\n\nusage:", name, *arguments, "[-h] [--version]"]) in printed


def test_version_is_the_packages(run, start):
    """``conda anon-usage --version`` does not print conda's version."""
    assert (0, f"anaconda-anon-usage {__version__}\n", "") == run(start, "--version")


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["--bogus"], "unrecognized arguments: --bogus; see "),
        (["tokens", "-n", "nowhere"], "no environment is named 'nowhere'\n"),
        (["hooks", "-p", "/nowhere"], "no environment is at '/nowhere'\n"),
    ],
)
def test_a_usage_error_is_one_line_with_exit_status_2(run, start, arguments, message):
    """This also holds through conda, which formats its own errors differently."""
    status, printed, errors = run(start, *arguments)
    assert (2, "", 1) == (status, printed, errors.count("\n"))
    assert errors.startswith(f"anaconda-anon-usage: error: {message}")


@pytest.mark.parametrize("arguments", [[], ["--help"], ["tokens", "--json"]])
def test_a_closed_stdout_prints_no_traceback(start, environ, arguments):
    """``| head -1`` closes it."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*start, *arguments],
        env={**environ, "CONDA_CHANNELS": "defaults"},
        stdout=writer,
        stderr=subprocess.PIPE,
        timeout=120,
    )
    os.close(writer)
    assert (1, b"") == (done.returncode, done.stderr)


def test_the_deciding_file_and_line_are_named(run, start, home):
    """conda's own configuration has no line numbers."""
    condarc = home / ".condarc"
    condarc.write_text("# mine\n\nanaconda_heartbeat: true\nanaconda_anon_usage: yes\n")
    found = json.loads(run(start, "--json")[1])
    on = {"on": True, "value": True, "source": str(condarc), "locked": False, "problem": None}
    assert ({**on, "line": 4}, {**on, "line": 3}) == (found["telemetry"], found["heartbeat"])
    lines = run(start)[1].splitlines()
    assert [f"on ({condarc}, line 4)", f"on ({condarc}, line 3)"] == [
        re.split(": +", line)[1] for line in lines[:2]
    ]


def test_an_administrators_lock_is_named(run, own_base, home):
    """The user's file is ignored then."""
    system = own_base.prefix / ".condarc"
    system.write_text("anaconda_anon_usage: false #!final\n")
    (home / ".condarc").write_text("anaconda_anon_usage: true\n")
    program = [own_base.prefix / "bin" / "anaconda-anon-usage"]
    found = json.loads(run(program, "--json")[1])["telemetry"]
    assert {
        "on": False,
        "value": False,
        "source": str(system),
        "line": 1,
        "locked": True,
        "problem": None,
    } == found
    assert f"telemetry:         off ({system}, line 1, locked by #!final)\n" in run(program)[1]


def test_an_environments_own_condarc_is_used(run, program, base, tmp_path):
    """The status is that of the environment in ``--name``."""
    prefix = base.make_environment(tmp_path / "envs" / "quiet")
    (prefix / ".condarc").write_text("anaconda_anon_usage: false\n")
    variables = {"CONDA_ENVS_DIRS": str(tmp_path / "envs")}
    found = json.loads(run(program, "--json", "-n", "quiet", **variables)[1])
    assert (str(prefix), f"{prefix}/.condarc") == (found["prefix"], found["telemetry"]["source"])
    assert found["user_agent"].endswith(f" aau/{__version__}")
    assert json.loads(run(program, "--json", **variables)[1])["telemetry"]["on"] is True


@pytest.mark.parametrize("solver", ["classic", "libmamba"])
def test_the_status_has_the_solver_of_a_condarc(run, start, home, environ, solver):
    """conda's User-Agent names it unless it is the classic one."""
    (home / ".condarc").write_text(f"solver: {solver}\n")
    del environ["CONDA_SOLVER"]
    found = json.loads(run(start, "--json")[1])
    assert (solver != "classic") == (" solver/" in found["user_agent"])


def test_the_user_agent_is_the_one_of_the_request(run, program, receiver):
    """``status`` shows the same tokens, except for the session token of another process."""
    status, printed, _ = run(
        program, "heartbeat", "--json", "--channel", receiver.url_for("/x"), "-n", "base"
    )
    [(request, _)] = receiver.log
    found = json.loads(printed)
    assert (0, True, 404) == (status, found["sent"], found["status"])
    assert request.headers["User-Agent"] == found["user_agent"]
    shown = json.loads(run(program, "--json", "-n", "base")[1])["user_agent"]
    sent, shown = (
        re.sub(r" s/\S+", "", text.partition(" aau/")[2]) for text in (found["user_agent"], shown)
    )
    assert sent == shown


def test_a_failed_heartbeat_is_reported_in_json(run, program):
    """Nothing listens on the port."""
    status, printed, errors = run(program, "heartbeat", "--json", "--channel", "http://127.0.0.1:9")
    found = json.loads(printed)
    assert (1, "", False, None) == (status, errors, found["sent"], found["status"])
    assert "ConnectionError: " in found["error"]
    assert "Connection refused" in found["error"]
    assert found["seconds"] >= 0


def test_an_obstacle_is_reported_in_json(run, program):
    """No request is attempted."""
    status, printed, _ = run(program, "heartbeat", "--json", CONDA_OFFLINE="1")
    found = json.loads(printed)
    assert (1, "offline is on", False, None, None) == (
        status,
        *(found[key] for key in ("obstacle", "sent", "seconds", "error")),
    )


def test_environments_with_the_script_are_counted(run, own_base: Base, tmp_path, home):
    """The JSON lists them. The text has the command that installs the missing scripts."""
    (home / ".condarc").write_text("anaconda_heartbeat: true\n")
    program = [own_base.prefix / "bin" / "anaconda-anon-usage"]
    envs = tmp_path / "envs"
    for name in ("changed", "current", "older", "without"):
        (envs / name / "conda-meta").mkdir(parents=True)
        (envs / name / "conda-meta" / "history").touch()
    variables = {"CONDA_ENVS_DIRS": str(envs)}
    for name in ("changed", "current", "older"):
        run(program, "hooks", "--install", "-n", name, **variables)
    script = "etc/conda/activate.d/anaconda-anon-usage.sh"
    (envs / "older" / script).unlink()
    (envs / "changed" / script).write_bytes((envs / "current" / script).read_bytes() + b"#\n")
    lines = run(program, **variables)[1].splitlines()
    assert [
        "activation script: in 4 of 5 environments",
        "to install or update the scripts: anaconda-anon-usage hooks --install --all",
    ] == lines[-2:]
    found = json.loads(run(program, "--json", **variables)[1])["environments"]
    assert {
        str(own_base.prefix): "package",
        f"{envs}/changed": "modified",
        f"{envs}/current": "current",
        f"{envs}/older": "outdated",
        f"{envs}/without": "missing",
    } == {script["prefix"]: script["state"] for script in found}

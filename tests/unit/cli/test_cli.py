"""The command line without conda: arguments, output and exit statuses."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys

import pytest
from command_lines import COMMAND, environ, on_terminal, run
from support import PATIENCE, posix

from anaconda_anon_usage import __version__, cli

COMMANDS = [name for name, _, _ in cli.COMMANDS]

MODULES = ["tokens", "heartbeat"]


@pytest.fixture
def environment(tmp_path):
    """An environment that can be found by its name."""
    prefix = tmp_path / "envs" / "analysis"
    (prefix / "conda-meta").mkdir(parents=True)
    (prefix / "conda-meta" / "history").touch()
    return prefix


def test_status_shows_settings_and_their_sources(home, environment):
    """It is the default command."""
    condarc = home / ".condarc"
    condarc.write_text("anaconda_anon_usage: off\nanaconda_heartbeat: https://127.0.0.1/x\n")
    status, printed, errors = run("--prefix", str(environment), CONDA_ENVS_DIRS=environment.parent)
    lines = printed.splitlines()
    assert (0, "") == (status, errors)
    user_agent = lines.pop(3)
    assert re.fullmatch(rf"User-Agent:        requests/\S+ .* aau/{__version__}", user_agent)
    assert [
        f"telemetry:         off ({condarc}, line 1)",
        f"heartbeat:         on ({condarc}, line 2)",
        "sent to:           https://127.0.0.1/x",
        f"environment:       {environment}",
        "activation script: in 0 of 1 environments",
        "to install or update the scripts: anaconda-anon-usage hooks --install --all",
    ] == lines


def test_status_as_json(home, environment):
    """The JSON has the same information."""
    condarc = home / ".condarc"
    condarc.write_text("anaconda_heartbeat: ftp://x\noffline: true\n")
    variables = {"CONDA_ENVS_DIRS": environment.parent, "DO_NOT_TRACK": "1"}
    status, printed, errors = run("--json", "--name", "analysis", **variables)
    assert (0, "") == (status, errors)
    found = json.loads(printed)
    off = {"on": False, "value": False, "source": "DO_NOT_TRACK", "line": None}
    off |= {"locked": False, "problem": None}
    assert (off, off) == (found.pop("telemetry"), found.pop("heartbeat"))
    assert found.pop("user_agent").endswith(f" aau/{__version__}")
    assert {
        "version": __version__,
        "url": "https://conda.anaconda.org/main/noarch/activate-0.0.0-0.conda",
        "obstacle": "offline is on",
        "prefix": str(environment),
    }.items() <= found.items()
    [script] = found["environments"]
    assert str(environment) == script["prefix"]


def test_status_shows_the_obstacle_of_a_heartbeat_that_is_on(home):
    """A heartbeat that is on may still not be sent."""
    (home / ".condarc").write_text("anaconda_heartbeat: on\noffline: true\n")
    assert "\nnot sent:          offline is on\n" in run()[1]


@posix
def test_an_invalid_value_is_reported(home):
    """It disables the setting. The status names the line, but not the value."""
    (home / ".condarc").write_text("\nanaconda_heartbeat: 2\n")
    reason = "neither true nor false nor a full http(s) URL"
    assert f"off ({home}/.condarc, line 2: {reason})" in run()[1]
    found = json.loads(run("--json")[1])["heartbeat"]
    assert (2, reason) == (found["line"], found["problem"])


def test_a_variable_is_not_looked_up_as_a_file(tmp_path, monkeypatch):
    """The current directory may contain a file of that name."""
    (tmp_path / "CONDA_ANACONDA_HEARTBEAT").write_text("anaconda_heartbeat: on\n")
    done = subprocess.run(
        COMMAND,
        env=environ(CONDA_ANACONDA_HEARTBEAT="off"),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert "off (CONDA_ANACONDA_HEARTBEAT)\n" in done.stdout


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["bogus"], "argument COMMAND: invalid choice: 'bogus' "),
        (["--bogus"], "unrecognized arguments: --bogus; see "),
        (["--json", "tokens"], "put options after the command: "),
        (["-n", "base", "hooks"], "put options after the command: "),
        (["-n"], "argument -n/--name: expected one argument; see "),
        (["-n", "a", "-p", "b"], "argument -p/--prefix: not allowed with argument -n/--name; see "),
        (["-p", "/nowhere"], "no environment is at '/nowhere'"),
        (["-n", "a\nb"], "no environment is named 'a\\nb'"),
        (["tokens", "-n", ""], "no environment is named ''"),
        (["tokens", "a\nb"], "unrecognized arguments: a b; see "),
        (["tokens", "--detail", "--paths"], "argument --paths: not allowed with argument "),
        (["heartbeat", "--channel", "ftp://x"], "not a channel with an http(s) URL: ftp://x"),
        (["heartbeat", "--channel", "./x"], "not a channel with an http(s) URL: ./x"),
        (["heartbeat", "--json", "--quiet"], "argument -q/--quiet: not allowed with argument "),
        (["heartbeat", "-p", "/nowhere"], "no environment is at '/nowhere'"),
        (["hooks", "--install", "--remove"], "argument --remove: not allowed with argument "),
        (["hooks", "-p", "/nowhere"], "no environment is at '/nowhere'"),
    ],
)
def test_a_usage_error_is_one_line_with_exit_status_2(arguments, message):
    """Stdout is empty, because a program may expect JSON there."""
    status, printed, errors = run(*arguments)
    assert (2, "", 1) == (status, printed, errors.count("\n"))
    assert errors.startswith(f"anaconda-anon-usage: error: {message}")


@pytest.mark.parametrize("arguments", [[], *([name] for name in COMMANDS)])
def test_every_command_has_version_and_help(arguments):
    """The help has the purpose, the usage, two examples and the exit statuses."""
    assert (0, f"anaconda-anon-usage {__version__}\n", "") == run(*arguments, "--version")
    status, printed, errors = run(*arguments, "--help")
    assert (0, "") == (status, errors)
    purpose, _, rest = printed.partition("\n\n")
    assert ("", 1) == (purpose.partition(".")[2], len(purpose.splitlines()))
    usage = " ".join(["usage: python -m anaconda_anon_usage", *arguments, "[-h] [--version]"])
    assert rest.startswith(usage)
    examples = rest.partition("\nexamples:\n")[2].partition("\n\n")[0].splitlines()
    assert 2 == len(examples)
    assert "\nexit status: 0 " in rest
    # ``deploy`` writes files and prints no data.
    assert (" --json " in printed) is (arguments != ["deploy"])


@pytest.mark.parametrize("module", MODULES)
def test_every_module_has_version_and_help(module):
    """``python -m`` can run each of them."""
    name = f"anaconda_anon_usage.{module}"
    assert (0, f"anaconda-anon-usage {__version__}\n", "") == run("--version", module=name)
    status, printed, errors = run("--help", module=name)
    assert (0, "") == (status, errors)
    assert f"\n\nusage: python -m {name} [-h] [--version]" in printed


@posix
@pytest.mark.parametrize(
    "arguments", [[], ["--help"], ["--json"], ["tokens"], ["heartbeat", "--dry-run"], ["hooks"]]
)
def test_a_closed_pipe_prints_no_traceback(arguments):
    """``| head -1`` closes it."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*COMMAND, *arguments],
        env=environ(),
        stdout=writer,
        stderr=subprocess.PIPE,
        timeout=PATIENCE,
    )
    os.close(writer)
    assert (1, b"") == (done.returncode, done.stderr)


@posix
def test_a_full_disk_is_a_one_line_error():
    """So is any unexpected error."""
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*COMMAND, "tokens"],
            env=environ(),
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=PATIENCE,
        )
    expected = b"anaconda-anon-usage: error: OSError: [Errno 28] No space left on device\n"
    assert (1, expected) == (done.returncode, done.stderr)


@posix
def test_a_traceback_is_printed_on_request_only():
    """The variable for debug output requests it."""
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*COMMAND, "tokens"],
            env=environ(ANACONDA_ANON_USAGE_DEBUG=1),
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=PATIENCE,
        )
    assert (1, True) == (done.returncode, b"Traceback (most recent call last):" in done.stderr)


@posix
def test_a_closed_stdout_is_no_error():
    """A service may not have one."""
    done = subprocess.run(
        ["sh", "-c", 'exec "$0" -m anaconda_anon_usage --json >&-', sys.executable],
        env=environ(),
        stderr=subprocess.PIPE,
        timeout=PATIENCE,
    )
    assert (0, b"") == (done.returncode, done.stderr)


@posix
def test_ctrl_c_prints_no_traceback():
    """The exit status is the usual one of shells."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        process = subprocess.Popen(
            [*COMMAND, "heartbeat", "--channel", url],
            env=environ(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        connection, _ = server.accept()
        with connection:
            process.send_signal(signal.SIGINT)
            printed, errors = process.communicate(timeout=PATIENCE)
    assert (130, b"", b"") == (process.returncode, printed, errors)


@posix
@pytest.mark.parametrize("arguments", [[], ["tokens"], ["tokens", "--detail"], ["hooks"]])
def test_a_terminal_gets_plain_text(arguments):
    """Text without control codes can be copied and searched."""
    assert "\033" not in on_terminal([*COMMAND, *arguments], environ(TERM="xterm"))


@posix
def test_a_path_that_is_not_utf8_is_printed(tmp_path):
    """Such bytes are escaped."""
    prefix = tmp_path / "\udcff"
    (prefix / "conda-meta").mkdir(parents=True)
    status, printed, errors = run("hooks", "--prefix", str(prefix))
    assert (0, "", True) == (status, errors, r"/\udcff  blocked" in printed)

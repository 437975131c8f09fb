"""The log of heartbeats, which shows administrators what happens in the background."""

from __future__ import annotations

import json
import os
import re
import socket
import stat
import subprocess
import sys

import pytest
from conda_root import DEADLINE
from support import taken, tool, wait_until

from anaconda_anon_usage.heartbeat import slots

KEYS = ["time", "prefix", "url", "user_agent", "status", "error", "seconds"]


@pytest.fixture
def prefix(base, tmp_path):
    """An environment with the activation scripts."""
    return base.make_environment(tmp_path / "env")


@pytest.fixture
def activate(base, prefix, environ):
    """A function that starts the heartbeat as the launcher does, and waits for its end."""

    def run(**variables):
        done = subprocess.run(
            [base.python, "-I", "-m", "anaconda_anon_usage.heartbeat.activated"],
            env={**environ, "CONDA_PREFIX": str(prefix), **variables},
            capture_output=True,
            cwd=prefix,
            timeout=60,
        )
        assert (0, b"", b"") == (done.returncode, done.stdout, done.stderr)

    return run


def lines(path) -> list[dict]:
    """Return the lines of the log, which must all have the same keys."""
    found = [json.loads(line) for line in path.read_text().splitlines()]
    assert all(KEYS == list(line) for line in found)
    return found


def test_each_activation_that_sends_is_one_line(base, prefix, environ, receiver, tmp_path):
    """The activation, the request and the response are real."""
    log = tmp_path / "heartbeats.log"
    url = receiver.url_for("/beat")
    variables = {"ANACONDA_ANON_USAGE_LOG": str(log), "CONDA_ANACONDA_HEARTBEAT": url}
    for count in (1, 2):
        done = subprocess.run(
            [tool("bash"), "-euc", 'eval "$("$1" shell.posix activate "$2")"', "bash", base.conda]
            + [prefix],
            env={**environ, **variables},
            capture_output=True,
            timeout=60,
        )
        assert (0, b"", b"") == (done.returncode, done.stdout, done.stderr)
        assert wait_until(lambda count=count: log.exists() and len(lines(log)) == count)
    [sent, _] = [request.headers["User-Agent"] for request, _ in receiver.log]
    first = lines(log)[0]
    assert (str(prefix), url, sent) == (first["prefix"], first["url"], first["user_agent"])
    assert (404, None, True) == (first["status"], first["error"], 0 <= first["seconds"] < 60)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", first["time"])
    assert 0o600 == stat.S_IMODE(log.stat().st_mode)


def test_the_reason_for_an_unsent_heartbeat_is_logged(activate, home, tmp_path):
    """It is an obstacle in the configuration or a network error."""
    log = tmp_path / "log"
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}/beat"
        for variables in (
            {"CONDA_ANACONDA_HEARTBEAT": url, "CONDA_OFFLINE": "1"},
            {"CONDA_ANACONDA_HEARTBEAT": "true", "CONDA_CHANNELS": "/srv/channel",
             "CONDA_CHANNEL_ALIAS": "http://127.0.0.1:9"},
            {"CONDA_ANACONDA_HEARTBEAT": url},
        ):  # fmt: skip
            activate(ANACONDA_ANON_USAGE_LOG=str(log), **variables)
    offline, nowhere, refused = lines(log)
    assert ("NotSent: offline is on", url) == (offline["error"], offline["url"])
    assert ("NotSent: no Anaconda channel is configured", None) == (
        nowhere["error"],
        nowhere["url"],
    )
    assert ("NewConnectionError", None) == (refused["error"].partition(":")[0], refused["status"])


def test_a_missing_response_is_logged_at_the_deadline(activate, tmp_path):
    """The main thread logs it while the other thread still waits."""
    log = tmp_path / "log"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/beat"
        own = {DEADLINE: "5"}
        activate(ANACONDA_ANON_USAGE_LOG=str(log), CONDA_ANACONDA_HEARTBEAT=url, **own)
    [line] = lines(log)
    assert (url, None) == (line["url"], line["status"])
    assert "TimeoutError: no response within 5 s; the request may have arrived" == line["error"]
    assert line["seconds"] >= 4


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has the limit")
def test_a_heartbeat_without_a_queue_slot_is_logged(activate, tmp_path):
    """The line lacks what has not been read yet."""
    log = tmp_path / "log"
    with taken("queue", slots.QUEUE_SLOTS):
        activate(ANACONDA_ANON_USAGE_LOG=str(log), CONDA_ANACONDA_HEARTBEAT="http://127.0.0.1:9/x")
    assert ["NoFreeSlot: too many at once"] == [line["error"] for line in lines(log)]


def test_heartbeat_that_is_off_logs_nothing(activate, tmp_path):
    """No attempt is made."""
    activate(ANACONDA_ANON_USAGE_LOG=str(tmp_path / "log"), CONDA_ANACONDA_HEARTBEAT="false")
    assert False is (tmp_path / "log").exists()


@pytest.mark.parametrize("kind", ["relative", "directory", "pipe", "missing directory", "empty"])
def test_an_unwritable_log_does_not_stop_the_heartbeat(activate, prefix, receiver, tmp_path, kind):
    """No log is created at an invalid path."""
    (tmp_path / "directory").mkdir()
    os.mkfifo(tmp_path / "pipe")
    path = {
        "relative": "log",
        "empty": "",
        "missing directory": str(tmp_path / "gone" / "log"),
    }.get(kind, str(tmp_path / kind))
    before = sorted(tmp_path.rglob("log*"))
    activate(ANACONDA_ANON_USAGE_LOG=path, CONDA_ANACONDA_HEARTBEAT=receiver.url_for("/beat"))
    assert ["/beat"] == [request.path for request, _ in receiver.log]
    assert before == sorted(tmp_path.rglob("log*"))

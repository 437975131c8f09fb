"""A report on what a real conda did through nginx has the numbers of what was done."""

from __future__ import annotations

import contextlib

import pytest
from receivers import nginx
from reporting import report
from storing import collect

pytest.importorskip("anaconda_anon_usage", reason="needs make test-report")
import real_conda


def test_installs_and_activations_in_every_shell_are_counted(tmp_path):
    """Two environments are created from a channel behind mirror.conf, and activated."""
    real_conda.make_channel(tmp_path / "served" / "main")
    log = tmp_path / "n" / "logs" / "mirror.log"
    shells = real_conda.EVERY_SHELL
    with contextlib.closing(real_conda.LoggingServer(tmp_path / "served")) as server:
        changes = {
            "https://conda.anaconda.org": server.url,
            "/var/cache/conda-mirror": f"{tmp_path}/n/cache",
        }
        with nginx(tmp_path / "n", "mirror.conf", changes) as mirror:
            channel = f"http://127.0.0.1:{mirror.port}/main"
            real_conda.use_conda(tmp_path, channel, lambda: log.read_bytes().count(b"\n"), shells)
    lines = mirror.log("mirror.log")
    activations = 2 * len(shells)
    assert [line["status"] for line in lines if line["method"] == "HEAD"] == [204] * activations
    # The channel behind the mirror got no heartbeat, and all requests that failed.
    assert not any("activate-0.0.0-0" in line for line in server.lines)
    errors = sum('" 404 ' in line for line in server.lines)
    collect(tmp_path / "store", log)
    real_conda.check(
        report(tmp_path / "store"),
        tmp_path,
        requests=len(lines),
        errors=errors,
        activations=activations,
    )

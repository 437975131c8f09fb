"""A report on the log of nginx has the numbers of what a real conda did through it."""

from __future__ import annotations

import contextlib

import pytest
from receivers import nginx
from reporting import report

pytest.importorskip("anaconda_anon_usage", reason="needs make test-report")
import real_conda


def test_installs_and_activations_through_a_mirror_are_counted(tmp_path):
    """Two environments are created from a channel behind mirror.conf, and activated."""
    real_conda.make_channel(tmp_path / "served" / "main")
    log = tmp_path / "n" / "logs" / "mirror.log"
    with contextlib.closing(real_conda.LoggingServer(tmp_path / "served")) as server:
        changes = {
            "https://conda.anaconda.org": server.url,
            "/var/cache/conda-mirror": f"{tmp_path}/n/cache",
        }
        with nginx(tmp_path / "n", "mirror.conf", changes) as mirror:
            channel = f"http://127.0.0.1:{mirror.port}/main"
            real_conda.use_conda(tmp_path, channel, lambda: log.read_bytes().count(b"\n"))
    lines = mirror.log("mirror.log")
    found = report(log)
    totals = found["totals"]
    assert totals["lines_read"] == totals["requests"] == len(lines)
    assert totals["lines_skipped"] == totals["requests_without_client"] == 0
    assert (totals["clients"], totals["environments"]) == (1, 2)
    assert (totals["heartbeats"], totals["heartbeat_clients"]) == (2 * real_conda.ACTIVATIONS, 1)
    assert totals["heartbeat_environments"] == 2
    # The second environment's package came from conda's package cache.
    assert (totals["sessions"], totals["updates"], totals["downloads"]) == (2, 2, 1)
    assert [row["project"] for row in found["packages"]] == [real_conda.NAME]
    assert [line["status"] for line in lines if line["method"] == "HEAD"].count(204) == (
        2 * real_conda.ACTIVATIONS
    )
    # The channel behind the mirror got no heartbeat.
    assert not any("activate-0.0.0-0" in line for line in server.lines)

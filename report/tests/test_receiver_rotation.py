"""logrotate with etc/logrotate.d/conda-anon-usage rotates the logs of a running nginx."""

from __future__ import annotations

import os
import re
import stat

import pytest
from receivers import AGENT, HEARTBEAT, PROJECT, nginx, rotate_log
from reporting import report
from support import wait_until


@pytest.fixture
def rotate(tmp_path):
    """Return a function that rotates the log in tmp_path/n/logs, as on the next day."""
    return lambda: rotate_log(tmp_path / "n", "heartbeat.log")


@pytest.mark.parametrize("name", ["heartbeat.conf", "mirror.conf"])
def test_no_log_is_a_device(name):
    """nginx, as root, would change its owner at each rotation."""
    text = (PROJECT / "etc" / "nginx" / name).read_text()
    logs = re.findall(r"^ *(?:access|error)_log (\S+)", text, re.MULTILINE)
    assert logs == [f"/var/log/conda-anon-usage/{name.replace('.conf', '.log')}", "stderr"]


def opened_by(server) -> list[str]:
    """Return the files in the log's directory that each process of nginx has open, sorted."""
    folder = str(server.directory / "logs")
    master = server.process.pid
    with open(f"/proc/{master}/task/{master}/children") as children:
        processes = [str(master), *children.read().split()]
    found = []
    for process in processes:
        for descriptor in os.listdir(f"/proc/{process}/fd"):
            path = os.readlink(f"/proc/{process}/fd/{descriptor}")
            if path.startswith(f"{folder}/heartbeat.log"):
                found.append(os.path.relpath(path, folder))
    return found


def test_no_heartbeat_is_lost_between_rotations(tmp_path, rotate):
    """Logs are rotated three times under a running server. The older ones are compressed."""
    with nginx(tmp_path / "n", "heartbeat.conf") as server:
        for number in range(4):
            if number:
                rotate()
                assert wait_until(lambda: set(opened_by(server)) == {"heartbeat.log"})
            agent = AGENT.format(client=f"c{number}", session="s", environment="e")
            for _ in range(5):
                assert server.request("HEAD", HEARTBEAT, f"User-Agent: {agent}")[0] == 204
    logs = tmp_path / "n" / "logs"
    assert sorted(path.name for path in logs.glob("heartbeat*")) == [
        "heartbeat.log", "heartbeat.log.1", "heartbeat.log.2.gz", "heartbeat.log.3.gz"
    ]  # fmt: skip
    totals = report(*logs.glob("heartbeat*"))["totals"]
    assert (totals["heartbeats"], totals["heartbeat_clients"]) == (20, 4)
    assert totals["lines_skipped"] == 0


def test_logs_are_deleted_after_14_days_even_if_nothing_is_logged(tmp_path, rotate):
    with nginx(tmp_path / "n", "heartbeat.conf") as server:
        server.request("HEAD", HEARTBEAT, f"User-Agent: {AGENT}")
        log = tmp_path / "n" / "logs" / "heartbeat.log"
        for _ in range(13):
            rotate()
        assert log.with_name("heartbeat.log.13.gz").exists()
        rotate()
    assert not log.with_name("heartbeat.log.14.gz").exists()
    assert {path.stat().st_size < 100 for path in log.parent.glob("heartbeat*")} == {True}
    assert stat.S_IMODE(log.stat().st_mode) == 0o640

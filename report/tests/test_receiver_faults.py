"""A store has what nginx has logged, whatever is killed, reloaded and rotated meanwhile."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import shutil
import signal
import statistics
import threading
from collections import Counter, defaultdict
from datetime import datetime
from pathlib import Path

import pytest
from killing import Call, server
from receivers import AGENT, HEARTBEAT, nginx, rotate_log
from reporting import report, totals_of_a_day
from storing import collect
from support import PATIENCE, wait_until

pytest.importorskip("anaconda_anon_usage", reason="needs make test-report")
from real_conda import LoggingServer

#: Where runs of collect are killed: before and after what they did becomes visible.
KILLS = [*(Call("fsync", number) for number in range(1, 6)), Call("rename", 1)]
#: What clients request in each round.
REQUESTS = [
    ("GET", "/main/noarch/repodata.json"),
    ("GET", "/main/noarch/a-1.0-0.conda"),
    ("GET", "/main/noarch/b-2.0-0.conda"),
    ("GET", "/main/noarch/missing-1.0-0.conda"),
    ("HEAD", HEARTBEAT),
]
CLIENTS = 30


class Traffic:
    """Clients that send requests until they are closed, whether or not they are answered.

    Args:
        receiver: the server.
    """

    def __init__(self, receiver):
        self.receiver = receiver
        self.answered = 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._send)
        self.thread.start()

    def _send(self) -> None:
        number = 0
        while not self.ended.wait(0.002):
            method, path = REQUESTS[number % len(REQUESTS)]
            client = number // len(REQUESTS) % CLIENTS
            environment = f"e{client}-{number % 7 % (client % 3 + 1)}"
            # No two lines are the same, or a rotated log would look like a copy of another.
            agent = AGENT.format(client=f"c{client}", session=f"s{number}", environment=environment)
            # A killed worker answers nothing.
            with contextlib.suppress(OSError, IndexError):
                self.receiver.request(method, path, f"User-Agent: {agent}")
                self.answered += 1
            number += 1

    def wait_for_more(self) -> None:
        """Wait until some more requests were answered."""
        enough = self.answered + 40
        assert wait_until(lambda: self.answered >= enough)

    def close(self) -> None:
        """End the clients."""
        self.ended.set()
        self.thread.join(2 * PATIENCE)


def kill_a_worker(receiver) -> None:
    """Kill one of nginx's worker processes."""
    master = receiver.process.pid

    def kill() -> bool:
        for child in Path(f"/proc/{master}/task/{master}/children").read_text().split():
            with contextlib.suppress(OSError):  # it has ended
                title = Path(f"/proc/{child}/cmdline").read_bytes()
                if title.startswith(b"nginx: worker process\0"):
                    os.kill(int(child), signal.SIGKILL)
                    return True
        return False

    assert wait_until(kill)


def count(logs: list[Path]) -> dict[str, int]:
    """Count what the complete lines of logs say, in another way than the report."""
    numbers: Counter[str] = Counter(lines_skipped=0)
    sets = defaultdict(set)
    for log in logs:
        data = gzip.decompress(log.read_bytes()) if log.suffix == ".gz" else log.read_bytes()
        for line in data.split(b"\n")[:-1]:
            numbers["lines_read"] += 1
            try:
                entry = json.loads(line)
            except ValueError:
                numbers["lines_skipped"] += 1
                continue
            client, session, environment = entry["user_agent"].split()[-3:]
            values = {"clients": client, "environments": environment, client: environment}
            if entry["method"] == "HEAD":
                numbers["heartbeats"] += 1
                values |= {"heartbeat_clients": client, "heartbeat_environments": environment}
            else:
                values["sessions"] = session
            if entry["path"].endswith("/repodata.json"):
                values["updates"] = session
            if entry["path"].endswith(".conda") and entry["status"] == 200:
                hour = datetime.fromisoformat(entry["time"]).timestamp() // 3600
                values["downloads"] = (session, entry["path"], hour)
                numbers["bytes"] += entry["bytes"]
            numbers["requests"] += 1
            for name, value in values.items():
                sets[name].add(value)
    per_client = [len(sets.pop(client)) for client in sets["clients"]]
    numbers["update_gap"] = 0  # hours: each client updates several times in a minute
    numbers["environments_per_client"] = statistics.median_low(per_client)
    return {**numbers, **{name: len(values) for name, values in sets.items()}}


@pytest.mark.skipif(
    not os.environ.get("CI") and shutil.which("strace") is None, reason="needs strace"
)
def test_every_complete_line_counts_once_whatever_is_killed_and_rotated(tmp_path):
    """In each round, a worker of nginx and a run of collect are killed."""
    folder = tmp_path / "served" / "main" / "noarch"
    folder.mkdir(parents=True)
    for name in ("repodata.json", "a-1.0-0.conda", "b-2.0-0.conda"):
        (folder / name).write_text(name)
    logs, store = tmp_path / "n" / "logs", tmp_path / "store"
    arguments = ("collect", logs / "mirror.log*", "--into", store)
    with contextlib.ExitStack() as stack:
        channel = stack.enter_context(contextlib.closing(LoggingServer(tmp_path / "served")))
        changes = {
            "https://conda.anaconda.org": channel.url,
            "/var/cache/conda-mirror": f"{tmp_path}/n/cache",
        }
        receiver = stack.enter_context(nginx(tmp_path / "n", "mirror.conf", changes))
        traffic = stack.enter_context(contextlib.closing(Traffic(receiver)))
        killer = stack.enter_context(server())
        for number, call in enumerate(KILLS):
            traffic.wait_for_more()
            kill_a_worker(receiver)
            rotate_log(tmp_path / "n", "mirror.log")
            traffic.wait_for_more()
            receiver.process.send_signal(signal.SIGHUP)
            killer.kill(arguments, call)
            if number % 2:
                collect(store, arguments[1])
    collect(store, arguments[1])
    assert len(list(logs.glob("mirror.log*"))) == len(KILLS) + 1
    counts = count(sorted(logs.glob("mirror.log*")))
    assert counts["requests"] >= 80 * len(KILLS)
    lines = {name: counts.pop(name) for name in ("lines_read", "lines_skipped")}
    assert report(store)["totals"] == totals_of_a_day(counts, **lines)

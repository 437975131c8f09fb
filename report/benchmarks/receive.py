"""Measure how many heartbeats a second nginx takes: ``python benchmarks/receive.py``.

Sends a fixed number of heartbeats to nginx with etc/nginx/heartbeat.conf, and to a bare nginx that
returns 204 and logs nothing. Each heartbeat has its own connection. Prints a table.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

CONFIGURATION = Path(__file__).parents[2] / "etc" / "nginx" / "heartbeat.conf"

#: The time that one round may take, in seconds.
LONGEST = 300

PATH = "/main/noarch/activate-0.0.0-0.conda"

USER_AGENT = (
    "conda/24.7.1 requests/2.32.3 CPython/3.11.9 Linux/6.1.0 debian/12 glibc/2.36 aau/1.0.0"
    " c/Yq3vXz0uQ0m2hJc8wq1dRA s/Jm5lS2pGQkqXoC7i9tHnEw e/b8ZtW4aKSfO1yVxN6uLgPQ"
)

# One worker, so that the other CPU is left for the client.
MAIN = """
{user}
worker_processes 1;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
events {{ worker_connections 768; }}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    {servers}
}}
"""


class Round(NamedTuple):
    """What one round of heartbeats took.

    Attributes:
        rate: heartbeats a second.
        cpu: processor time of nginx for each heartbeat, in seconds.
    """

    rate: float
    cpu: float


def main() -> int:
    """Run the benchmark and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=20_000, help="heartbeats in a round")
    parser.add_argument("--rounds", type=int, default=5, help="rounds for each server")
    parser.add_argument("--clients", type=int, default=16, help="concurrent clients")
    options = parser.parse_args()
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"
    nginx, ab = shutil.which("nginx", path=path), shutil.which("ab", path=path)
    if not nginx or not ab:
        parser.error("nginx or ab is not installed (apt-get install nginx apache2-utils)")
    rounds: dict[str, list[Round]] = {"bare nginx": [], "heartbeat.conf": []}
    with tempfile.TemporaryDirectory(prefix="aau-receive-") as name:
        for _ in range(options.rounds):
            # The servers alternate, so that a busy machine slows both down.
            for server, results in rounds.items():
                directory = Path(name, str(len(results)), server.replace(" ", "-"))
                directory.mkdir(parents=True)
                results.append(measure(nginx, ab, server, directory, options))
    version = subprocess.run([nginx, "-v"], capture_output=True, text=True).stderr.split("/")[-1]
    print(
        f"Measured on {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d} with"
        f" {os.cpu_count()} CPUs, nginx {version.strip()} with one worker:"
        f" {options.rounds} rounds of {options.requests:,} heartbeats for each server.\n"
    )
    print("\n".join(table(rounds)))
    return 0


def measure(
    nginx: str, ab: str, server: str, directory: Path, options: argparse.Namespace
) -> Round:
    """Run a server, send it a round of heartbeats, and return what they took.

    Args:
        nginx: the path of nginx.
        ab: the path of ApacheBench.
        server: the name of the server.
        directory: the directory of the server's files.
        options: the numbers of requests and clients.

    Raises:
        RuntimeError: if a heartbeat was not answered with 204, or not logged.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    bare = f"server {{ listen 127.0.0.1:{port}; location / {{ return 204; }} }}"
    log = directory / "heartbeat.log"
    text = bare if server == "bare nginx" else configuration(port, directory)
    (directory / "nginx.conf").write_text(
        MAIN.format(user="user root;" * (os.geteuid() == 0), directory=directory, servers=text)
    )
    url = f"http://127.0.0.1:{port}{PATH}"
    count = ("-n", str(options.requests), "-c", str(options.clients))
    with running(nginx, directory, port) as process:
        before, begun = processor_time(process), time.monotonic()
        done = subprocess.run(
            [ab, "-q", "-i", *count, "-H", f"User-Agent: {USER_AGENT}", url],
            capture_output=True,
            text=True,
            timeout=LONGEST,
        )
        seconds, used = time.monotonic() - begun, processor_time(process) - before
    if not re.search(r"^Failed requests: +0$", done.stdout, re.M) or "Non-2xx" in done.stdout:
        raise RuntimeError(f"heartbeats failed: {done.stdout}{done.stderr}")
    if text != bare and log.read_bytes().count(b'"status":204') != options.requests:
        raise RuntimeError(f"{log} does not have {options.requests} heartbeats")
    return Round(options.requests / seconds, used / options.requests)


def configuration(port: int, directory: Path) -> str:
    """Return heartbeat.conf with another port, another log and a limit that is never reached.

    Args:
        port: the port.
        directory: the directory for the log.
    """
    text = CONFIGURATION.read_text()
    for old, new in {
        "listen 80 default_server;": f"listen 127.0.0.1:{port} default_server;",
        "listen [::]:80 default_server;": "",
        "/var/log/conda-anon-usage": str(directory),
        "rate=500r/s": "rate=1000000r/s",
    }.items():
        if old not in text:
            raise RuntimeError(f"{CONFIGURATION} does not contain {old}")
        text = text.replace(old, new)
    return text


@contextlib.contextmanager
def running(nginx: str, directory: Path, port: int) -> Iterator[int]:
    """Run nginx, and yield its process id.

    Args:
        nginx: its path.
        directory: the directory of its files.
        port: its port.

    Raises:
        RuntimeError: if it does not start.
    """
    command = [nginx, "-e", "stderr", "-c", directory / "nginx.conf", "-g", "daemon off;"]
    process = subprocess.Popen(list(map(str, command)))
    try:
        for _ in range(500):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.02)
        else:
            raise RuntimeError("nginx did not start")
        yield process.pid
    finally:
        process.terminate()
        process.wait(60)


def processor_time(process: int) -> float:
    """Return the processor time of a process and its children in seconds.

    Args:
        process: the id of the process.
    """
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    ticks = 0
    for pid in (str(process), *children):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def table(rounds: dict[str, list[Round]]) -> list[str]:
    """Return the lines of a Markdown table of medians.

    Args:
        rounds: the rounds of each server.
    """
    lines = [
        "| Server | Heartbeats a second | Slowest and fastest round | Processor time of nginx |",
        "| --- | ---: | ---: | ---: |",
    ]
    for server, results in rounds.items():
        rates = sorted(result.rate for result in results)
        cpu = statistics.median(result.cpu for result in results)
        lines.append(
            f"| {server} | {statistics.median(rates):,.0f} | {rates[0]:,.0f}–{rates[-1]:,.0f}"
            f" | {cpu * 1e6:.0f} µs |"
        )
    return lines


if __name__ == "__main__":
    sys.exit(main())

"""Real activations and installs by the conda of the repository's tests, and a log of them."""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[2]
sys.path[:0] = [str(PROJECT / "tests"), str(PROJECT / "tests" / "conda")]

from channel import NAME, make_channel  # noqa: E402
from conda_root import Base, build_wheel, clean_environ  # noqa: E402
from servers import Server, read_head  # noqa: E402
from support import wait_until  # noqa: E402

CONDA_ROOT = PROJECT / ".conda-root"

#: How many times each of the two environments is activated.
ACTIVATIONS = 3


class LoggingServer(Server):
    """A server of files that logs its requests as nginx does.

    Args:
        directory: the directory with the files.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.lines: list[str] = []
        super().__init__(self._respond, read=False)

    def _respond(self, client: Any, ended: Any) -> None:
        head = read_head(client)
        method, path, _ = head.split(" ", 2)
        file = self.directory / path.lstrip("/")
        status, body = (200, file.read_bytes()) if file.is_file() else (404, b"")
        client.sendall(
            f"HTTP/1.1 {status} -\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
            + (body if method == "GET" else b"")
        )
        found = re.search(r"^User-Agent: (.*?)\r$", head, re.MULTILINE)
        stamp = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime())
        sent = len(body) if method == "GET" else 0
        self.lines.append(
            f'127.0.0.1 - - [{stamp}] "{method} {path} HTTP/1.1" {status} {sent} "-"'
            f' "{found[1] if found else "-"}"'
        )


def record(directory: Path) -> list[str]:
    """Create two environments with a real conda, activate them, and return the server's log.

    Args:
        directory: the directory for all files.
    """
    make_channel(directory / "served" / "main")
    with contextlib.closing(LoggingServer(directory / "served")) as server:
        use_conda(directory, f"{server.url}/main", lambda: len(server.lines))
        return list(server.lines)


def use_conda(directory: Path, channel: str, logged: Callable[[], int]) -> None:
    """Create two environments with a real conda, and activate them.

    Args:
        directory: the directory for all files.
        channel: the URL of the channel with packages, which also gets the heartbeats.
        logged: returns the number of requests that have been logged.
    """
    home = directory / "home"
    home.mkdir()
    base = Base(directory / "base", CONDA_ROOT)
    base.install(build_wheel(PROJECT, directory))
    heartbeat = f"{channel}/noarch/activate-0.0.0-0.conda"
    (home / ".condarc").write_text(f"anaconda_heartbeat: {heartbeat}\n")
    environ = clean_environ(home, CONDA_PKGS_DIRS=str(directory / "packages"))
    environments = [directory / "envs" / name for name in ("a", "b")]
    for environment in environments:
        options = ["--override-channels", "--channel", channel]
        command = [base.conda, "create", "--yes", "--quiet", "--prefix", environment, NAME]
        run([*command, *options], environ)
        base.install_scripts(environment)
    installed = logged()
    for number in range(1, ACTIVATIONS + 1):
        for environment in environments:
            script = f'eval "$({base.conda} shell.posix activate {environment})"'
            run(["bash", "-c", script], environ)
        expected = installed + number * len(environments)
        if not wait_until(lambda expected=expected: logged() >= expected):
            raise RuntimeError(f"{expected} requests were expected, not {logged()}")


def run(command: list[Any], environ: dict[str, str]) -> None:
    """Run a command without its output.

    Raises:
        RuntimeError: if it fails.
    """
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stdout}{done.stderr}")

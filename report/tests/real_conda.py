"""Real activations and installs by the conda of the repository's tests, and a log of them."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[2]
sys.path[:0] = [str(PROJECT / "tests" / folder) for folder in ("", "conda", "shells")]

from anaconda_anon_usage import __version__  # noqa: E402
from channel import NAME, make_channel  # noqa: E402
from conda_root import DEADLINE, Base, build_wheel, clean_environ  # noqa: E402
from reporting import totals_of_a_day, variants  # noqa: E402
from servers import Server, read_head  # noqa: E402
from shells import OPTIONAL, SHELLS, Shell  # noqa: E402
from support import TEST_SLOTS, wait_until  # noqa: E402

CONDA_ROOT = PROJECT / ".conda-root"

#: The shells in which conda activates: those of this machine, or all in CI.
EVERY_SHELL = [
    shell
    for shell in SHELLS
    if shell.conda_name
    and (
        shutil.which(shell.command[0], path=f"{os.environ['PATH']}:{Path(sys.executable).parent}")
        or (os.environ.get("CI") and shell.name not in OPTIONAL)
    )
]
#: The shells that activate each of the two environments, by default.
THREE_TIMES_BASH = [shell for shell in SHELLS if shell.name == "bash"] * 3


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


def use_conda(
    directory: Path,
    channel: str,
    logged: Callable[[], int],
    shells: Sequence[Shell] = THREE_TIMES_BASH,
) -> None:
    """Create two environments with a real conda, and activate them.

    Args:
        directory: the directory for all files.
        channel: the URL of the channel with packages, which also gets the heartbeats.
        logged: returns the number of requests that have been logged.
        shells: the shells, each of which activates both environments.
    """
    home = directory / "home"
    home.mkdir()
    base = Base(directory / "base", CONDA_ROOT)
    base.install(build_wheel(PROJECT, directory))
    base.read_deadline()
    heartbeat = f"{channel}/noarch/activate-0.0.0-0.conda"
    (home / ".condarc").write_text(f"changeps1: false\nanaconda_heartbeat: {heartbeat}\n")
    variables = {"CONDA_PKGS_DIRS": str(directory / "packages"), TEST_SLOTS: uuid.uuid4().hex}
    environ = clean_environ(home, **variables, **{DEADLINE: "20"})
    environments = [directory / "envs" / name for name in ("a", "b")]
    for environment in environments:
        options = ["--override-channels", "--channel", channel]
        command = [base.conda, "create", "--yes", "--quiet", "--prefix", environment, NAME]
        run([*command, *options], environ)
        base.install_scripts(environment)
    expected = logged()
    for shell in shells:
        for environment in environments:
            script = shell.evaluate.format(
                conda=base.conda, name=shell.conda_name, command=f"activate {environment}"
            )
            done = shell.run(script, environ, directory)
            if done.returncode or done.stderr:
                raise RuntimeError(f"{shell} failed: {done.stdout}{done.stderr}")
            expected += 1
            if not wait_until(lambda expected=expected: logged() >= expected):
                raise RuntimeError(f"{expected} requests were expected, not {logged()}")


def check(
    found: dict[str, Any], directory: Path, *, requests: int, errors: int, activations: int
) -> None:
    """Compare each number of a report on what use_conda() did with what it did.

    Args:
        found: the JSON of the report.
        directory: the directory of use_conda(), with the channel in ``served/main``.
        requests: the number of requests.
        errors: the number of requests for files that the channel does not have.
        activations: the number of activations.
    """
    [package] = (directory / "served" / "main" / "noarch").glob(f"{NAME}*")
    totals = found["totals"]
    # It depends on the speed of this machine, and a store rounds it to hours.
    gap = totals["update_gap"]
    assert 0 <= gap <= 3600
    counts = {
        "clients": 1, "environments": 2, "sessions": 2, "heartbeats": activations,
        "heartbeat_clients": 1, "heartbeat_environments": 2, "environments_per_client": 2,
        "requests": requests, "updates": 2, "update_gap": gap,
        # The second environment's package came from conda's package cache.
        "downloads": 1, "bytes": package.stat().st_size,
    }  # fmt: skip
    expected = totals_of_a_day(counts, lines_read=requests)
    assert totals == expected, totals
    period = {"period": found["periods"][0]["period"]}
    measured = {name: value for name, value in expected.items() if name in found["periods"][0]}
    unknown = dict.fromkeys(("new", "returning", "lost"))
    measured |= variants(unknown, lasting=None)
    downloads = variants({name: counts[name] for name in ("clients", "downloads", "bytes")})
    failed = variants({"clients": 1, "requests": errors})
    label = "under 1 hour" if gap < 3600 else "under 1 day"
    one = variants({"clients": 1})
    rows = {
        "periods": [{**period, "incomplete": True, **measured}],
        "packages": [{**period, "project": NAME, **downloads}],
        "channels": [{**period, "channel": "main", "subdir": "noarch", **downloads}],
        "errors": [{**period, "status": 404, **failed}],
        "other_requests": [{**period, "status_class": "4xx", **failed}],
        "update_gaps": [{**period, "gap": label, **variants({"clients": 1, "updates": 1})}],
        "download_ages": [{**period, "age": "7 days or less", **one}],
        "systems": [{**period, "system_name": "Linux", **one}],
        "aau_versions": [{**period, "aau": __version__, **one}],
    }
    # These depend on this machine.
    tables = {name: table for name, table in found.items() if table and name != "totals"}
    for name in ("conda_versions", "python_versions", "distributions", "libcs"):
        [row] = tables.pop(name)
        assert one.items() <= row.items()
    assert tables == rows, tables


def run(command: list[Any], environ: dict[str, str]) -> None:
    """Run a command without its output.

    Raises:
        RuntimeError: if it fails.
    """
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise RuntimeError(f"{command[0]} failed: {done.stdout}{done.stderr}")

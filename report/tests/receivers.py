"""Run the servers that etc/nginx and etc/caddy configure, and send them requests."""

from __future__ import annotations

import contextlib
import getpass
import grp
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[2]
sys.path.append(str(PROJECT / "tests"))

from support import PATIENCE, missing, wait_until  # noqa: E402

#: The address of the clients, which differs from the server's.
CLIENT = "127.9.8.7"

#: An address in a header that proxies add.
FORWARDED = "203.0.113.77"

#: The path of heartbeats.
HEARTBEAT = "/main/noarch/activate-0.0.0-0.conda"

#: A User-Agent with all tokens.
AGENT = (
    "conda/24.7.1 requests/2.32.3 CPython/3.11.9 Linux/6.1.0 debian/12 glibc/2.36"
    " aau/1.0.0 c/{client} s/{session} e/{environment}"
)

# What a site's nginx.conf sets, with the most verbose logs.
_SITE = """
{user}
worker_processes 2;
pid {directory}/nginx.pid;
error_log {directory}/logs/error.log debug;
events {{ worker_connections 768; }}
http {{
    access_log {directory}/logs/access.log;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    include {directory}/conf.d/*.conf;
}}
"""


def program(name: str) -> str:
    """Return the path of a server, or skip or fail the test without it."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin"])
    return shutil.which(name, path=path) or missing(name)


def free_port() -> int:
    """Return a port of this machine on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def changed(text: str, changes: Mapping[str, str]) -> str:
    """Return a configuration with texts replaced, each of which it must contain.

    Args:
        text: the configuration.
        changes: the new text for each old one.
    """
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


class Receiver:
    """A server that runs until it is closed.

    Args:
        directory: the directory of all of its files.
        port: its port.
        command: its command, which stays in the foreground.
    """

    def __init__(self, directory: Path, port: int, command: Sequence[object]) -> None:
        self.directory, self.port = directory, port
        environ = {**os.environ, "HOME": str(directory), "XDG_CONFIG_HOME": str(directory)}
        environ.update(XDG_DATA_HOME=str(directory), CADDY_ADMIN=f"127.0.0.1:{free_port()}")
        with (directory / "output").open("wb") as output:
            self.process = subprocess.Popen(
                [str(word) for word in command], stdout=output, stderr=output, env=environ
            )
        if not wait_until(lambda: self._listens() or self.process.poll() is not None):
            self.close()
        if self.process.poll() is not None:
            raise RuntimeError((directory / "output").read_text())

    def _listens(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
            return True
        return False

    def close(self) -> None:
        """End the server."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def exchange(self, data: bytes, close: bool = False) -> bytes:
        """Send bytes on a new connection, and return all that is answered until it is closed.

        Args:
            data: the bytes.
            close: whether the client closes the connection at once.
        """
        answer = b""
        with self.connect() as client, contextlib.suppress(ConnectionError):
            client.sendall(data)
            while not close and (chunk := client.recv(65536)):
                answer += chunk
        return answer

    def connect(self) -> socket.socket:
        """Return a connection from the clients' address."""
        return socket.create_connection(
            ("127.0.0.1", self.port), timeout=PATIENCE, source_address=(CLIENT, 0)
        )

    def request(
        self, method: str, path: str, *headers: str, body: bytes = b""
    ) -> tuple[int, str, bytes]:
        """Send a request, and return the status, the head and the body of the answer.

        Args:
            method: the method.
            path: the path.
            headers: lines of the head in Latin-1, besides Host, Connection and Content-Length.
            body: the body.
        """
        lines = [f"{method} {path} HTTP/1.1", "Host: conda.example.org", *headers]
        lines += [f"Content-Length: {len(body)}"] * bool(body) + ["Connection: close", "", ""]
        answer = self.exchange("\r\n".join(lines).encode("latin-1") + body)
        head, _, received = answer.partition(b"\r\n\r\n")
        return int(head.split()[1]), head.decode("latin-1"), received

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Return the name and the contents of each file of the server."""
        for path in sorted(self.directory.rglob("*")):
            if path.is_file():
                yield str(path.relative_to(self.directory)), path.read_bytes()

    def files_with(self, text: bytes) -> list[str]:
        """Return the names of the files that contain a text."""
        return [name for name, data in self.files() if text in data]

    def log(self, name: str) -> list[dict[str, Any]]:
        """Return the lines of a log of JSON."""
        lines = (self.directory / "logs" / name).read_bytes().splitlines()
        return [json.loads(line.decode("utf-8", "replace")) for line in lines]


@contextlib.contextmanager
def nginx(directory: Path, name: str, changes: Mapping[str, str] = {}) -> Iterator[Receiver]:
    """Run nginx with a configuration of etc/nginx.

    Args:
        directory: a new directory, for all files.
        name: the name of the configuration.
        changes: what to replace in it, besides ports and paths.
    """
    binary, port = program("nginx"), free_port()
    for folder in ("logs", "conf.d"):
        (directory / folder).mkdir(parents=True)
    # Started by root, nginx would run as a user who cannot read pytest's directories.
    user = "user root;" if os.geteuid() == 0 else ""
    (directory / "nginx.conf").write_text(_SITE.format(user=user, directory=directory))
    text = changed(
        (PROJECT / "etc" / "nginx" / name).read_text(),
        {
            "listen 80 default_server;": f"listen 127.0.0.1:{port} default_server;",
            "listen [::]:80 default_server;": "",
            "/var/log/conda-anon-usage/": f"{directory}/logs/",
            **changes,
        },
    )
    (directory / "conf.d" / name).write_text(text)
    command = [binary, "-e", "stderr", "-c", directory / "nginx.conf", "-g", "daemon off;"]
    with contextlib.closing(Receiver(directory, port, command)) as receiver:
        yield receiver


@contextlib.contextmanager
def caddy(directory: Path, changes: Mapping[str, str] = {}) -> Iterator[Receiver]:
    """Run Caddy with etc/caddy/Caddyfile.

    Args:
        directory: a new directory, for all files.
        changes: what to replace in it, besides ports and paths.
    """
    binary, port, second = program("caddy"), free_port(), free_port()
    (directory / "logs").mkdir(parents=True)
    text = changed(
        (PROJECT / "etc" / "caddy" / "Caddyfile").read_text(),
        {
            "\n:80 {": f"\n:{port} {{\n\tbind 127.0.0.1",
            ":2080": f":{second}",
            "/var/log/caddy/": f"{directory}/logs/",
            **changes,
        },
    )
    (directory / "Caddyfile").write_text(text)
    command = [binary, "run", "--config", directory / "Caddyfile"]
    with contextlib.closing(Receiver(directory, port, command)) as receiver:
        yield receiver


def rotate_log(directory: Path, name: str) -> None:
    """Rotate a log of a running nginx as etc/logrotate.d/conda-anon-usage does on each day.

    Args:
        directory: the directory of nginx().
        name: the name of the log.
    """
    names = {
        # The site's own logs of the tests are in the same directory.
        "/var/log/conda-anon-usage/*.log": f"{directory}/logs/{name}",
        "create 640 www-data www-data": (
            f"create 640 {getpass.getuser()} {grp.getgrgid(os.getegid()).gr_name}"
        ),
        "/run/nginx.pid": f"{directory}/nginx.pid",
    }
    text = (PROJECT / "etc" / "logrotate.d" / "conda-anon-usage").read_text()
    configuration = directory / "logrotate"
    configuration.write_text(changed(text, names))
    configuration.chmod(0o644)
    command = [program("logrotate"), "--force", "--state", directory / "state", configuration]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

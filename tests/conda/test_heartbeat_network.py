"""Where heartbeats go, and that they are over in time whatever the network does."""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import trustme
from support import PATIENCE, tool, wait_until

RESOLVER = Path(__file__).parent / "silent_resolver.py"

PATH = "/main/noarch/activate-0.0.0-0.conda"


class Proxy:
    """A proxy that plays the server behind it: it keeps requests and answers 404.

    So a request to a real repository can be seen whole without one leaving the machine.

    Args:
        authority: what signs the certificates of the servers that it plays.
    """

    def __init__(self, authority: trustme.CA):
        self.authority = authority
        self.requests: list[tuple[str, str]] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self) -> None:
        """Serve one client after the other until the listener is closed."""
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                client.settimeout(PATIENCE)
                with contextlib.suppress(OSError), client:
                    self.answer(client)

    def answer(self, client: socket.socket) -> None:
        """Take CONNECT, become its target, and take one request."""
        method, target, _ = read_head(client).split(" ", 2)
        assert method == "CONNECT"
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert(target.rpartition(":")[0]).configure_cert(context)
        with context.wrap_socket(client, server_side=True) as server:
            self.requests.append((target, read_head(server)))
            server.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

    def close(self) -> None:
        """End the thread."""
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(PATIENCE)


def read_head(connection) -> str:
    """Read a request up to its empty line."""
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        byte = connection.recv(1)
        if not byte:
            raise OSError("closed")
        data += byte
    return data.decode()


@pytest.fixture
def authority(home):
    """A certificate authority; its certificate is in ``authority.pem`` at home."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(home / "authority.pem")
    return authority


@pytest.fixture
def proxy(authority):
    """A proxy that shows what would have reached a repository."""
    proxy = Proxy(authority)
    yield proxy
    proxy.close()


@pytest.fixture
def heartbeat(base, environ, tmp_path):
    """Start what the launcher starts, for an environment of its own."""
    prefix = base.make_environment(tmp_path / "env")

    def start(**variables):
        return subprocess.Popen(
            [base.python, "-I", "-m", "anaconda_anon_usage.heartbeat.activated"],
            env={**environ, "CONDA_PREFIX": str(prefix), **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    return start


def outcome(process: subprocess.Popen) -> tuple[bytes, int]:
    """Wait until a heartbeat's process is gone; return its output and exit status."""
    try:
        output, _ = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    return output, process.returncode


@pytest.mark.parametrize(
    "channels, target, path",
    [
        ("[defaults]", "repo.anaconda.com:443", f"/pkgs{PATH}"),
        ("[conda-forge]", "conda.anaconda.org:443", PATH),
        ("[pkgs/main, conda-forge]", "repo.anaconda.com:443", f"/pkgs{PATH}"),
        (
            "[defaults, 'https://repo.anaconda.cloud/repo/t/tk-secret/main']",
            "repo.anaconda.cloud:443",
            PATH,
        ),
    ],
)
def test_true_sends_to_the_repository_of_the_channels(
    heartbeat, proxy, home, channels, target, path
):
    """Through conda's proxy, and over TLS that conda's ``ssl_verify`` trusts."""
    (home / ".condarc").write_text(
        f"anaconda_heartbeat: true\n"
        f"channels: {channels}\n"
        f"proxy_servers: {{https: '{proxy.url}'}}\n"
        f"ssl_verify: {home}/authority.pem\n"
    )
    assert outcome(heartbeat()) == (b"", 0)
    [(seen_target, request)] = proxy.requests
    assert (seen_target, request.split("\r\n")[0]) == (target, f"HEAD {path} HTTP/1.1")
    assert "secret" not in request


def test_an_unknown_authority_gets_no_request(heartbeat, proxy, home):
    """A server that conda would not trust does not see the User-Agent."""
    (home / ".condarc").write_text(
        f"anaconda_heartbeat: true\nchannels: [defaults]\nproxy_servers: {{https: '{proxy.url}'}}\n"
    )
    assert outcome(heartbeat()) == (b"", 0)
    assert proxy.requests == []


def test_the_systems_trust_is_used_where_conda_uses_it(heartbeat, proxy, home):
    """``ssl_verify: truststore`` asks the operating system, here OpenSSL's own variable."""
    (home / ".condarc").write_text(
        "anaconda_heartbeat: true\nchannels: [defaults]\n"
        f"proxy_servers: {{https: '{proxy.url}'}}\nssl_verify: truststore\n"
    )
    assert outcome(heartbeat(SSL_CERT_FILE=f"{home}/authority.pem")) == (b"", 0)
    assert len(proxy.requests) == 1


class Silent:
    """Accepts connections and answers nothing, or one byte now and then.

    Args:
        drip: what to send again and again, a byte at a time.
    """

    def __init__(self, drip: bytes = b""):
        self.drip = drip
        self.accepted: list[socket.socket] = []
        self.ended = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self) -> None:
        """Take connections until the listener is closed, and keep them open."""
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                self.accepted.append(client)
                with contextlib.suppress(OSError):
                    for position in range(10_000 if self.drip else 0):
                        if self.ended.wait(0.1):
                            break
                        client.send(self.drip[position % len(self.drip) :][:1])

    def close(self) -> None:
        """End the thread and all connections."""
        self.ended.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(PATIENCE)
        for client in self.accepted:
            client.close()


@pytest.mark.parametrize("drip", [b"", b"HTTP/1.1 200 OK\r\nX-Endless: "])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_that_never_answers_does_not_keep_the_process(heartbeat, drip, scheme):
    """Neither silence nor an endless drip, in the request or in the TLS handshake."""
    server = Silent(drip)
    try:
        url = f"{scheme}://127.0.0.1:{server.port}/beat"
        assert outcome(heartbeat(CONDA_ANACONDA_HEARTBEAT=url)) == (b"", 0)
        assert len(server.accepted) == 1
    finally:
        server.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make such a network")
def test_a_resolver_that_never_answers_does_not_keep_the_process(base, environ, tmp_path):
    """No timeout of the network library covers the resolution of names."""
    tool("ip")
    prefix = base.make_environment(tmp_path / "env")
    done = subprocess.run(
        [
            *(tool("unshare"), "--net", "--mount", sys.executable, RESOLVER),
            *(base.python, "-I", "-m", "anaconda_anon_usage.heartbeat.activated"),
        ],
        env={
            **environ,
            "PATH": os.environ["PATH"],
            "CONDA_PREFIX": str(prefix),
            "CONDA_ANACONDA_HEARTBEAT": "https://conda.example.org/",
        },
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "asked\n", "")


def test_a_refused_connection_is_silent(heartbeat, home):
    """Nobody listens; nobody hears of it."""
    assert outcome(heartbeat(CONDA_ANACONDA_HEARTBEAT="http://127.0.0.1:9/")) == (b"", 0)


def test_the_process_ends_soon_after_the_answer(heartbeat, receiver):
    """It does not wait for its deadline."""
    process = heartbeat(CONDA_ANACONDA_HEARTBEAT=receiver.url_for("/beat"))
    wait_until(lambda: receiver.log)
    assert outcome(process) == (b"", 0)
    assert len(receiver.log) == 1

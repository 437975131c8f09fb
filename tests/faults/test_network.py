"""When a network fails, at most one request is sent and the process ends in time."""

from __future__ import annotations

import contextlib
import datetime
import os
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
import servers
import trustme
from servers import answer, endless, letters, user_agent
from support import missing, tool, wait_until
from unnoticed import assert_unnoticed

#: Server behavior after the request was received.
FAULTS = {
    "accepted and silent": servers.silent,
    "one byte a second": servers.one_byte_a_second,
    "endless line": endless(b"HTTP/1.1 200 OK\r\nX-Endless: ", b"a" * 65536),
    "endless headers": endless(b"HTTP/1.1 200 OK\r\n", b"X-Endless: a\r\n" * 1000),
    "endless continue": endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
    "endless body": endless(b"HTTP/1.1 200 OK\r\n\r\n", b"a" * 65536),
    "endless status": endless(b"HTTP/1.1 ", b"2" * 65536),
    "closed": servers.close,
    "reset": servers.reset,
    "garbage": answer("\0\xff\n\n"),
    "401": answer('HTTP/1.1 401 x\nWWW-Authenticate: Basic realm="a"\nContent-Length: 0'),
    "401, negotiate": answer("HTTP/1.1 401 x\nWWW-Authenticate: Negotiate\nContent-Length: 0"),
    "407": answer('HTTP/1.1 407 x\nProxy-Authenticate: Basic realm="a"\nContent-Length: 0'),
    "408": answer("HTTP/1.1 408 x\nConnection: close"),
    "429, retry": answer("HTTP/1.1 429 x\nRetry-After: 0\nContent-Length: 0"),
    "500": answer("HTTP/1.1 500 x\nContent-Length: 0"),
    "503, retry": answer("HTTP/1.1 503 x\nRetry-After: 0\nContent-Length: 0"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_failing_server_receives_one_request(activate, server, netrc, fault):
    """Nothing is retried and no credential is sent."""
    failing = server(FAULTS[fault])
    assert_unnoticed(activate(CONDA_ANACONDA_HEARTBEAT=f"{failing.url}/beat"))
    assert ["cse"] == [letters(user_agent(head)) for head in failing.heads]
    assert (1, True) == (failing.connections, netrc())


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("host", ["itself", "another"])
def test_a_redirect_is_not_followed(activate, server, netrc, code, host):
    """Neither an endless one to the same server nor one to another server."""
    other = server()
    location = "/beat" if host == "itself" else f"http://{other.authority}/elsewhere"
    redirecting = server(
        answer(f"HTTP/1.1 {code} x\nLocation: {location}\nSet-Cookie: a=b\nContent-Length: 0")
    )
    assert_unnoticed(activate(CONDA_ANACONDA_HEARTBEAT=f"{redirecting.url}/beat"))
    assert ["cse"] == [letters(user_agent(head)) for head in redirecting.heads]
    assert (1, 0, True) == (redirecting.connections, other.connections, netrc())


def test_cookies_and_credentials_are_not_sent(activate, server, netrc):
    """The second request does not have the cookie of the first response."""
    failing = server(answer("HTTP/1.1 404 x\nSet-Cookie: a=b; Path=/\nContent-Length: 0"))
    for _ in range(2):
        assert_unnoticed(activate(CONDA_ANACONDA_HEARTBEAT=f"{failing.url}/beat"))
    assert ["cse", "cse"] == [letters(user_agent(head)) for head in failing.heads]
    assert True is netrc()


@pytest.mark.parametrize("where", ["http://me:secret@AUTHORITY/", "http://me@AUTHORITY/"])
def test_a_url_with_credentials_is_rejected(activate, server, where):
    """Heartbeats have no credentials, so such a URL is invalid."""
    receiver = server()
    url = where.replace("AUTHORITY", receiver.authority)
    assert_unnoticed(activate(CONDA_ANACONDA_HEARTBEAT=url))
    assert 0 == receiver.connections


def test_the_netrc_fixture_detects_readers(base, environ, netrc, server):
    """The other tests rely on it. requests itself would read the file."""
    # The FIFO has no end of file, so requests blocks.
    code = f"import requests; requests.get('{server().url}')"
    process = subprocess.Popen([base.python, "-Ic", code], env=environ)
    try:
        assert wait_until(lambda: not netrc())
    finally:
        process.kill()
        process.wait()


def test_a_heartbeat_to_a_full_backlog_times_out(activate, netrc):
    """The connection is never established."""
    with contextlib.ExitStack() as sockets:
        listener = sockets.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):  # more than the backlog holds
            client = sockets.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        port = listener.getsockname()[1]
        report = activate(CONDA_ANACONDA_HEARTBEAT=f"http://127.0.0.1:{port}/beat")
    assert_unnoticed(report)
    assert (True, True) == (report.seconds > 4, netrc())


def test_a_refused_connection_fails_at_once(activate, netrc):
    """Nothing listens on the port."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        assert_unnoticed(activate(CONDA_ANACONDA_HEARTBEAT=f"http://127.0.0.1:{port}/beat"))
    assert True is netrc()


# TLS


@pytest.fixture
def authority(home):
    """A certificate authority that conda's configuration trusts."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(home / "authority.pem")
    (home / ".condarc").write_text(f"ssl_verify: {home}/authority.pem\n")
    return authority


def tls(certificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


@pytest.mark.parametrize(
    "fault, requests",
    [("none", 1), ("wrong name", 0), ("unknown authority", 0), ("expired", 0)],
)
def test_an_untrusted_server_receives_no_request(
    activate, server, authority, netrc, fault, requests
):
    """It does not see the User-Agent."""
    name = "elsewhere.example" if fault == "wrong name" else "127.0.0.1"
    signer = trustme.CA() if fault == "unknown authority" else authority
    options = {"not_after": datetime.datetime(2020, 1, 1)} if fault == "expired" else {}
    failing = server(tls=tls(signer.issue_cert(name, **options)))
    assert_unnoticed(activate(CONDA_ANACONDA_HEARTBEAT=f"{failing.url}/beat"))
    assert ["cse"] * requests == [letters(user_agent(head)) for head in failing.heads]
    assert (1, True) == (failing.connections, netrc())


def test_a_stalled_handshake_times_out(activate, server, netrc):
    """The server accepts the connection and sends nothing."""
    failing = server(servers.silent, read=False)
    url = failing.url.replace("http:", "https:")
    assert_unnoticed(activate(CONDA_ANACONDA_HEARTBEAT=f"{url}/beat"))
    assert (1, True) == (failing.connections, netrc())


# Proxies


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("fault", ["hangs", "asks for a password", "refuses"])
def test_a_failing_proxy_receives_one_request_and_is_not_bypassed(
    activate, server, netrc, home, scheme, fault
):
    """Both with a tunnel and with a plain request."""
    receiver = server()
    proxy = server(
        {
            "hangs": servers.silent,
            "asks for a password": FAULTS["407"],
            "refuses": answer("HTTP/1.1 502 x\nContent-Length: 0"),
        }[fault]
    )
    (home / ".condarc").write_text(
        f"proxy_servers: {{http: '{proxy.url}', https: '{proxy.url}'}}\n"
    )
    assert_unnoticed(
        activate(CONDA_ANACONDA_HEARTBEAT=f"{scheme}://{receiver.authority}/beat", NO_PROXY="")
    )
    assert (1, 1, 0, True) == (proxy.connections, len(proxy.heads), receiver.connections, netrc())
    assert "secret" not in proxy.heads[0]
    assert "authorization" not in proxy.heads[0].lower()
    assert {"http": "HEAD", "https": "CONNECT"}[scheme] == proxy.heads[0].split(" ")[0]


# Simulated networks

NETWORK = Path(__file__).parent / "network.py"


@pytest.fixture
def in_network(activate, server, netrc):
    """Activate in a simulated network, and return the first lines of the requests received."""
    tool("ip")
    command = [tool("unshare"), "--net", "--mount"]
    if subprocess.run([*command, "true"], capture_output=True, timeout=30).returncode:
        missing("unshare with the right to make networks")

    def run(kind: str, url: str) -> list[str]:
        before = [*command, sys.executable, str(NETWORK), kind]
        report = activate(before, CONDA_ANACONDA_HEARTBEAT=url, PATH=os.environ["PATH"])
        heads, report.stdout = report.stdout, ""
        assert_unnoticed(report)
        assert True is netrc()
        return heads.splitlines()

    return run


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make networks")


@needs_root
@pytest.mark.parametrize(
    "kind, url, expected",
    [
        ("none", "http://192.0.2.1:8080/beat", []),
        ("none", "http://heartbeat.example:8080/beat", []),
        ("loopback", "http://192.0.2.1:8080/beat", []),
        ("unreachable", "http://192.0.2.1:8080/beat", []),
        ("black hole", "http://192.0.2.1:8080/beat", []),
        ("black hole", "http://heartbeat.example:8080/beat", ["HEAD /beat HTTP/1.1"]),
        ("IPv6", "http://[::1]:8080/beat", ["HEAD /beat HTTP/1.1"]),
        ("IPv6", "http://heartbeat.example:8080/beat", ["HEAD /beat HTTP/1.1"]),
        ("silent resolver", "http://elsewhere.example:8080/beat", []),
    ],
)
def test_an_unreachable_network_goes_unnoticed(in_network, kind, url, expected):
    """If only IPv6 works, one request is sent over it."""
    assert expected == in_network(kind, url)

"""nginx with etc/nginx/heartbeat.conf answers heartbeats and logs them without addresses."""

from __future__ import annotations

import contextlib
import re
import signal
import socket
import ssl
import struct
import subprocess

import pytest
from receivers import AGENT, CLIENT, FORWARDED, HEARTBEAT, Receiver, free_port, nginx, program
from reporting import report
from support import PATIENCE

ERROR_LOG = "error_log stderr emerg;"


def agent(number: int, environment: int = 0) -> str:
    """Return the User-Agent of a client."""
    return AGENT.format(
        client=f"client{number:016}", session="s" * 22, environment=f"env{environment:019}"
    )


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Return a server for requests that need no others around them."""
    with nginx(tmp_path_factory.mktemp("nginx") / "n", "heartbeat.conf") as receiver:
        yield receiver


def test_a_large_body_is_refused(server):
    assert server.request("HEAD", HEARTBEAT, body=b"x" * 1024)[0] == 204
    assert server.request("HEAD", HEARTBEAT, body=b"x" * 1025)[0] == 413


def test_a_line_of_the_head_may_have_8000_bytes_but_not_9000(server):
    assert server.request("HEAD", HEARTBEAT, f"User-Agent: {'x' * 8000}")[0] == 204
    assert server.request("HEAD", HEARTBEAT, f"User-Agent: {'x' * 9000}")[0] == 400
    assert server.request("HEAD", f"/{'x' * 9000}")[0] == 414


def test_a_head_of_more_than_17_kilobytes_is_refused(server):
    headers = [f"X-{number}: {'x' * 5000}" for number in range(4)]
    assert server.request("HEAD", HEARTBEAT, *headers)[0] == 400


def test_the_log_has_exactly_six_fields_and_no_header_but_the_user_agent(tmp_path):
    with nginx(tmp_path / "n", "heartbeat.conf") as server:
        for method, path in (("HEAD", HEARTBEAT), ("GET", "/x?secret=1")):
            headers = (
                f"X-Forwarded-For: {FORWARDED}",
                "Cookie: secret=1",
                "Referer: http://secret/",
            )
            server.request(method, path, f"User-Agent: {agent(1)}", *headers)
    first, second = server.log("heartbeat.log")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", first.pop("time"))
    assert first == {
        "method": "HEAD", "path": HEARTBEAT, "status": 204, "bytes": 0, "user_agent": agent(1)
    }  # fmt: skip
    assert second.pop("time") and second.pop("bytes") > 0
    assert second == {"method": "GET", "path": "/x", "status": 405, "user_agent": agent(1)}
    assert server.files_with(b"secret") == []


def test_the_report_reads_what_nginx_wrote(tmp_path):
    """User-Agents and paths with characters that JSON escapes, or that are not UTF-8."""
    odd = ['"', "\\", '\\"}', "\t", "\x80\xff", "\xf0\x9f\x9a\x92", "'$http_host'", "\\x22", "{}"]
    with nginx(tmp_path / "n", "heartbeat.conf") as server:
        for number, text in enumerate(odd):
            user_agent = f"User-Agent: conda/24.7.1 {text} {agent(number).partition(' ')[2]}"
            assert server.request("HEAD", HEARTBEAT, user_agent)[0] == 204
        assert server.request("HEAD", '/a"b%22%0A%ff/noarch/activate-0.0.0-0.conda')[0] == 204
        assert server.request("GET", "/", f"User-Agent: {agent(99)}")[0] == 405
    totals = report(tmp_path / "n" / "logs" / "heartbeat.log")["totals"]
    assert (totals["lines_read"], totals["lines_skipped"]) == (len(odd) + 2, 0)
    assert (totals["heartbeats"], totals["heartbeat_clients"]) == (len(odd) + 1, len(odd))
    assert totals["clients"] == len(odd) + 1


def flood(server: Receiver, connections: int) -> list[int]:
    """Send 1,000 heartbeats on each connection, one after the other, and return the statuses."""
    head = f"HEAD {HEARTBEAT} HTTP/1.1\r\nHost: x\r\nUser-Agent: {agent(1)}\r\n"
    data = f"{head}\r\n" * 999 + f"{head}Connection: close\r\n\r\n"
    statuses: list[int] = []
    for _ in range(connections):
        answer = server.exchange(data.encode())
        statuses += map(int, re.findall(rb"^HTTP/1.1 (\d+)", answer, re.MULTILINE))
    return statuses


def test_bursts_of_1000_pass_the_limit_of_the_server_and_only_they_are_logged(tmp_path):
    with nginx(tmp_path / "n", "heartbeat.conf", {"rate=500r/s": "rate=1r/s"}) as server:
        statuses = flood(server, 2)
        # Other methods are under the same limit, and so is a client with another address.
        assert server.request("GET", "/")[0] == 429
    assert statuses[:1000] == [204] * 1000
    assert set(statuses[1000:]) == {204, 429}
    allowed = statuses.count(204)
    # One a second more than the burst; a slow machine may need a while for 1,000 requests.
    assert 1000 <= allowed <= 1060
    assert [line["status"] for line in server.log("heartbeat.log")] == [204] * allowed


def trouble(server: Receiver) -> None:
    """Cause messages of nginx about requests and connections: limits, bad requests, aborts."""
    with server.connect() as slow:
        slow.sendall(b"HEAD / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        for line in (
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"HEAD", b"HEAD / HTTP/9.9",
            b"HEAD /../../etc/passwd HTTP/1.1", b"HEAD /%zz HTTP/1.1", b"HEAD /%00 HTTP/1.1",
            b"BREW / HTTP/1.1", b"TRACE / HTTP/1.1", b"CONNECT x:443 HTTP/1.1", b"GET /",
            b"HEAD http://user:password@x/ HTTP/1.1", b"PRI * HTTP/2.0", b"GET " + b"/" * 9000,
        ):  # fmt: skip
            server.exchange(line + b"\r\nHost: x\r\nConnection: close\r\n\r\n")
        for header in (
            "Host: conda.example.org", f"X: {'x' * 9000}", "Content-Length: -1",
            "Transfer-Encoding: x", "X: \0", "Expect: 100-continue",
            *(f"{name}: {FORWARDED}" for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded")),
        ):  # fmt: skip
            for method in ("HEAD", "POST"):
                server.request(method, HEARTBEAT, header)
        server.request("POST", HEARTBEAT, body=b"x" * 5000)
        for host in (b"", b"Host: ..\r\n", b"Host: a b\r\n"):
            server.exchange(b"HEAD / HTTP/1.1\r\n" + host + b"\r\n")
        server.exchange(b"HEAD / HTTP/1.1\r\nHost: x\r\n", close=True)
        server.exchange(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n", close=True)
        with server.connect() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.sendall(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n" * 100)
        flood(server, 4)
        server.process.send_signal(signal.SIGUSR1)  # open the logs again
        slow.recv(1000)  # nginx gives up after 5 seconds
    server.process.send_signal(signal.SIGHUP)  # reload the configuration
    server.request("HEAD", HEARTBEAT, f"User-Agent: {agent(1)}")


def test_no_file_has_an_address_whatever_clients_do(tmp_path):
    """Even if the site's own logs are at their most verbose."""
    with nginx(tmp_path / "n", "heartbeat.conf") as server:
        trouble(server)
    assert server.files_with(CLIENT.encode()) == []
    assert server.files_with(bytes(map(int, CLIENT.split(".")))) == []
    assert server.files_with(FORWARDED.encode()) == []
    assert server.files_with(b"password") == []
    assert {line["status"] for line in server.log("heartbeat.log")} == {204, 405}
    assert (tmp_path / "n" / "logs" / "access.log").read_bytes() == b""


def test_without_its_error_log_the_same_requests_leave_addresses(tmp_path):
    """So the requests of the test above do cause messages."""
    with nginx(tmp_path / "n", "heartbeat.conf", {ERROR_LOG: ""}) as server:
        trouble(server)
    assert server.files_with(CLIENT.encode()) == ["logs/error.log"]
    messages = (tmp_path / "n" / "logs" / "error.log").read_text("latin-1")
    for reason in (
        "limiting requests", "invalid method", "too long header line", "too large body",
        "client timed out", "invalid host",
    ):  # fmt: skip
        assert reason in messages, reason


def test_no_file_has_an_address_after_failed_tls_handshakes(tmp_path):
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    command = [program("openssl"), "req", "-x509", "-newkey", "ec", "-nodes", "-subj", "/CN=x"]
    command += ["-pkeyopt", "ec_paramgen_curve:prime256v1", "-keyout", key, "-out", certificate]
    subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE)
    port = free_port()
    lines = (
        f"listen 127.0.0.1:{port} ssl default_server; server_name _;"
        f" ssl_certificate {certificate}; ssl_certificate_key {key};"
    )
    insecure = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    insecure.check_hostname, insecure.verify_mode = False, ssl.CERT_NONE
    with nginx(tmp_path / "n", "heartbeat.conf", {"server_name _;": lines}) as server:
        server.port = port
        server.exchange(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")  # no TLS
        server.exchange(b"\x16\x03\x01\x00\x05hello")
        server.exchange(b"\x16\x03\x01", close=True)
        with server.connect() as client, contextlib.suppress(ssl.SSLError):
            ssl.create_default_context().wrap_socket(client, server_hostname="x")
        with server.connect() as client, insecure.wrap_socket(client) as secure:
            secure.sendall(b"HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert secure.recv(1000).startswith(b"HTTP/1.1 204 ")
    assert server.files_with(CLIENT.encode()) == []
    assert [line["status"] for line in server.log("heartbeat.log")] == [204]

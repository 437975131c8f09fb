"""Caddy with etc/caddy/Caddyfile answers heartbeats and logs them without addresses."""

from __future__ import annotations

import subprocess

import pytest
from receivers import AGENT, CLIENT, FORWARDED, HEARTBEAT, PROJECT, caddy, program
from reporting import report
from support import PATIENCE


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """Return a server for requests that need no others around them."""
    with caddy(tmp_path_factory.mktemp("caddy") / "c") as receiver:
        yield receiver


def test_a_large_body_is_refused(server):
    assert server.request("HEAD", HEARTBEAT, body=b"x" * 1000)[0] == 204
    assert server.request("HEAD", HEARTBEAT, body=b"x" * 1001)[0] == 502


def test_a_large_head_is_refused(server):
    assert server.request("HEAD", HEARTBEAT, f"User-Agent: {'x' * 7500}")[0] == 204
    assert server.request("HEAD", HEARTBEAT, f"User-Agent: {'x' * 13000}")[0] == 431


def test_the_log_has_no_header_but_the_user_agent_and_the_report_reads_it(tmp_path):
    agents = [
        AGENT.format(client=f"c{number}", session="s", environment="e") for number in range(3)
    ]
    agents.append('conda/24.7.1 "\\ \xf0\x9f\x9a\x92 aau/1.0.0 c/c3')
    headers = (f"X-Forwarded-For: {FORWARDED}", "Cookie: secret=1", "Referer: http://secret/")
    with caddy(tmp_path / "c") as server:
        for agent in agents:
            request = server.request(
                "HEAD", f"{HEARTBEAT}?secret", f"User-Agent: {agent}", *headers
            )
            assert request[0] == 204
        server.request("GET", "/", *headers)
    lines = server.log("heartbeat.log")
    for line in lines:
        assert {*line} == {"level", "logger", "msg", "request", "size", "status", "ts"}
    requests = [line["request"] for line in lines]
    decoded = [agent.encode("latin-1").decode() for agent in agents]
    assert requests[:-1] == [
        {"method": "HEAD", "uri": HEARTBEAT, "headers": {"User-Agent": [agent]}}
        for agent in decoded
    ]
    assert {**requests[-1], "headers": {}} == {"method": "GET", "uri": "/", "headers": {}}
    assert server.files_with(b"secret") == []
    totals = report(tmp_path / "c" / "logs" / "heartbeat.log")["totals"]
    assert (totals["lines_read"], totals["lines_skipped"]) == (5, 0)
    assert (totals["heartbeats"], totals["heartbeat_clients"]) == (4, 4)


def trouble(server) -> None:
    """Cause messages of Caddy about requests and connections."""
    for line in (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"HEAD", b"HEAD / HTTP/9.9",
        b"HEAD /%zz HTTP/1.1", b"BREW / HTTP/1.1", b"CONNECT x:443 HTTP/1.1", b"GET /",
        b"HEAD http://user:password@x/ HTTP/1.1", b"PRI * HTTP/2.0", b"GET " + b"/" * 20000,
    ):  # fmt: skip
        server.exchange(line + b"\r\nHost: x\r\nConnection: close\r\n\r\n")
        server.exchange(line + b"\r\nHost: x\r\n", close=True)
    for header in (
        "Host: ..", "Content-Length: -1", "Transfer-Encoding: x", "X: \0", "Upgrade: websocket",
        *(f"{name}: {FORWARDED}" for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded")),
    ):  # fmt: skip
        for method in ("HEAD", "POST"):
            server.request(method, HEARTBEAT, header)
    for size in (10, 5000):
        server.request("POST", HEARTBEAT, body=b"x" * size)
        server.exchange(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n", close=True)


def test_no_file_has_an_address_whatever_clients_do(tmp_path):
    with caddy(tmp_path / "c") as server:
        trouble(server)
    assert server.files_with(CLIENT.encode()) == []
    assert server.files_with(FORWARDED.encode()) == []
    assert {line["status"] for line in server.log("heartbeat.log")} >= {204, 405}


def test_with_messages_about_errors_the_same_requests_leave_addresses(tmp_path):
    """So the requests of the test above do cause messages."""
    with caddy(tmp_path / "c", {"exclude http.log.error": ""}) as server:
        trouble(server)
    assert server.files_with(CLIENT.encode()) == ["output"]
    assert server.files_with(FORWARDED.encode()) == []


def test_the_file_is_formatted_as_caddy_does():
    path = PROJECT / "etc" / "caddy" / "Caddyfile"
    done = subprocess.run(
        [program("caddy"), "fmt", path], capture_output=True, text=True, timeout=PATIENCE
    )
    assert done.stdout == path.read_text()

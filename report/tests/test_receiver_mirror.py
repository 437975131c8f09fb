"""nginx with etc/nginx/mirror.conf mirrors a channel, and logs paths without their secrets."""

from __future__ import annotations

import contextlib
import ssl
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from receivers import AGENT, CLIENT, nginx, program
from reporting import report
from support import PATIENCE

SECRET = "to-1234-secret"
PACKAGE = "/conda-forge/noarch/tzdata-2024a-h0c530f3_0.conda"
CHANNEL = "https://conda.anaconda.org"
STATUSES = {200, 204, 400, 403, 404, 413, 416, 502}
ERROR_LOG = "error_log stderr emerg;"
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"

#: Too large for nginx's buffers, so it writes some of it to files.
BODY = bytes(range(256)) * 1000


class Channel(ThreadingHTTPServer):
    """A channel that has every file, and records the heads of the requests for them."""

    daemon_threads = False

    def __init__(self) -> None:
        self.heads: list[str] = []
        super().__init__(("127.0.0.1", 0), _Handler)
        self.authority = f"127.0.0.1:{self.server_address[1]}"
        self.thread = threading.Thread(target=self.serve_forever, args=(0.05,))
        self.thread.start()

    @property
    def paths(self) -> list[str]:
        """Return the paths of the requests received."""
        return [head.split()[1] for head in self.heads]

    def close(self) -> None:
        """End the server."""
        self.shutdown()
        self.thread.join(PATIENCE)
        self.server_close()

    def handle_error(self, request, client_address) -> None:
        """Expect clients that do not trust the certificate."""


class _Handler(BaseHTTPRequestHandler):
    server: Channel

    def do_GET(self) -> None:
        self.server.heads.append(f"{self.requestline}\n{self.headers}")
        self.send_response(200)
        self.send_header("Content-Length", str(len(BODY)))
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Set-Cookie", "visitor=1")
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def channel():
    with contextlib.closing(Channel()) as server:
        yield server


@pytest.fixture
def mirror(tmp_path, channel):
    """Return a function that runs a mirror of the channel."""

    def run(**changes):
        usual = {
            CHANNEL: f"http://{channel.authority}",
            "/var/cache/conda-mirror": f"{tmp_path}/n/cache",
        }
        return nginx(tmp_path / "n", "mirror.conf", {**usual, **changes})

    return run


LOGGED = {
    f"{PACKAGE}?token={SECRET}": PACKAGE,
    f"/t/{SECRET}{PACKAGE}": PACKAGE,
    f"/conda/t/{SECRET}{PACKAGE}?{SECRET}": f"/conda{PACKAGE}",
    f"/t/{SECRET}": "/",
    f"/t/{SECRET}/": "/",
    f"/%74/{SECRET}/a": "/a",
    f"//t//{SECRET}//a": "/a",
    f"/./t/./{SECRET}/a": "/a",
    f"/x/../t/{SECRET}/a": "/a",
    f"/t/{SECRET}%2F{SECRET}/a": "/",
    f"/t%2f{SECRET}/a": "/",
    f"/a%3F{SECRET}": "/",
    f"/t/{SECRET}%0A/a": "/a",
    f"/%0A/t/{SECRET}/%0A": "/\n/\n",
    f"/t/{SECRET}/t/{SECRET}/a": "/a",
    f"/t/t/{SECRET}/a": "/a",
    f"/t/{SECRET}%FF/a": "/a",
    "/tt/x/t": "/tt/x/t",
    "/a%22%5C/%C3%A9?": '/a"\\/é',
}


def test_logged_paths_have_no_query_and_no_token_and_no_other_file_has_them(mirror, channel):
    with mirror() as server:
        for target in LOGGED:
            assert server.request("GET", target)[0] == 200
    lines = server.log("mirror.log")
    assert [line["path"] for line in lines] == list(LOGGED.values())
    assert {tuple(line) for line in lines} == {
        ("time", "method", "path", "status", "bytes", "user_agent")
    }
    assert server.files_with(SECRET.encode()) == []
    # The channel checks the tokens.
    assert channel.paths == list(LOGGED)


def test_no_file_has_an_address_whatever_clients_do(mirror, channel):
    with mirror() as server:
        trouble(server)
        channel.close()
        assert server.request("GET", "/conda-forge/noarch/repodata.json")[0] == 502
    assert server.files_with(CLIENT.encode()) == []
    assert server.files_with(SECRET.encode()) == []
    assert {line["status"] for line in server.log("mirror.log")} >= STATUSES
    assert CLIENT not in "".join(channel.heads)


def test_without_its_error_log_the_same_requests_leave_addresses_and_tokens(mirror, channel):
    """So the requests of the test above do cause messages."""
    with mirror(**{ERROR_LOG: ""}) as server:
        trouble(server)
    assert server.files_with(CLIENT.encode()) == ["logs/error.log"]
    assert server.files_with(SECRET.encode()) == ["logs/error.log"]


def trouble(server) -> None:
    """Cause messages of nginx about requests and connections."""
    server.request("GET", PACKAGE, f"Authorization: Basic {SECRET}", f"Cookie: {SECRET}")
    server.request("GET", f"/t/{SECRET}{PACKAGE}", "Range: bytes=5-3")
    server.request("GET", f"/t/{SECRET}/", body=b"x" * 5000)
    server.request("POST", f"/t/{SECRET}/")
    server.exchange(f"GET /t/{SECRET}/ HTTP/1.1\r\nHost: x\r\nX: {'x' * 9000}\r\n\r\n".encode())
    server.exchange(f"GET /t/{SECRET}/\r\n".encode())
    server.exchange(f"GET http://a:{SECRET}@x/ HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    server.exchange(f"GET /t/{SECRET}/ HTTP/1.1\r\nHost: x\r\n\r\n".encode(), close=True)
    for method in ("HEAD", "GET"):
        server.request(method, f"/t/{SECRET}/main/noarch/activate-0.0.0-0.conda")


def test_downloads_come_from_the_cache_except_those_with_credentials(mirror, channel):
    private = (f"/t/{SECRET}{PACKAGE}", PACKAGE, f"{PACKAGE}?{SECRET}")
    with mirror() as server:
        assert server.request("GET", private[0])[2] == BODY
        for _ in range(2):
            status, head, body = server.request("GET", PACKAGE)
            assert (status, body) == (200, BODY)
            assert "Set-Cookie" not in head
        assert server.request("GET", PACKAGE, "Range: bytes=0-9")[2] == BODY[:10]
        server.request("GET", PACKAGE, f"Authorization: Basic {SECRET}")
        server.request("GET", f"{PACKAGE}?{SECRET}")
        server.request("GET", private[0])
    assert channel.paths == [private[0], PACKAGE, PACKAGE, private[2], private[0]]
    assert [line["bytes"] for line in server.log("mirror.log")] == [
        *[len(BODY)] * 3, 10, *[len(BODY)] * 3
    ]  # fmt: skip


def test_heartbeats_are_answered_by_the_mirror(mirror, channel):
    with mirror() as server:
        path = "/conda-forge/noarch/activate-0.0.0-0.conda"
        assert [server.request(method, path)[0] for method in ("HEAD", "GET")] == [204, 404]
    assert channel.heads == []


def test_the_report_reads_what_the_mirror_wrote(mirror, tmp_path):
    with mirror() as server:
        for number in range(3):
            agent = AGENT.format(client=f"c{number}", session="s", environment="e")
            header = f"User-Agent: {agent}"
            server.request("GET", f"/t/{SECRET}{PACKAGE}", header)
            server.request("GET", "/conda-forge/noarch/repodata.json?x", header)
            server.request("HEAD", "/main/noarch/activate-0.0.0-0.conda", header)
    found = report(tmp_path / "n" / "logs" / "mirror.log")
    totals = found["totals"]
    assert (totals["lines_read"], totals["lines_skipped"], totals["clients"]) == (9, 0, 3)
    assert (totals["downloads"], totals["heartbeats"]) == (3, 3)
    [package] = found["packages"]
    assert (package["project"], package["downloads"]) == ("tzdata", 3)
    assert ("conda-forge", "noarch") in {
        (row["channel"], row["subdir"]) for row in found["channels"]
    }


@pytest.mark.parametrize("trusted", [True, False])
def test_the_certificate_of_the_channel_is_checked(mirror, channel, tmp_path, trusted):
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    command = [program("openssl"), "req", "-x509", "-newkey", "ec", "-nodes", "-subj", "/CN=x"]
    command += ["-pkeyopt", "ec_paramgen_curve:prime256v1", "-keyout", key, "-out", certificate]
    command += ["-addext", f"subjectAltName=DNS:{'127.0.0.1' if trusted else 'other'}"]
    subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    channel.socket = context.wrap_socket(channel.socket, server_side=True)
    changes = {CHANNEL: f"https://{channel.authority}", CERTIFICATES: str(certificate)}
    with mirror(**changes) as server:
        assert server.request("GET", PACKAGE)[0] == (200 if trusted else 502)

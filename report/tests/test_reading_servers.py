"""Logs of real servers: each request is read as it was sent."""

from __future__ import annotations

import base64
import time

import pytest
from web_servers import running, send

from anaconda_anon_usage_report.reading import read

OWN = "conda/24.7.1 requests/2.34.2 CPython/3.11.7 Linux/6.1.0-18-amd64 debian/12.11 glibc/2.36"
TOKENS = "aau/0.9.0 c/UJngfYjkhNCv0HPEitrFWA s/QbCqO9cvBJKxZoy3Aqy3IQ o/acme o/dev"
USER = base64.b64encode(b'John "Q." [30/Nov/2026:02:05:51 +0000] Public:SECRET').decode()


def request(line, agent, *headers):
    """Return a request."""
    fields = ["Host: 127.0.0.1", f"User-Agent: {agent}", "Referer: http://u:SECRET@x/", *headers]
    return f"{line}\r\n{''.join(field + chr(13) + chr(10) for field in fields)}".encode()


REQUESTS = [
    request("GET /conda-forge/linux-64/numpy-1.26.4-py312_0.conda HTTP/1.1", f"{OWN} {TOKENS}"),
    request("GET /t/SECRET/main/noarch/a-1%212-0.conda?k=SECRET HTTP/1.1", f"{OWN} {TOKENS}"),
    request("HEAD /main/noarch/activate-0.0.0-0.conda HTTP/1.1", f"{OWN} {TOKENS}"),
    request("GET /main/noarch/repodata.json.zst HTTP/1.1", f"{OWN} {TOKENS}"),
    request("GET /caf%C3%A9/noarch/a-1-0.conda HTTP/1.1", 'pip/26.0 {"ci":null}'),
    request("GET / HTTP/1.1", "back\\slash\\", f"Authorization: Basic {USER}"),
    request("GET / HTTP/1.1", "café"),
    request("PUT /x HTTP/1.1", "curl/8.5.0", "Content-Length: 0"),
]
EXPECTED = [
    ("download", "GET", 200, "conda-forge", "numpy-1.26.4-py312_0.conda", True, "conda"),
    ("download", "GET", 200, "main", "a-1!2-0.conda", True, "conda"),
    ("heartbeat", "HEAD", 404, "main", None, True, "conda"),
    ("repodata", "GET", 200, "main", None, True, "conda"),
    ("download", "GET", 200, "café", "a-1-0.conda", False, "pip"),
    ("other", "GET", 200, None, None, False, None),
    ("other", "GET", 200, None, None, False, None),
    ("other", "PUT", 200, None, None, False, "curl"),
]


def rows(log, format):
    """Return the rows and the skipped lines of a log."""
    reading = read([str(log)])
    assert {format} == {found for found, _ in reading._logs}
    found = [row for batch in reading.batches() for row in batch.to_pylist()]
    assert reading.lines_read == log.read_bytes().count(b"\n")
    return found, [skip.reason for skip in reading.skipped]


def check(found):
    """Compare rows with the requests."""
    now = time.time()
    for row in found:
        assert now - 600 < row["time"] <= now
        has_tokens = row["client"] == "UJngfYjkhNCv0HPEitrFWA"
        assert row["organizations"] == (["acme", "dev"] if has_tokens else [])
        assert row["python"] == ("3.11.7" if has_tokens else None)
        assert not [text for text in ("SECRET", "John", "127.0.0.1") if text in str(row)]
    names = ("kind", "method", "status", "channel", "file", "client", "installer_name")
    values = [[row[name] for name in names] for row in found]
    for value in values:
        value[5] = value[5] is not None
    # Servers write at the end of a request; they may overtake each other.
    assert sorted(map(str, EXPECTED)) == sorted(str(tuple(value)) for value in values)


@pytest.mark.parametrize(
    ("server", "logs"),
    [
        ("nginx", {"combined": "combined", "main": "combined", "nginx-json": "nginx-json"}),
        ("apache2", {"combined": "combined", "vhost_combined": "combined"}),
        ("caddy", {"caddy": "caddy"}),
    ],
)
def test_requests_are_read_as_they_were_sent(tmp_path, server, logs):
    with running(server, tmp_path) as port:
        send(port, REQUESTS)
    for name, format in logs.items():
        found, skipped = rows(tmp_path / f"{name}.log", format)
        assert skipped == []
        check(found)


@pytest.mark.parametrize(("server", "log"), [("nginx", "combined"), ("apache2", "combined")])
def test_requests_that_are_not_http_are_skipped(tmp_path, server, log):
    with running(server, tmp_path) as port:
        send(port, [REQUESTS[0], b'\x16\x03\x01 "SECRET\r\n', REQUESTS[0]])
    found, skipped = rows(tmp_path / f"{log}.log", "combined")
    assert ["download", "download"] == [row["kind"] for row in found]
    assert skipped == ["invalid request line"]

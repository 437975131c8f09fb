"""nginx and Caddy with their configurations of etc/ answer requests in the same way."""

from __future__ import annotations

import pytest
from receivers import HEARTBEAT, caddy, nginx


@pytest.fixture(scope="module", params=["nginx", "caddy"])
def server(request, tmp_path_factory):
    """Return a server for requests that need no others around them."""
    directory = tmp_path_factory.mktemp(request.param) / "s"
    run = caddy(directory) if request.param == "caddy" else nginx(directory, "heartbeat.conf")
    with run as receiver:
        yield receiver


def test_head_is_answered_with_204_at_any_path(server):
    for path in (HEARTBEAT, "/heartbeat", "/", "/a%20b/../c?query"):
        status, _, body = server.request("HEAD", path)
        assert (status, body) == (204, b"")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_other_methods_are_answered_with_405_and_allow_head(server, method):
    status, head, _ = server.request(method, HEARTBEAT, "Content-Length: 0")
    assert status == 405
    assert "\r\nAllow: HEAD\r\n" in f"{head}\r\n"


def test_trace_is_answered_with_405(server):
    assert server.request("TRACE", HEARTBEAT)[0] == 405

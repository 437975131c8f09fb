"""Which libraries a connection imports, and which certificates it uses."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from support import PATIENCE

PROGRAM = """
import json, sys
from anaconda_anon_usage.heartbeat import connection
from anaconda_anon_usage.settings import Connection

options = connection.manager("https://127.0.0.1:9/", Connection()).connection_pool_kw
imported = [name for name in ("requests", "urllib.request") if name in sys.modules]
print(json.dumps([imported, options["ca_certs"]]))
"""


@pytest.fixture
def connect(environ):
    """Prepare a connection in another process; return its imports and its certificates."""

    def run(**variables: str) -> tuple[list[str], str]:
        done = subprocess.run(
            [sys.executable, "-I", "-c", PROGRAM],
            env={**environ, **variables},
            check=True,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        imported, certificates = json.loads(done.stdout)
        return imported, certificates

    return run


@pytest.mark.skipif(sys.platform in ("darwin", "win32"), reason="the system may have a proxy")
def test_a_connection_without_a_proxy_imports_neither_requests_nor_its_proxy_lookup(connect):
    """Importing them would cost more than the rest of the heartbeat."""
    imported, _ = connect()
    assert [] == imported


@pytest.mark.skipif(sys.platform in ("darwin", "win32"), reason="the system may have a proxy")
@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_a_certificate_bundle_does_not_need_requests(connect, tmp_path, name):
    """The variable overrides ``ssl_verify``, as in requests."""
    bundle = str(tmp_path / "bundle.pem")
    assert ([], bundle) == connect(**{name: bundle})


@pytest.mark.parametrize("name", ["https_proxy", "ALL_PROXY"])
def test_requests_chooses_the_proxy_where_one_is_set(connect, name):
    """In any letter case."""
    imported, _ = connect(**{name: "http://127.0.0.1:9"})
    assert "requests" in imported

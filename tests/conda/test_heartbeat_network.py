"""The destination of heartbeats, and their deadline under any network conditions."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import servers
import trustme
from conda_root import DEADLINE
from servers import one_byte_a_second, silent
from support import PATIENCE, tool, wait_until

RESOLVER = Path(__file__).parent / "silent_resolver.py"

PATH = "/main/noarch/activate-0.0.0-0.conda"

#: The package's own deadline of heartbeats.
OWN_DEADLINE = {DEADLINE: "5"}


@pytest.fixture
def authority(home):
    """A certificate authority, with its certificate in ``authority.pem`` in the home directory."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(home / "authority.pem")
    return authority


@pytest.fixture
def proxied() -> list[tuple[str, str]]:
    """The targets and heads of the requests that went through the proxy."""
    return []


@pytest.fixture
def proxy(server, authority, proxied):
    """A proxy that records what a repository would have received."""
    return server(servers.proxy(authority, proxied), read=False)


@pytest.fixture
def heartbeat(base, environ, tmp_path):
    """A function that starts a heartbeat as the launcher does, for an environment of its own."""
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
    """Wait until a heartbeat's process has ended, and return its output and exit status."""
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
    heartbeat, proxy, proxied, home, channels, target, path
):
    """Through conda's proxy, and over TLS that conda's ``ssl_verify`` trusts."""
    (home / ".condarc").write_text(
        f"anaconda_heartbeat: true\n"
        f"channels: {channels}\n"
        f"proxy_servers: {{https: '{proxy.url}'}}\n"
        f"ssl_verify: {home}/authority.pem\n"
    )
    assert outcome(heartbeat()) == (b"", 0)
    [(seen_target, request)] = proxied
    assert (seen_target, request.split("\r\n")[0]) == (target, f"HEAD {path} HTTP/1.1")
    assert "secret" not in request


def test_an_unknown_authority_gets_no_request(heartbeat, proxy, proxied, home):
    """A server that conda does not trust does not see the User-Agent."""
    (home / ".condarc").write_text(
        f"anaconda_heartbeat: true\nchannels: [defaults]\nproxy_servers: {{https: '{proxy.url}'}}\n"
    )
    assert outcome(heartbeat()) == (b"", 0)
    assert proxied == []


def test_truststore_uses_the_systems_certificates(heartbeat, proxy, proxied, home):
    """``ssl_verify: truststore`` uses the operating system's. Here that is OpenSSL's variable."""
    (home / ".condarc").write_text(
        "anaconda_heartbeat: true\nchannels: [defaults]\n"
        f"proxy_servers: {{https: '{proxy.url}'}}\nssl_verify: truststore\n"
    )
    assert outcome(heartbeat(SSL_CERT_FILE=f"{home}/authority.pem")) == (b"", 0)
    assert len(proxied) == 1


@pytest.mark.parametrize("behave", [silent, one_byte_a_second])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_that_never_responds_does_not_delay_the_exit(heartbeat, server, behave, scheme):
    """This covers silence and an endless response, over HTTP and in the TLS handshake."""
    endless = server(behave, read=False)
    url = f"{scheme}://{endless.authority}/beat"
    assert outcome(heartbeat(CONDA_ANACONDA_HEARTBEAT=url, **OWN_DEADLINE)) == (b"", 0)
    assert endless.connections == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can create network namespaces")
def test_a_resolver_that_never_responds_does_not_delay_the_exit(base, environ, tmp_path):
    """The network library has no timeout for name resolution."""
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
            **OWN_DEADLINE,
        },
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "asked\n", "")


def test_a_refused_connection_is_silent(heartbeat, home):
    """Nothing listens on the port, and nothing is printed."""
    assert outcome(heartbeat(CONDA_ANACONDA_HEARTBEAT="http://127.0.0.1:9/")) == (b"", 0)


def test_the_process_ends_soon_after_the_response(heartbeat, receiver):
    """It does not wait for its deadline."""
    process = heartbeat(CONDA_ANACONDA_HEARTBEAT=receiver.url_for("/beat"))
    wait_until(lambda: receiver.log)
    assert outcome(process) == (b"", 0)
    assert len(receiver.log) == 1

"""Passwords and channel tokens are never printed or logged, whichever setting contains them."""

from __future__ import annotations

import subprocess

import pytest

#: Every command that prints, in one process. The last one ends the process.
COMMANDS = """
import os, sys
from anaconda_anon_usage.cli import main
from anaconda_anon_usage.conda_integration import report_health
from anaconda_anon_usage.heartbeat import activated
for arguments in (
    [],
    ["--json"],
    ["heartbeat", "--dry-run"],
    ["heartbeat", "--dry-run", "--json"],
    ["heartbeat", "--channel", "http://me:SECRET@127.0.0.1:9/t/SECRET"],
    ["heartbeat", "--channel", "http://127.0.0.1:9", "--json"],
    ["heartbeat", "--channel", "ftp://me:SECRET@127.0.0.1"],
    ["tokens", "--detail"],
):
    print(arguments[:1], main(arguments), flush=True)
report_health(os.environ["CONDA_PREFIX"])
sys.stdout.flush()
activated.main()
"""

#: Variables and lines of a condarc, each with a secret.
CASES = {
    "heartbeat": "anaconda_heartbeat: http://me:SECRET@127.0.0.1:9/",
    "heartbeat without scheme": "anaconda_heartbeat: me:SECRET@127.0.0.1:9",
    "heartbeat token": "anaconda_heartbeat: http://127.0.0.1:9/t/SECRET/x?key=SECRET",
    "telemetry": "anaconda_anon_usage: SECRET",
    "proxy": "proxy_servers: {http: 'http://me:SECRET@127.0.0.1:9'}",
    "proxy without scheme": "proxy_servers: {http: 'me:SECRET@127.0.0.1:9'}",
    "slash": "proxy_servers: {http: 'http://me:SECRET/SECRET@127.0.0.1:9'}",
    "slash and port": "proxy_servers: {http: 'http://me:9/SECRET@127.0.0.1:9'}",
    "hash": "proxy_servers: {http: 'http://me:9#SECRET@127.0.0.1:9'}",
    "at": "proxy_servers: {http: 'http://me:SECRET@SECRET@127.0.0.1:9'}",
    "bad port": "proxy_servers: {http: 'http://me:SECRET@127.0.0.1:SECRET'}",
    "bad scheme": "proxy_servers: {http: 'what://me:SECRET@127.0.0.1:9'}",
    "list": "proxy_servers: [SECRET]",
    "variable": "proxy_servers: {http: 'http://me:$PASSWORD@127.0.0.1:9'}",
    "channel_alias": "channel_alias: me:SECRET@example.org/t/SECRET",
    "channel_alias token": "channel_alias: https://me:SECRET@example.org/t/SECRET",
    "channels": "channels: ['https://me:SECRET@repo.anaconda.cloud/t/SECRET/x', [SECRET]]",
    "default_channels": "default_channels: ['https://me:SECRET@repo.anaconda.cloud/t/SECRET']",
    "custom_channels": "custom_channels: {SECRET: {SECRET: SECRET}}",
    "ssl_verify": "ssl_verify: /no/$PASSWORD",
    "client_ssl_cert": "client_ssl_cert: /no/$PASSWORD",
    "offline": "offline: SECRET",
    "invalid YAML": "proxy_servers: {http: 'http://me:SECRET@127.0.0.1:9'",
    "duplicate key": "SECRET: SECRET\nSECRET: SECRET",
}


@pytest.mark.parametrize("case", CASES)
def test_no_secret_is_printed_or_logged(someone, base, environ, home, tmp_path, case):
    """Checks status, dry runs, JSON, doctor, debug output, errors and the log."""
    env = base.make_environment(tmp_path / "env")
    lines = [CASES[case]]
    if "heartbeat" not in case:
        lines.append("anaconda_heartbeat: http://127.0.0.1:9/beat")
    (home / ".condarc").write_text("\n".join(lines) + "\n")
    done = subprocess.run(
        [*someone, base.python, "-I", "-c", COMMANDS],
        env={
            **environ,
            "CONDA_PREFIX": str(env),
            "PASSWORD": "SECRET",
            "ANACONDA_ANON_USAGE_DEBUG": "1",
            "ANACONDA_ANON_USAGE_LOG": str(home / "log"),
        },
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "Traceback" not in done.stderr
    assert 8 == done.stdout.count("\n['") + done.stdout.count("\n[]") + done.stdout.startswith("[]")
    log = (home / "log").read_text() if (home / "log").exists() else ""
    assert [] == [
        line for line in (done.stdout + done.stderr + log).splitlines() if "SECRET" in line
    ]


@pytest.mark.parametrize("name", ["http_proxy", "HTTPS_PROXY", "all_proxy"])
@pytest.mark.parametrize("proxy", ["http://me:SECRET@127.0.0.1:9", "me:SECRET/x@127.0.0.1:9"])
def test_no_secret_of_a_proxy_variable_is_printed(someone, base, environ, tmp_path, name, proxy):
    """requests reads these variables, and its errors would quote the proxy."""
    env = base.make_environment(tmp_path / "env")
    done = subprocess.run(
        [*someone, base.python, "-I", "-c", COMMANDS],
        env={**environ, "CONDA_PREFIX": str(env), name: proxy, "ANACONDA_ANON_USAGE_DEBUG": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    printed = done.stdout + done.stderr
    assert [] == [line for line in printed.splitlines() if "SECRET" in line]


def test_variables_in_proxies_are_expanded_as_in_conda(base, environ, home):
    """A condarc can refer to a variable that contains the password."""
    (home / ".condarc").write_text("proxy_servers: {http: 'http://$ME:${PASSWORD}@127.0.0.1:9'}\n")
    code = """
from anaconda_anon_usage.settings import load
from conda.base.context import context, reset_context
reset_context()
print(load().connection.proxy_servers, dict(context.proxy_servers))
"""
    printed = subprocess.check_output(
        [base.python, "-I", "-c", code],
        env={**environ, "ME": "me", "PASSWORD": "secret"},
        text=True,
        timeout=60,
    )
    expected = {"http": "http://me:secret@127.0.0.1:9"}
    assert f"{expected} {expected}\n" == printed

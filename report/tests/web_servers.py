"""Start web servers on 127.0.0.1 that write access logs."""

from __future__ import annotations

import contextlib
import getpass
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

NGINX = r"""
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/error.txt;
events {{}}
http {{
  log_format main '$remote_addr - $remote_user [$time_local] "$request" '
                  '$status $body_bytes_sent "$http_referer" '
                  '"$http_user_agent" "$http_x_forwarded_for"';
  log_format anon_usage escape=json
    '{{"time":"$time_iso8601","method":"$request_method","path":"$uri",'
    '"status":$status,"bytes":$body_bytes_sent,"user_agent":"$http_user_agent"}}';
  access_log {folder}/combined.log combined;
  access_log {folder}/main.log main;
  access_log {folder}/nginx-json.log anon_usage;
  client_body_temp_path {folder};
  proxy_temp_path {folder};
  fastcgi_temp_path {folder};
  uwsgi_temp_path {folder};
  scgi_temp_path {folder};
  server {{
    listen 127.0.0.1:{port};
    location / {{ return 200 "package"; }}
    location ~ activate {{ return 404; }}
  }}
}}
"""

APACHE = r"""
ServerRoot {folder}
ServerName conda.example.org
Listen 127.0.0.1:{port}
PidFile {folder}/apache.pid
Mutex file:{folder}
User {user}
Group {group}
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule rewrite_module /usr/lib/apache2/modules/mod_rewrite.so
DocumentRoot {folder}
ErrorLog {folder}/error.txt
LogFormat "%h %l %u %t \"%r\" %>s %O \"%{{Referer}}i\" \"%{{User-Agent}}i\"" combined
LogFormat "%v:%p %h %l %u %t \"%r\" %>s %O \"%{{Referer}}i\" \"%{{User-Agent}}i\"" vhost_combined
CustomLog {folder}/combined.log combined
CustomLog {folder}/vhost_combined.log vhost_combined
RewriteEngine on
RewriteRule activate - [R=404,L]
RewriteRule .* - [R=200,L]
"""

CADDY = """
{{
  admin off
  auto_https off
}}
http://:{port} {{
  bind 127.0.0.1
  log {{
    output file {folder}/caddy.log
  }}
  @heartbeats path *activate*
  respond @heartbeats 404
  respond "package" 200
}}
"""

COMMANDS = {
    "nginx": (NGINX, ["-c", "{file}"]),
    "apache2": (APACHE, ["-X", "-f", "{file}"]),
    "caddy": (CADDY, ["run", "--adapter", "caddyfile", "--config", "{file}"]),
}


@contextlib.contextmanager
def running(name: str, folder: Path) -> Iterator[int]:
    """Run a server, and end it.

    Args:
        name: a name in ``COMMANDS``.
        folder: where it finds its configuration and writes its logs.

    Yields:
        Its port.
    """
    program = _program(name)
    port = _free_port()
    text, arguments = COMMANDS[name]
    user = ("www-data", "www-data") if os.geteuid() == 0 else (getpass.getuser(), "nogroup")
    file = folder / f"{name}.conf"
    file.write_text(text.format(folder=folder, port=port, user=user[0], group=user[1]))
    command = [program, *(argument.format(file=file) for argument in arguments)]
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    with (
        (folder / "output.txt").open("wb") as output,
        subprocess.Popen(command, env=environ, stdout=output, stderr=output) as server,
    ):
        try:
            _wait(port, server)
            yield port
        finally:
            server.terminate()
            try:
                server.wait(30)
            except subprocess.TimeoutExpired:
                server.kill()


def send(port: int, requests: Sequence[bytes]) -> None:
    """Send requests, each over a connection of its own, and wait for the answers.

    Args:
        port: the server's port.
        requests: what is sent, except the end of the headers.
    """
    for request in requests:
        with socket.create_connection(("127.0.0.1", port), 30) as connection:
            connection.sendall(request + b"Connection: close\r\n\r\n")
            while connection.recv(1 << 16):
                pass


def _program(name: str) -> str:
    program = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail(f"{name} is not installed")
        pytest.skip(f"{name} is not installed")
    return program


def _free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port: int = server.getsockname()[1]
        return port


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end and server.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    pytest.fail("the server does not answer")

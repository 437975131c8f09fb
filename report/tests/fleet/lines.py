"""Write the requests of a fleet as the access logs of different servers do."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone, tzinfo
from urllib.parse import unquote

from .model import Request

MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()


def nginx(request: Request, zone: tzinfo = timezone.utc) -> bytes:
    """Return a line of nginx's predefined format ``combined``."""
    return _combined(request, zone, _nginx_escaped)


def nginx_main(request: Request, zone: tzinfo = timezone.utc) -> bytes:
    """Return a line of the format ``main`` of nginx's own packages."""
    return nginx(request, zone) + b' "198.51.100.1, 10.0.0.1"'


def apache(request: Request, zone: tzinfo = timezone.utc) -> bytes:
    """Return a line of Apache's format ``combined``. It writes ``-`` for 0 bytes."""
    return _combined(request, zone, _apache_escaped, empty="-")


def apache_vhost(request: Request, zone: tzinfo = timezone.utc) -> bytes:
    """Return a line of Apache's format ``vhost_combined``."""
    return b"conda.example.org:443 " + _combined(request, zone, _apache_escaped)


def nexus(request: Request, zone: tzinfo = timezone.utc) -> bytes:
    """Return a line of Nexus's ``request.log``, which escapes nothing."""
    return (
        f"{request.address} - {request.user} [{_clf_time(request.time, zone)}]"
        f' "{request.method} {request.path} HTTP/1.1" {request.status} - {request.bytes} 12'
        f' "{request.user_agent}" [qtp1428445881-{request.time % 1000}]'
    ).encode()


def artifactory(request: Request, zone: tzinfo = timezone.utc) -> bytes:
    """Return a line of Artifactory's ``artifactory-request.log``, which is in UTC."""
    fields = (
        _iso_time(request.time, timezone.utc).replace("+00:00", ".123Z"),
        "d0b0a5e3d5d4a53b",
        request.address,
        "reader" if request.user == "-" else request.user,
        request.method,
        request.path,
        str(request.status),
        "-1",
        str(request.bytes),
        "8",
        request.user_agent,
    )
    return "|".join(fields).encode()


def nginx_json(request: Request, zone: tzinfo = timezone.utc) -> bytes:
    """Return a line of the JSON of anaconda-anon-usage's own configuration of nginx."""
    entry = {
        "time": _iso_time(request.time, zone),
        "method": request.method,
        # nginx decodes $uri and removes the query.
        "path": unquote(request.path.partition("?")[0]),
        "status": request.status,
        "bytes": request.bytes,
        "user_agent": request.user_agent,
    }
    return json.dumps(entry, separators=(",", ":")).encode()


def caddy(request: Request, zone: tzinfo = timezone.utc) -> bytes:
    """Return a line of Caddy's access log."""
    entry = {
        "level": "info",
        "ts": request.time + 0.75,
        "logger": "http.log.access.log0",
        "msg": "handled request",
        "request": {
            "remote_ip": request.address,
            "remote_port": "41342",
            "client_ip": request.address,
            "proto": "HTTP/2.0",
            "method": request.method,
            "host": "conda.example.org",
            "uri": request.path,
            "headers": {
                "Accept": ["*/*"],
                "Referer": [request.referer],
                "User-Agent": [request.user_agent],
            },
        },
        "bytes_read": 0,
        "user_id": "" if request.user == "-" else request.user,
        "duration": 0.001,
        "size": request.bytes,
        "status": request.status,
        "resp_headers": {"Server": ["Caddy"]},
    }
    return json.dumps(entry, separators=(",", ":")).encode()


def traefik(request: Request, zone: tzinfo = timezone.utc) -> bytes:
    """Return a line of Traefik's access log in JSON, with the User-Agent kept."""
    entry = {
        "ClientAddr": f"{request.address}:4711",
        "ClientHost": request.address,
        "ClientUsername": request.user,
        "DownstreamContentSize": request.bytes,
        "DownstreamStatus": request.status,
        "Duration": 1_234_567,
        "OriginStatus": request.status,
        "RequestAddr": "conda.example.org",
        "RequestHost": "conda.example.org",
        "RequestMethod": request.method,
        "RequestPath": request.path,
        "RequestProtocol": "HTTP/2.0",
        "StartLocal": _iso_time(request.time, zone).replace("+00:00", "Z"),
        "StartUTC": _iso_time(request.time, timezone.utc).replace("+00:00", ".123456789Z"),
        "level": "info",
        "msg": "",
        "request_Referer": request.referer,
        "request_User-Agent": request.user_agent,
        "time": _iso_time(request.time, zone).replace("+00:00", "Z"),
    }
    return json.dumps(entry, separators=(",", ":")).encode()


def _combined(
    request: Request, zone: tzinfo, escaped: Callable[[str], str], empty: str = "0"
) -> bytes:
    """Return a line in the combined format."""
    return (
        f"{request.address} - {request.user} [{_clf_time(request.time, zone)}]"
        f' "{request.method} {escaped(request.path)} HTTP/1.1" {request.status}'
        f' {request.bytes or empty} "{escaped(request.referer)}"'
        f' "{escaped(request.user_agent)}"'
    ).encode()


def _nginx_escaped(text: str) -> str:
    return "".join(
        character
        if " " <= character <= "~" and character not in '"\\'
        else f"\\x{ord(character):02X}"
        for character in text
    )


def _apache_escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _local(time: int, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(time, zone)


def _clf_time(time: int, zone: tzinfo) -> str:
    local = _local(time, zone)
    return local.strftime(f"%d/{MONTHS[local.month - 1]}/%Y:%H:%M:%S %z")


def _iso_time(time: int, zone: tzinfo) -> str:
    return _local(time, zone).isoformat()


def offset(minutes: int) -> timezone:
    """Return a time zone with a fixed offset."""
    return timezone(timedelta(minutes=minutes))


Writer = Callable[[Request, tzinfo], bytes]

#: Each kind of line, and the name of its format for ``--format``.
WRITERS: dict[str, tuple[Writer, str]] = {
    "nginx": (nginx, "combined"),
    "nginx main": (nginx_main, "combined"),
    "apache": (apache, "combined"),
    "apache vhost": (apache_vhost, "combined"),
    "nginx json": (nginx_json, "nginx-json"),
    "caddy": (caddy, "caddy"),
    "traefik": (traefik, "traefik"),
    "artifactory": (artifactory, "artifactory"),
    "nexus": (nexus, "nexus"),
}

"""The formats of access logs: from one line to the parts of a request.

Lines are text in Latin-1, in which each byte is one character, so that no byte is invalid.
``decoded`` makes UTF-8 of it.

The JSON that anaconda-anon-usage's nginx configuration logs, format ``nginx-json``, is::

    log_format anon_usage escape=json
        '{"time":"$time_iso8601","method":"$request_method","path":"$uri",'
        '"status":$status,"bytes":$body_bytes_sent,"user_agent":"$http_user_agent"}';

Further fields are ignored. ``time`` is ISO 8601 with an offset, or seconds since 1970-01-01 as a
number (``$msec``). ``path`` may be percent-encoded, and ``bytes`` may be missing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .times import clf_time, epoch_time, iso_time

#: Longer lines are skipped. Servers limit request lines and headers to a fraction of it.
LONGEST_LINE = 1 << 20

EMPTY = "empty line"
TOO_LONG = "line too long"
NOT_IN_FORMAT = "not in the log's format"
INVALID_TIME = "invalid time"
INVALID_REQUEST = "invalid request line"
NOT_A_REQUEST = "message that is not a request"

#: All reasons why a line is skipped.
SKIP_REASONS = (EMPTY, TOO_LONG, NOT_IN_FORMAT, INVALID_TIME, INVALID_REQUEST, NOT_A_REQUEST)


class Parts(NamedTuple):
    """The parts of a line that are read on. The others never leave this module."""

    time: int
    method: str
    target: str
    status: int
    bytes: int | None
    user_agent: str


Parser = Callable[[str], "Parts | str"]

# A quoted field. nginx writes \x22 for a quotation mark, Apache \".
_ESCAPED = r'[^"\\]*(?:\\.[^"\\]*)*'
_QUOTED = f'"({_ESCAPED})"'
_ANSWERED = r'\[([^\[\]"]{20,32})\] ' + _QUOTED + r" (\d{3}) "

_COMBINED = re.compile(rf"{_ESCAPED}{_ANSWERED}(\d+|-) {_QUOTED} {_QUOTED}(?: .*)?", re.DOTALL)
# Nexus escapes nothing: quotation marks end a field only in front of what follows it.
_NEXUS = re.compile(
    r'[^"]*\[([^\[\]"]{20,32})\] "(.*?)" (\d{3}) (?:\S+ )?(\d+|-) \d+ "(.*)"(?: \[[^"]*)?',
    re.DOTALL,
)
_ARTIFACTORY = re.compile(
    r"([^|]*)\|[^|]*\|[^|]*\|.*?\|([A-Z]+)\|([^|]*)\|(\d{3})\|-?\d*\|(-?\d*)\|[^|]*\|(.*)",
    re.DOTALL,
)
_REQUEST_LINE = re.compile(r"([A-Z]{3,16}) (\S.*?)(?: HTTP/\d(?:\.\d)?)?", re.DOTALL)
_METHOD = re.compile(r"[A-Z]{3,16}")
_ESCAPE = re.compile(r"\\(?:x([0-9A-Fa-f]{2})|(.))", re.DOTALL)
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "v": "\v", "f": "\f"}


def decoded(text: str) -> str:
    """Return Latin-1 text, which is really UTF-8, decoded."""
    return text if text.isascii() else text.encode("latin-1").decode("utf-8", "replace")


def unescaped(text: str) -> str:
    """Return the text of a quoted field as the client sent it."""
    if "\\" in text:
        text = _ESCAPE.sub(_character, text)
    return decoded(text)


def _character(match: re.Match[str]) -> str:
    code, other = match.groups()
    return chr(int(code, 16)) if code else _CONTROLS.get(other, other)


def request_line(text: str) -> tuple[str, str] | None:
    """Return the method and the target of a request line, or None if it is invalid.

    Args:
        text: the request line, unescaped.
    """
    match = _REQUEST_LINE.fullmatch(text)
    return (match[1], match[2]) if match else None


def size(text: str) -> int | None:
    """Return a number of bytes, or None if it is missing (``-`` or ``-1``)."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def combined(line: str) -> Parts | str:
    """Parse the combined format, with or without a virtual host and more fields behind it."""
    return _quoted(_COMBINED.fullmatch(line), unescaped)


def nexus(line: str) -> Parts | str:
    """Parse Nexus's request.log, with or without the request's size and the thread."""
    return _quoted(_NEXUS.fullmatch(line), decoded)


def _quoted(match: re.Match[str] | None, text: Callable[[str], str]) -> Parts | str:
    """Return the parts of a line in a format with quoted fields."""
    if match is None:
        return NOT_IN_FORMAT
    stamp, request, status, sent, *_, agent = match.groups()
    time = clf_time(stamp)
    if time is None:
        return INVALID_TIME
    line = request_line(text(request))
    if line is None:
        return INVALID_REQUEST
    return Parts(time, *line, int(status), size(sent), text(agent))


def artifactory(line: str) -> Parts | str:
    """Parse Artifactory's request log, from version 7 on."""
    match = _ARTIFACTORY.fullmatch(line)
    if match is None:
        return NOT_IN_FORMAT
    stamp, method, target, status, sent, agent = match.groups()
    time = iso_time(stamp)
    if time is None:
        return INVALID_TIME
    target = decoded(target)
    # This log leaves out the context path.
    if target.startswith(("/api/conda/", "api/conda/")):
        target = f"/artifactory/{target.lstrip('/')}"
    return Parts(time, method, target, int(status), size(sent), decoded(agent))


def _json(line: str) -> dict[str, Any] | None:
    """Return the object on a line, or None if there is none."""
    try:
        value = json.loads(decoded(line))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _text(value: object) -> str:
    """Return a string of JSON without lone surrogates, which UTF-8 does not have."""
    if not isinstance(value, str):
        return ""
    return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")


def _parts(
    time: object, method: object, target: object, status: object, sent: object, agent: object
) -> Parts | str:
    """Return the parts of a request that was logged as JSON."""
    if type(status) is not int or not 0 <= status <= 999:
        return NOT_IN_FORMAT
    seconds = iso_time(time) if isinstance(time, str) else epoch_time(time)
    if seconds is None:
        return INVALID_TIME
    if not isinstance(method, str) or _METHOD.fullmatch(method) is None or not _text(target):
        return INVALID_REQUEST
    known = sent if type(sent) is int and 0 <= sent < 2**63 else None
    return Parts(seconds, method, _text(target), status, known, _text(agent))


def nginx_json(line: str) -> Parts | str:
    """Parse the JSON of anaconda-anon-usage's own nginx configuration."""
    fields = _json(line)
    if fields is None or not {"time", "method", "path", "status"} <= fields.keys():
        return NOT_IN_FORMAT
    get = fields.get
    return _parts(
        get("time"), get("method"), get("path"), get("status"), get("bytes"), get("user_agent")
    )


def caddy(line: str) -> Parts | str:
    """Parse Caddy's JSON, which also contains messages of the server itself."""
    fields = _json(line)
    if fields is None or "ts" not in fields:
        return NOT_IN_FORMAT
    request = fields.get("request")
    if not isinstance(request, dict) or "status" not in fields:
        return NOT_A_REQUEST
    headers = request.get("headers")
    agents = headers.get("User-Agent") if isinstance(headers, dict) else None
    agent = agents[0] if isinstance(agents, list) and agents else agents
    get = fields.get
    return _parts(
        get("ts"), request.get("method"), request.get("uri"), get("status"), get("size"), agent
    )


def traefik(line: str) -> Parts | str:
    """Parse Traefik's JSON. Its configuration must keep the User-Agent."""
    fields = _json(line)
    if fields is None or "DownstreamStatus" not in fields:
        return NOT_IN_FORMAT
    get = fields.get
    time = get("StartUTC", get("time"))
    return _parts(
        time,
        get("RequestMethod"),
        get("RequestPath"),
        get("DownstreamStatus"),
        get("DownstreamContentSize"),
        get("request_User-Agent"),
    )


#: The formats by the names that ``--format`` takes.
FORMATS: dict[str, Parser] = {
    "combined": combined,
    "nginx-json": nginx_json,
    "caddy": caddy,
    "traefik": traefik,
    "artifactory": artifactory,
    "nexus": nexus,
}


def parse_line(line: str, parse: Parser) -> Parts | str:
    """Return the parts of a line, or why it is skipped.

    Args:
        line: the line without its end.
        parse: the parser of the log's format.
    """
    # A log that was truncated while the server wrote on begins with NULs.
    line = line.lstrip("\0").removesuffix("\r")
    if len(line) > LONGEST_LINE:
        return TOO_LONG
    return parse(line) if line else EMPTY


def detect(lines: Sequence[str]) -> str | None:
    """Return the format of most of the lines, or None if no line is in any format.

    Args:
        lines: the first lines of a log.
    """
    counts = {
        name: sum(not isinstance(parse_line(line, parse), str) for line in lines)
        for name, parse in FORMATS.items()
    }
    best = max(counts, key=lambda name: counts[name])
    return best if counts[best] else None

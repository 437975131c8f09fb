"""Tell what a request was for: its kind, its package and its channel."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

from ..schema import DOWNLOAD, HEARTBEAT, OTHER, REPODATA

#: Shown instead of a part of a channel that may be a secret.
HIDDEN = "(hidden)"

_LONGEST_SEGMENT = 24

_SUBDIR = re.compile(
    r"noarch|(?:android|emscripten|freebsd|ios|linux|netbsd|openbsd|osx|wasi|win|zos)-[a-z0-9_]+"
)
_REPODATA = re.compile(
    r"(?:(?:current_)?repodata|repodata_from_packages|run_exports|channeldata)\.json(?:\.bz2|\.zst)?"
    r"|(?:current_)?repodata\.jlap|repodata_from_packages\.jlap|repodata_shards\.msgpack\.zst"
)
_SHARD = re.compile(r"[0-9a-zA-Z_-]+\.msgpack\.zst")
_ORIGIN = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")
_HEARTBEAT = ["noarch", "activate-0.0.0-0.conda"]

# A user name and a password, or a query, that was percent-encoded into a path.
_SECRET = re.compile(r":.*@|\?")

_CPUS = {"32": "x86", "64": "x86_64"}


@dataclass(frozen=True)
class Options:
    """What the reader needs to know to understand requests.

    Attributes:
        count_redirects: count 302 and 307 answers to requests for packages as downloads.
        heartbeat_path: another path of heartbeats, compared with the end of the request's path.
        strip_prefix: prefixes of paths that are not part of the channel.
        channels: channels, or segments of them, that are shown even if they are long.
        workers: number of threads that parse; by default, one for each core.
        key: key of the hashes of programs and files, of up to 64 bytes. Without it, nobody who
            sends requests can make two hashes equal.
    """

    count_redirects: bool = False
    heartbeat_path: str | None = None
    strip_prefix: tuple[str, ...] = ("/artifactory/api/conda", "/repository")
    channels: tuple[str, ...] = ()
    workers: int | None = None
    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)


class Request(NamedTuple):
    """The columns that depend on the request line, the status and the size."""

    kind: str
    method: str
    status: int
    bytes: int | None = None
    channel: str | None = None
    subdir: str | None = None
    file: str | None = None
    project: str | None = None
    version: str | None = None
    build: str | None = None
    cpu: str | None = None


def classify(method: str, target: str, status: int, size: int | None, options: Options) -> Request:
    """Return what a request was for.

    Args:
        method: the method, in capitals.
        target: the request target, percent-encoded, as a path or a URL.
        status: the status of the answer.
        size: the bytes of the answer's body, or None.
        options: how to read paths.

    Returns:
        The request. Nothing of the query, the authority or a channel's token is left.
    """
    segments = _segments(target)
    file = segments[-1] if segments else ""
    if method == "HEAD" and _is_heartbeat(segments, options):
        channel, subdir = _place(segments[:-1], options)
        return Request(HEARTBEAT, method, status, size, channel, subdir)
    parts = package(file) if method == "GET" else None
    if parts is not None:
        if status in (200, 206) or (options.count_redirects and status in (302, 307)):
            channel, subdir = _place(segments[:-1], options)
            cpu = _cpu(subdir)
            return Request(DOWNLOAD, method, status, size, channel, subdir, file, *parts, cpu)
    elif method in ("GET", "HEAD") and status in (200, 206, 304):
        place = _repodata_place(segments)
        if place is not None:
            if file.startswith("channeldata."):
                return Request(REPODATA, method, status, size, _channel(place, options))
            return Request(REPODATA, method, status, size, *_place(place, options))
    return Request(OTHER, method, status, size, *_place(segments[:-1], options))


def package(file: str) -> tuple[str, str, str] | None:
    """Return name, version and build of a package's file, or None for another file.

    Args:
        file: the decoded name of the file.

    Returns:
        The parts as conda splits them, or None.
    """
    for extension in (".conda", ".tar.bz2"):
        if file.endswith(extension):
            parts = file[: -len(extension)].rsplit("-", 2)
            if len(parts) == 3 and all(parts) and not _SECRET.search(file):
                return parts[0], parts[1], parts[2]
    return None


def split(path: str) -> list[str]:
    """Return the segments of a path that are not empty."""
    return [segment for segment in path.split("/") if segment]


def _segments(target: str) -> list[str]:
    """Return the decoded segments of a request target, without tokens of channels."""
    origin = _ORIGIN.match(target)
    path = target[origin.end() :] if origin else target
    path = path.partition("?")[0].partition("#")[0]
    # First the raw segments: a token may contain an encoded slash.
    raw = _without_tokens([_decoded(segment) for segment in split(path)])
    return _without_tokens(split("/".join(raw)))


def _decoded(segment: str) -> str:
    """Return a percent-decoded segment. Bytes that are not UTF-8 and NULs are replaced."""
    if "%" in segment or not segment.isascii() or "\0" in segment:
        data = unquote_to_bytes(segment.encode("utf-8", "replace"))
        return data.decode("utf-8", "replace").replace("\0", "�")
    return segment


def _without_tokens(segments: Iterable[str]) -> list[str]:
    """Return segments without each ``t`` and the segment behind it."""
    kept = []
    rest = iter(segments)
    for segment in rest:
        if segment == "t":
            next(rest, None)
        else:
            kept.append(segment)
    return kept


def _is_heartbeat(segments: list[str], options: Options) -> bool:
    """Return whether the path is one of heartbeats."""
    if segments[-2:] == _HEARTBEAT:
        return True
    own = split(options.heartbeat_path or "")
    return bool(own) and segments[-len(own) :] == own


def _repodata_place(segments: list[str]) -> list[str] | None:
    """Return the segments in front of a file of repodata, or None for another file."""
    if segments and _REPODATA.fullmatch(segments[-1]):
        return segments[:-1]
    if len(segments) > 1 and segments[-2] == "shards" and _SHARD.fullmatch(segments[-1]):
        return segments[:-2]
    return None


def _place(folders: list[str], options: Options) -> tuple[str | None, str | None]:
    """Return the channel and the subdir of a file; None for both if there is no subdir."""
    if folders and _SUBDIR.fullmatch(folders[-1]):
        return _channel(folders[:-1], options), folders[-1]
    return None, None


def _channel(segments: Sequence[str], options: Options) -> str | None:
    """Return a channel's name, with long segments hidden."""
    for prefix in sorted(map(split, options.strip_prefix), key=len, reverse=True):
        if prefix and list(segments[: len(prefix)]) == prefix:
            segments = segments[len(prefix) :]
            break
    name = "/".join(segments)
    if name in options.channels:
        return name
    return "/".join(_shown(segment, options) for segment in segments) or None


def _shown(segment: str, options: Options) -> str:
    """Return a segment, or the text that hides it."""
    if segment in options.channels:
        return segment
    if len(segment) > _LONGEST_SEGMENT or _SECRET.search(segment):
        return HIDDEN
    return segment


def _cpu(subdir: str | None) -> str | None:
    """Return the processor that packages of a subdir are for."""
    if subdir is None or subdir == "noarch":
        return None
    name = subdir.partition("-")[2]
    return _CPUS.get(name, name)

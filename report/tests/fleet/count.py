"""Count the requests of a group: one function for each measure."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from .model import DOWNLOAD, HEARTBEAT, REPODATA, Request

Count = int | None
Counter = Callable[[Sequence[Request]], Count]


def _distinct(values: Iterable[object]) -> int:
    return len(set(values) - {None})


def clients(requests: Sequence[Request]) -> int:
    """Return the number of distinct clients."""
    return _distinct(r.tokens.client for r in requests)


def sessions(requests: Sequence[Request]) -> int:
    """Return the number of distinct sessions, heartbeats left out."""
    return _distinct(r.tokens.session for r in requests if r.kind != HEARTBEAT)


def downloads(requests: Sequence[Request]) -> int:
    """Return the number of downloads, repeated ones left out."""
    folded = set()
    count = 0
    for request in requests:
        if request.kind != DOWNLOAD:
            continue
        tokens = request.tokens
        if tokens.client is None:
            count += 1
        else:
            file = request.channel, request.subdir, request.package
            folded.add((tokens.client, tokens.session, request.hour, file))
    return count + len(folded)


def size(requests: Sequence[Request]) -> int:
    """Return the bytes of all downloads."""
    return sum(r.bytes for r in requests if r.kind == DOWNLOAD)


def environments_per_client(requests: Sequence[Request]) -> Count:
    """Return the median of the clients' numbers of environments."""
    found = defaultdict(set)
    for request in requests:
        if request.tokens.client is not None and request.tokens.environment is not None:
            found[request.tokens.client].add(request.tokens.environment)
    return median([len(environments) for environments in found.values()])


def median(values: Sequence[int]) -> Count:
    """Return the median after the nearest-rank method, or None without values."""
    return sorted(values)[math.ceil(len(values) / 2) - 1] if values else None


def updates(requests: Iterable[Request]) -> dict[tuple[str, str], int]:
    """Return the time of the first check of repodata of each client and session."""
    found: dict[tuple[str, str], int] = {}
    for request in requests:
        client, session = request.tokens.client, request.tokens.session
        if request.kind == REPODATA and client is not None and session is not None:
            first = found.get((client, session), request.time)
            found[client, session] = min(first, request.time)
    return found


def gaps(requests: Iterable[Request]) -> dict[tuple[str, str], int]:
    """Return the seconds since the client's update before, for each update that has one."""
    times = defaultdict(list)
    for (client, session), time in updates(requests).items():
        times[client].append((time, session))
    found = {}
    for client, of_client in times.items():
        ordered = sorted(of_client)
        for (before, _), (time, session) in itertools.pairwise(ordered):
            found[client, session] = time - before
    return found


COUNTERS: dict[str, Counter] = {
    "clients": clients,
    "environments": lambda rs: _distinct(r.tokens.environment for r in rs),
    "sessions": sessions,
    "organizations": lambda rs: _distinct(o for r in rs for o in r.tokens.organizations),
    "machines": lambda rs: _distinct(m for r in rs for m in r.tokens.machines),
    "installers": lambda rs: _distinct(i for r in rs for i in r.tokens.installers),
    "accounts": lambda rs: _distinct(r.tokens.account for r in rs),
    "heartbeats": lambda rs: sum(r.kind == HEARTBEAT for r in rs),
    "heartbeat_clients": lambda rs: clients([r for r in rs if r.kind == HEARTBEAT]),
    "heartbeat_environments": lambda rs: _distinct(
        r.tokens.environment for r in rs if r.kind == HEARTBEAT
    ),
    "environments_per_client": environments_per_client,
    "downloads": downloads,
    "bytes": size,
    "requests": len,
}

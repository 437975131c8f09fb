"""Tell which clients of a fleet are lasting, and which are mirrors."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from .model import DOWNLOAD, Request

DAY = 86_400

#: A client that downloads this many distinct files on a day is a mirror.
MIRROR_FILES = 5_000


class Populations:
    """The clients of all requests, whatever is reported of them.

    Args:
        requests: all requests.
        lasting: the number of days that a lasting client has been seen for.
    """

    def __init__(self, requests: Sequence[Request], lasting: int = 1):
        self.first: dict[str, int] = {}
        self.last: dict[str, int] = {}
        files = defaultdict(set)
        self.mirrors: set[str] = set()
        for request in requests:
            client = request.tokens.client
            if client is None:
                continue
            self.first[client] = min(self.first.get(client, request.time), request.time)
            self.last[client] = max(self.last.get(client, request.time), request.time)
            if request.kind == DOWNLOAD:
                files[client, request.day].add((request.channel, request.subdir, request.package))
            if request.tool.mirror:
                self.mirrors.add(client)
        self.mirrors |= {c for (c, _), found in files.items() if len(found) >= MIRROR_FILES}
        end = max((request.time for request in requests), default=0)
        seconds = lasting * DAY
        self.lasting = {c for c, first in self.first.items() if self.last[c] - first >= seconds}
        self.too_new = {
            c for c, first in self.first.items() if c not in self.lasting and end - first < seconds
        }
        self.single_day = self.first.keys() - self.lasting - self.too_new

    def is_mirror(self, request: Request) -> bool:
        """Return whether a mirror sent a request."""
        client = request.tokens.client
        return request.tool.mirror if client is None else client in self.mirrors

    def each(self) -> dict[str, Callable[[Request], bool]]:
        """Return the test for each population, by the suffix of its columns."""
        return {
            "": lambda request: True,
            "_lasting": lambda request: request.tokens.client in self.lasting,
            "_without_mirrors": lambda request: not self.is_mirror(request),
        }

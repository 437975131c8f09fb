"""Invent a fleet from a seed: clients, environments and sessions, and the requests they send."""

from __future__ import annotations

import base64
import random
from collections.abc import Callable, Iterator
from urllib.parse import quote

from .catalog import (
    CHANNELS,
    CONDA_TOOLS,
    MIRRORS,
    OTHER_TOOLS,
    PACKAGES,
    REPODATA_FILES,
    SUBDIRS,
)
from .model import DOWNLOAD, HEARTBEAT, OTHER, REPODATA, Package, Request, Tokens, Tool

HOUR = 3_600
DAY = 86_400

#: A secret of each kind that must not appear in a report. ``lines`` and ``invent`` use them.
ADDRESS, USER, TOKEN, QUERY = "203.0.113.77", "jane doe", "tk-5ecret-51gn", "q5ecret=1"

HEARTBEAT_FILE = "activate-0.0.0-0.conda"


class Fleet:
    """A fleet and its requests, sorted by time. The same arguments give the same requests.

    Args:
        seed: the source of all choices.
        people: how many clients of each kind there are.
        days: the number of days, of which the first begins at ``start``.
        start: the first second, which is midnight in UTC.
        bulk: how many distinct files one client downloads.
        bulk_days: the number of days in which it does.
    """

    def __init__(
        self,
        seed: int,
        people: int = 4,
        days: int = 12,
        start: int = 1_774_483_200,
        bulk: int = 0,
        bulk_days: int = 1,
    ):
        self.random = random.Random(seed)
        self.start, self.days = start, days
        self.organizations = [f"org-{n}" for n in range(3)]
        kinds: list[Callable[[], Iterator[Request]]] = [
            self._person,
            self._build_machine,
            self._image,
            self._without_package,
            self._other_tool,
            self._mirror,
        ]
        requests = [request for kind in kinds for _ in range(people) for request in kind()]
        requests += self._bulk(bulk, bulk_days)
        requests += self._edges()
        requests += self._repeated()
        requests += self._late(max(request.time for request in requests))
        self.requests = sorted(requests, key=lambda request: request.time)

    # Clients

    def _person(self) -> Iterator[Request]:
        """A client with some environments, which comes back on some of the days."""
        choose = self.random
        tool, client = choose.choice(CONDA_TOOLS), self._token()
        account = self._token() if choose.random() < 0.3 else None
        environments = [self._token() for _ in range(choose.randint(1, 4))]
        for day in self._some_days():
            # conda was updated.
            if choose.random() < 0.1:
                tool = choose.choice(CONDA_TOOLS)
            for _ in range(choose.randint(1, 3)):
                tokens = Tokens(
                    aau=choose.choice(["0.9.0", "0.9.1"]),
                    client=client,
                    session=self._token(),
                    environment=choose.choice(environments),
                    account=account,
                    organizations=self._some_organizations(),
                    installers=("acme-2026-11",) if choose.random() < 0.5 else (),
                )
                yield from self._session(day, tool, tokens)
            for _ in range(choose.randint(0, 3)):
                tokens = Tokens("0.9.0", client, self._token(), choose.choice(environments))
                yield self._heartbeat(day, tool, tokens)

    def _build_machine(self) -> Iterator[Request]:
        """A machine whose containers have a new client each."""
        machine = f"build-{self.random.randint(1, 3)}"
        for day in self._some_days():
            tokens = Tokens(
                "0.9.0",
                self._token(),
                self._token(),
                self._token(),
                machines=(machine,),
                organizations=self._some_organizations(),
            )
            yield from self._session(day, CONDA_TOOLS[0], tokens)

    def _image(self) -> Iterator[Request]:
        """Containers of an image that contains a client token. Sessions may be missing."""
        client, environment = self._token(), self._token()
        for day in self._some_days():
            for _ in range(self.random.randint(1, 3)):
                session = self._token() if self.random.random() < 0.8 else None
                yield from self._session(
                    day, CONDA_TOOLS[1], Tokens("0.9", client, session, environment)
                )

    def _without_package(self) -> Iterator[Request]:
        """conda without tokens, or with only those that an administrator sets."""
        tokens = self.random.choice([Tokens(), Tokens("0.9.0", organizations=("org-1",))])
        for day in self._some_days():
            yield from self._session(day, self.random.choice(CONDA_TOOLS), tokens)

    def _other_tool(self) -> Iterator[Request]:
        for day in self._some_days():
            yield from self._session(day, self.random.choice(OTHER_TOOLS), Tokens())

    def _mirror(self) -> Iterator[Request]:
        tool = self.random.choice(MIRRORS)
        tokens = self.random.choice([Tokens(), Tokens("0.9.0", self._token(), self._token())])
        for day in self._some_days():
            yield from self._session(day, tool, tokens)

    def _bulk(self, files: int, days: int) -> Iterator[Request]:
        """A client of conda that downloads many distinct files, and one twice.

        Files of two subdirs have the same names.
        """
        tokens = Tokens("0.9.0", self._token(), self._token(), self._token())
        for number in [*range(files), *range(min(files, 1))]:
            package = Package("many", f"1.{number // 2}", "0", ".conda", number)
            time = self.start + days * DAY * number // files
            subdir = ("noarch", "linux-64")[number % 2]
            yield self._download(time, CONDA_TOOLS[0], tokens, package, "conda-forge", subdir)

    def _edges(self) -> Iterator[Request]:
        """Clients whose requests are exactly as far apart as a limit, or a second less.

        Each is seen at the first second of a day, and at the end of an hour, day, week or month.
        Others download a file and send a heartbeat some days later.
        """
        for days in (7, 8, 30, 31, 90, 91):
            if days < self.days:
                tokens = Tokens("0.9.0", self._token(), self._token(), self._token())
                yield self._download(
                    self.start, CONDA_TOOLS[0], tokens, PACKAGES[0], "main", "noarch"
                )
                yield self._heartbeat(days, CONDA_TOOLS[0], tokens)
        for seconds in (HOUR, DAY, 7 * DAY, 30 * DAY):
            if seconds >= self.days * DAY:
                continue
            for last in (seconds, seconds - 1):
                client = self._token()
                for time in (0, last):
                    tokens = Tokens("0.9.0", client, self._token(), self._token())
                    yield self._repodata(
                        self.start + time, CONDA_TOOLS[0], tokens, "main", "noarch"
                    )

    def _repeated(self) -> Iterator[Request]:
        """A client that downloads a file again and again: what is counted once, and what is not."""
        client = self._token()
        package, other = PACKAGES[:2]
        first, second = (Tokens("0.9.0", client, self._token()) for _ in range(2))
        without = Tokens("0.9.0", client)
        for time, tokens, file, channel, subdir in (
            (0, first, package, "main", "linux-64"),
            (HOUR - 1, first, package, "main", "linux-64"),
            (HOUR, first, package, "main", "linux-64"),
            (1, first, other, "main", "linux-64"),
            (1, first, package, "pkgs/r", "linux-64"),
            (1, first, package, "main", "noarch"),
            (1, second, package, "main", "linux-64"),
            (1, without, package, "main", "linux-64"),
            (2, without, package, "main", "linux-64"),
        ):
            yield self._download(self.start + time, CONDA_TOOLS[0], tokens, file, channel, subdir)

    def _late(self, end: int) -> Iterator[Request]:
        """Clients that were first seen a day before the end of the data, or a second later."""
        for time in (end - DAY, end - DAY + 1):
            tokens = Tokens("0.9.0", self._token(), self._token(), self._token())
            yield self._repodata(time, CONDA_TOOLS[0], tokens, "main", "noarch")

    # Requests

    def _session(self, day: int, tool: Tool, tokens: Tokens) -> Iterator[Request]:
        """The requests of one command, which may run past the end of an hour or a day."""
        choose = self.random
        time = self.start + day * DAY + choose.randrange(DAY)
        channel = choose.choice(list(CHANNELS))
        subdir = choose.choice(SUBDIRS)
        for _ in range(choose.randint(0, 2)):
            time += choose.randint(0, 5)
            yield self._repodata(time, tool, tokens, channel, choose.choice([subdir, "noarch"]))
        for _ in range(choose.randint(0, 4)):
            package = choose.choice(PACKAGES)
            # A file may be requested again, for example after an interrupted download.
            for _ in range(choose.choice([1, 1, 1, 2, 3])):
                time += choose.choice([0, 1, 40, HOUR])
                yield self._download(time, tool, tokens, package, channel, subdir)
        if choose.random() < 0.4:
            yield self._other(time + 1, tool, tokens, channel, subdir)

    def _download(
        self, time: int, tool: Tool, tokens: Tokens, package: Package, channel: str, subdir: str
    ) -> Request:
        status = self.random.choice([200, 200, 200, 206])
        size = package.size if status == 200 else package.size // 2
        file = quote(package.file, safe="" if self.random.random() < 0.3 else "+!=[]")
        path = self._path(channel, f"{subdir}/{file}")
        return self._request(
            time, tool, tokens, DOWNLOAD, "GET", status, size, path, channel, subdir, package
        )

    def _repodata(
        self, time: int, tool: Tool, tokens: Tokens, channel: str, subdir: str
    ) -> Request:
        choose = self.random
        method = choose.choice(["GET", "GET", "GET", "HEAD"])
        status = choose.choice([200, 206, 304])
        size = 0 if method == "HEAD" or status == 304 else choose.randint(1, 10**7)
        if choose.random() < 0.1:
            name, inside = "channeldata.json", None
        elif choose.random() < 0.2:
            digest = f"{choose.getrandbits(256):064x}"
            name, inside = f"{subdir}/shards/{digest}.msgpack.zst", subdir
        else:
            name, inside = f"{subdir}/{choose.choice(REPODATA_FILES)}", subdir
        path = self._path(channel, name)
        return self._request(
            time, tool, tokens, REPODATA, method, status, size, path, channel, inside, None
        )

    def _heartbeat(self, day: int, tool: Tool, tokens: Tokens) -> Request:
        time = self.start + day * DAY + self.random.randrange(DAY)
        status = self.random.choice([404, 404, 204, 200, 503])
        path = f"/main/noarch/{HEARTBEAT_FILE}"
        return self._request(
            time, tool, tokens, HEARTBEAT, "HEAD", status, 0, path, "main", "noarch", None
        )

    def _other(self, time: int, tool: Tool, tokens: Tokens, channel: str, subdir: str) -> Request:
        """A request that is neither a download, nor a check of repodata, nor a heartbeat."""
        choose = self.random
        package = choose.choice(PACKAGES)
        file = self._path(channel, f"{subdir}/{quote(package.file)}")
        repodata = self._path(channel, f"{subdir}/repodata.json")
        method, path, status = choose.choice(
            [
                ("GET", file, 404),
                ("GET", file, 403),
                ("GET", file, 500),
                ("GET", file, 304),
                ("HEAD", file, 200),
                ("GET", file, 302),
                ("GET", file, 307),
                ("GET", repodata, 404),
                ("POST", repodata, 200),
                ("GET", self._path(channel, f"{subdir}/index.html"), 200),
            ]
        )
        redirect = package if method == "GET" and status in (302, 307) else None
        return self._request(
            time, tool, tokens, OTHER, method, status, 150, path, channel, subdir, redirect
        )

    def _request(
        self,
        time: int,
        tool: Tool,
        tokens: Tokens,
        kind: str,
        method: str,
        status: int,
        size: int,
        path: str,
        channel: str,
        subdir: str | None,
        package: Package | None,
    ) -> Request:
        choose = self.random
        address = ADDRESS if choose.random() < 0.2 else f"10.0.{choose.randrange(256)}.7"
        return Request(
            time=time,
            kind=kind,
            method=method,
            status=status,
            bytes=size,
            path=path,
            channel=CHANNELS[channel],
            subdir=subdir,
            package=package,
            tool=tool,
            tokens=tokens,
            user_agent=self._user_agent(tool, tokens),
            address=address,
            user=choose.choice(["-", "-", "-", USER]),
            referer=choose.choice(["-", "-", f"https://user:pass@{ADDRESS}/?{QUERY}"]),
        )

    def _path(self, channel: str, name: str) -> str:
        """Return a path with the parts that a report must remove."""
        choose = self.random
        prefix = choose.choice(["", "", "/artifactory/api/conda", "/repository"])
        token = choose.choice(["", "", f"/t/{TOKEN}"])
        query = choose.choice(["", "", f"?{QUERY}"])
        return f"{prefix}{token}/{channel}/{name}{query}"

    def _user_agent(self, tool: Tool, tokens: Tokens) -> str:
        """Return a User-Agent, sometimes with words around the tokens that must be ignored."""
        text = tokens.text()
        if not text:
            return tool.text
        choice = self.random.random()
        if choice < 0.1:
            return f"{tool.text} aau/0.1 c/old s/old {text}"
        if choice < 0.2:
            first, _, rest = text.partition(" ")
            return f"{tool.text} {first} z/later {rest}".rstrip()
        if choice < 0.3:
            return f"{tool.text} {text} proxy/1.0 o/unknown m/unknown"
        return f"{tool.text} {text}"

    # Choices

    def _token(self) -> str:
        data = self.random.getrandbits(128).to_bytes(16, "big")
        return base64.urlsafe_b64encode(data).decode().rstrip("=")

    def _some_days(self) -> list[int]:
        count = self.random.randint(1, min(6, self.days))
        return sorted(self.random.sample(range(self.days), count))

    def _some_organizations(self) -> tuple[str, ...]:
        """Return no, one, two or a repeated organization."""
        return tuple(self.random.choices(self.organizations, k=self.random.choice([0, 1, 1, 2])))

"""Define a request of a simulated fleet, with everything that is known about it."""

from __future__ import annotations

from dataclasses import dataclass

DOWNLOAD = "download"
REPODATA = "repodata"
HEARTBEAT = "heartbeat"
OTHER = "other"


@dataclass(frozen=True)
class Tool:
    """A program, and the fields that it sends in its User-Agent.

    ``text`` is the User-Agent without tokens. The other names are those of the report's columns.
    """

    text: str
    installer_name: str | None = None
    installer_version: str | None = None
    conda: str | None = None
    python: str | None = None
    implementation: str | None = None
    system_name: str | None = None
    distro_name: str | None = None
    distro_version: str | None = None
    solver: str | None = None
    solver_version: str | None = None
    libc: str | None = None
    mirror: bool = False


@dataclass(frozen=True)
class Tokens:
    """The tokens of one request. All are missing by default."""

    aau: str | None = None
    client: str | None = None
    session: str | None = None
    environment: str | None = None
    account: str | None = None
    organizations: tuple[str, ...] = ()
    installers: tuple[str, ...] = ()
    machines: tuple[str, ...] = ()

    def text(self) -> str:
        """Return what the package appends to a User-Agent, or an empty string without it."""
        if self.aau is None:
            return ""
        single = (
            ("c", self.client),
            ("s", self.session),
            ("e", self.environment),
            ("a", self.account),
        )
        words = [f"aau/{self.aau}"]
        words += [f"{letter}/{value}" for letter, value in single if value is not None]
        for letter, values in (
            ("i", self.installers),
            ("o", self.organizations),
            ("m", self.machines),
        ):
            words += [f"{letter}/{value}" for value in values]
        return " ".join(words)


@dataclass(frozen=True)
class Package:
    """A package file: what its name says, and its size."""

    project: str
    version: str
    build: str
    extension: str
    size: int

    @property
    def file(self) -> str:
        """Return the file name."""
        return f"{self.project}-{self.version}-{self.build}{self.extension}"


@dataclass(frozen=True)
class Request:
    """A request, as the server saw it, and its meaning.

    ``path`` is the path and query of the request line. ``channel``, ``subdir`` and ``package``
    are what a report may show; ``user_agent`` is the complete header.
    """

    time: int
    kind: str
    method: str
    status: int
    bytes: int
    path: str
    channel: str | None
    subdir: str | None
    package: Package | None
    tool: Tool
    tokens: Tokens
    user_agent: str
    address: str
    user: str
    referer: str

    @property
    def day(self) -> int:
        """Return the number of days since 1970-01-01, in UTC."""
        return self.time // 86_400

    @property
    def hour(self) -> int:
        """Return the number of hours since 1970-01-01, in UTC."""
        return self.time // 3_600

"""Define what the report counts: one sentence for each measure, column and table.

Help texts, column titles, the README and the keys of JSON and CSV come from here.
"""

from __future__ import annotations

from dataclasses import dataclass

#: What a client is.
CLIENTS = (
    "Clients are counted, not users. All containers of an image that contains a token are one "
    "client, and each container without a token is a new client."
)

#: Each measure with variants is counted three times: for all requests, and under its name with
#: these suffixes.
POPULATIONS = {
    "": ("All", "All requests."),
    "_lasting": (
        "Lasting",
        "Requests of lasting clients: first and last request at least 24 hours (times --lasting) "
        "apart, in all data read, whatever the filters are.",
    ),
    "_without_mirrors": (
        "Without mirrors",
        "Requests other than those of mirrors: clients that downloaded at least 5,000 distinct "
        "files on one UTC day, in all data read, clients of a known mirror program, and requests "
        "of such a program without a client token.",
    ),
}
SUFFIXES = tuple(POPULATIONS)


@dataclass(frozen=True)
class Measure:
    """A number that the report shows.

    Args:
        name: The key in JSON and CSV.
        title: The column title.
        sentence: The definition.
        variants: Whether it is also counted for the other populations.
    """

    name: str
    title: str
    sentence: str
    variants: bool = True

    @property
    def names(self) -> tuple[str, ...]:
        """Return the name of the measure for each population."""
        return tuple(self.name + suffix for suffix in (SUFFIXES if self.variants else ("",)))


@dataclass(frozen=True)
class Key:
    """A column that names a group: key in JSON and CSV, column title and definition."""

    name: str
    title: str
    sentence: str


@dataclass(frozen=True)
class Table:
    """A table: key in JSON, heading, definition, and the names of its keys and measures."""

    name: str
    title: str
    sentence: str
    keys: tuple[str, ...]
    measures: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the names of all columns, in order."""
        return self.keys + tuple(name for m in self.measures for name in MEASURES[m].names)


_MEASURES = (
    Measure("clients", "Clients", "Distinct client tokens (c/): one user on one machine."),
    Measure("environments", "Environments", "Distinct environment tokens (e/)."),
    Measure(
        "sessions", "Sessions", "Distinct session tokens (s/) of requests other than heartbeats."
    ),
    Measure("organizations", "Organizations", "Distinct organization tokens (o/)."),
    Measure("machines", "Machines", "Distinct machine tokens (m/)."),
    Measure("installers", "Installers", "Distinct installer tokens (i/)."),
    Measure("accounts", "Accounts", "Distinct account tokens (a/), only with --accounts."),
    Measure("heartbeats", "Heartbeats", "Heartbeat requests, whatever the status."),
    Measure(
        "heartbeat_clients", "Clients with heartbeats", "Distinct client tokens of heartbeats."
    ),
    Measure(
        "heartbeat_environments",
        "Environments with heartbeats",
        "Distinct environment tokens of heartbeats.",
    ),
    Measure(
        "environments_per_client",
        "Environments per client",
        "Median (nearest rank) of the number of distinct environment tokens of a client, among "
        "clients with at least one.",
    ),
    Measure(
        "downloads",
        "Downloads",
        "Package files fetched; a file of a channel and subdir counts once per client, session "
        "and UTC hour, and requests without a client token each count.",
    ),
    Measure("bytes", "Bytes", "Bytes sent for package files, repeated requests included."),
    Measure("requests", "Requests", "Requests of any kind, repeated requests included."),
    Measure(
        "updates", "Updates", "Pairs of a client and a session with at least one repodata check."
    ),
    Measure(
        "update_gap",
        "Update gap",
        "Median (nearest rank) of the seconds from a client's update to its next one, for updates "
        "whose first repodata check is in the period.",
    ),
    Measure("new", "New", "Clients whose first request is in the period."),
    Measure("returning", "Returning", "Clients with requests in the period and before it."),
    Measure(
        "lost", "Lost", "Clients with requests in the period before this one, but not in this one."
    ),
    Measure(
        "requests_without_client",
        "Requests without a client",
        "Requests of any kind without a client token.",
        variants=False,
    ),
    Measure("lasting_clients", "Lasting clients", "Clients that are lasting.", variants=False),
    Measure(
        "single_day_clients",
        "Single-day clients",
        "Clients that are not lasting, although the data read reach far enough beyond their "
        "first request.",
        variants=False,
    ),
    Measure(
        "too_new_clients",
        "Clients too new to tell",
        "Clients that are not lasting, and whose first request is less than 24 hours (times "
        "--lasting) before the last request of all data read.",
        variants=False,
    ),
    Measure("mirrors", "Mirrors", "Clients that are mirrors.", variants=False),
)
MEASURES = {measure.name: measure for measure in _MEASURES}

_KEYS = (
    Key(
        "period",
        "Period",
        "UTC day (2026-01-31), ISO week (2026-W05) or month (2026-01) with --by, else the first "
        "and last day reported (2026-01-01/2026-01-31).",
    ),
    Key(
        "incomplete",
        "Incomplete",
        "Whether the period begins before the hour of the first request read, ends after the "
        "hour of the last one, or is cut by --since or --until.",
    ),
    Key("project", "Package", "Name of the package."),
    Key("version", "Version", "Version of the package."),
    Key(
        "channel",
        "Channel",
        "Path before the subdir, without tokens and the prefixes of --strip-prefix; a segment of "
        "more than 24 characters is (hidden) unless --channel names the channel.",
    ),
    Key("subdir", "Subdir", "Subdirectory of the channel, such as linux-64 or noarch."),
    Key("file", "File", "File name of the package."),
    Key(
        "last_download",
        "Last download",
        "UTC day of the file's last download in all data read, up to --until.",
    ),
    Key("status", "Status", "HTTP status."),
    Key("status_class", "Status", "Class of the HTTP status, such as 2xx."),
    Key("organization", "Organization", "Organization token (o/)."),
    Key("machine", "Machine", "Machine token (m/)."),
    Key("installer", "Installer", "Installer token (i/)."),
    Key("installer_name", "Tool", "First product of the User-Agent."),
    Key("conda", "conda", "Version of conda."),
    Key("python", "Python", "Version of Python."),
    Key("implementation", "Implementation", "Implementation of Python."),
    Key("system_name", "System", "Operating system."),
    Key("cpu", "CPU", "Processor architecture, from the subdir of the client's downloads."),
    Key("distro_name", "Distribution", "Linux distribution, or the name of the system release."),
    Key("distro_version", "Version", "Version of the distribution."),
    Key("libc", "C library", "C library and its version."),
    Key("solver", "Solver", "Solver of conda."),
    Key("solver_version", "Version", "Version of the solver."),
    Key("aau", "anaconda-anon-usage", "Version of anaconda-anon-usage."),
    Key("gap", "Gap", "Time from a client's update to its next one."),
)
KEYS = {key.name: key for key in _KEYS}

_TOKENS = ("clients", "environments", "sessions", "organizations", "machines", "installers")
_COUNTS = (
    *_TOKENS,
    "accounts",
    "heartbeats",
    "heartbeat_clients",
    "heartbeat_environments",
    "environments_per_client",
    "downloads",
    "bytes",
    "requests",
    "updates",
    "update_gap",
)

#: Measures of the JSON object ``totals``, which also has ``lines_read`` and ``lines_skipped``.
TOTALS = (
    *_COUNTS,
    "requests_without_client",
    "lasting_clients",
    "single_day_clients",
    "too_new_clients",
    "mirrors",
)


def _of_tokens(kind: str) -> str:
    """Return the definition of a table of tokens."""
    return (
        f"Requests with each {kind} token. A request with several of them counts in each of "
        "their rows, so rows do not add up."
    )


def _of_attribute(what: str) -> str:
    """Return the definition of a table in which a client counts once."""
    return f"Clients by {what}. A client counts for the last value that it sent in the period."


_OF_TOKEN = ("clients", "environments", "sessions", "heartbeats", "requests")

_TABLES = (
    Table(
        "periods",
        "Periods",
        "Each day, week or month with --by, else the whole time reported. New, returning and lost "
        "are missing unless the data read reach back to the start of the period before.",
        ("period", "incomplete"),
        (*_COUNTS, "new", "returning", "lost"),
    ),
    Table(
        "packages",
        "Packages",
        "Downloads of each package, and the clients that fetched it.",
        ("period", "project"),
        ("clients", "downloads", "bytes"),
    ),
    Table(
        "package_versions",
        "Versions of packages",
        "Downloads of each version of the packages of --package, and the clients that fetched it.",
        ("period", "project", "version"),
        ("clients", "downloads", "bytes"),
    ),
    Table(
        "unused_packages",
        "Unused packages",
        "Files of --inventory without a download in the last --unused-days days of the time "
        "reported. Empty unless the data read reach back that far.",
        ("file", "last_download"),
        (),
    ),
    Table(
        "channels",
        "Channels",
        "Downloads from each channel and subdir, and the clients that fetched from it.",
        ("period", "channel", "subdir"),
        ("clients", "downloads", "bytes"),
    ),
    Table(
        "errors",
        "Errors",
        "Requests other than heartbeats with a status of 400 or more.",
        ("period", "status"),
        ("clients", "requests"),
    ),
    Table(
        "other_requests",
        "Other requests",
        "Requests that are no download, repodata check or heartbeat.",
        ("period", "status_class"),
        ("clients", "requests"),
    ),
    Table(
        "other_tools",
        "Other tools",
        "Requests of any kind by tools other than conda.",
        ("period", "installer_name"),
        ("clients", "requests"),
    ),
    Table(
        "organizations",
        "Organizations",
        _of_tokens("organization"),
        ("period", "organization"),
        _OF_TOKEN,
    ),
    Table(
        "machines",
        "Machines",
        _of_tokens("machine"),
        ("period", "machine"),
        _OF_TOKEN,
    ),
    Table(
        "installers",
        "Installers",
        _of_tokens("installer"),
        ("period", "installer"),
        _OF_TOKEN,
    ),
    Table(
        "update_gaps",
        "Time between updates",
        "Updates by the time since the same client's update before, and the clients that made them.",
        ("period", "gap"),
        ("clients", "updates"),
    ),
    Table(
        "conda_versions",
        "Versions of conda",
        _of_attribute("version of conda"),
        ("period", "conda"),
        ("clients",),
    ),
    Table(
        "python_versions",
        "Versions of Python",
        _of_attribute("implementation and version of Python"),
        ("period", "implementation", "python"),
        ("clients",),
    ),
    Table(
        "systems",
        "Operating systems",
        _of_attribute("operating system"),
        ("period", "system_name"),
        ("clients",),
    ),
    Table(
        "cpus",
        "Processor architectures",
        _of_attribute("processor architecture"),
        ("period", "cpu"),
        ("clients",),
    ),
    Table(
        "distributions",
        "Distributions",
        _of_attribute("distribution and its version"),
        ("period", "distro_name", "distro_version"),
        ("clients",),
    ),
    Table(
        "libcs",
        "C libraries",
        _of_attribute("C library and its version"),
        ("period", "libc"),
        ("clients",),
    ),
    Table(
        "solvers",
        "Solvers",
        _of_attribute("solver and its version"),
        ("period", "solver", "solver_version"),
        ("clients",),
    ),
    Table(
        "aau_versions",
        "Versions of anaconda-anon-usage",
        _of_attribute("version of anaconda-anon-usage"),
        ("period", "aau"),
        ("clients",),
    ),
)
TABLES = {table.name: table for table in _TABLES}

#: Labels of the column ``gap``, with the number of seconds that each stays below.
GAPS = (
    ("under 1 hour", 3_600),
    ("under 1 day", 86_400),
    ("under 7 days", 7 * 86_400),
    ("under 30 days", 30 * 86_400),
    ("30 days or more", None),
)
#: A client with at least this many distinct files on one UTC day is a mirror.
MIRROR_FILES = 5_000

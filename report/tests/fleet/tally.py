"""Count everything that a report shows, from the requests of a fleet."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from .count import COUNTERS, gaps, median, updates
from .model import DOWNLOAD, HEARTBEAT, OTHER, Request
from .periods import Period, date_of, periods
from .populations import Populations

Value = int | str | bool | None
Row = dict[str, Value]

#: A client and a session.
Update = tuple[str, str]

#: The processors of the subdirs in the catalog.
CPUS = {
    "linux-64": "x86_64",
    "linux-aarch64": "aarch64",
    "osx-arm64": "arm64",
    "win-64": "x86_64",
}

GAPS = (
    (3_600, "under 1 hour"),
    (86_400, "under 1 day"),
    (7 * 86_400, "under 7 days"),
    (30 * 86_400, "under 30 days"),
)


@dataclass(frozen=True)
class Options:
    """The options of a report that change its numbers.

    ``since`` and ``until`` are numbers of days, both reported. A filter keeps requests that have
    one of its values.
    """

    by: str | None = None
    since: int | None = None
    until: int | None = None
    lasting: int = 1
    organizations: tuple[str, ...] = ()
    installers: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    subdirs: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    count_redirects: bool = False


class Tally:
    """The numbers of a report.

    Args:
        requests: all requests of the fleet.
        options: the options of the report.
    """

    def __init__(self, requests: Sequence[Request], options: Options):
        if options.count_redirects:
            requests = [_counted(request) for request in requests]
        self.options = options
        self.populations = Populations(requests, options.lasting)
        self.begin = min(request.hour for request in requests)
        self.end = max(request.hour for request in requests)
        self.known = [request for request in requests if _passes(request, options)]
        first = self.begin // 24 if options.since is None else options.since
        last = self.end // 24 if options.until is None else options.until
        self.reported = [request for request in self.known if first <= request.day <= last]
        self.periods = periods((first, last), options.by)
        self.first, self.last = first, last
        self.update_times = updates(self.known)
        self.each = self.populations.each().items()

    # Rows

    def totals(self) -> Row:
        """Return the counts of all requests that are reported."""
        whole = Period("", (self.first, self.last))
        row = self._counts(self.reported, whole)
        clients = {r.tokens.client for r in self.reported}
        row["requests_without_client"] = sum(r.tokens.client is None for r in self.reported)
        row["lasting_clients"] = len(clients & self.populations.lasting)
        row["single_day_clients"] = len(clients & self.populations.single_day)
        row["too_new_clients"] = len(clients & self.populations.too_new)
        row["mirrors"] = len(clients & self.populations.mirrors)
        return row

    def tables(self) -> dict[str, list[Row]]:
        """Return the rows of each table."""
        tables = {
            "periods": self._periods(),
            "package_versions": self._groups(
                ("project", "version"), self._versions, ("clients", "downloads", "bytes")
            ),
            "update_gaps": self._update_gaps(),
            "download_ages": self._download_ages(),
        }
        for name, (keys, values_of, measures) in GROUPS.items():
            tables[name] = self._groups(keys, values_of, measures)
        for name, (keys, value_of) in LAST.items():
            tables[name] = self._last(keys, value_of)
        return tables

    def unused(self, files: Sequence[str], days: int) -> list[Row]:
        """Return the files of an inventory that were not downloaded lately.

        Args:
            files: the inventory.
            days: the number of days that count as lately.
        """
        first = self.last - days + 1
        if self.begin > first * 24:
            return []
        last: dict[str, int] = {}
        for request in self.known:
            if request.kind == DOWNLOAD and request.package and request.day <= self.last:
                file = request.package.file
                last[file] = max(last.get(file, 0), request.day)
        return [
            {"file": file, "last_download": str(date_of(last[file])) if file in last else None}
            for file in files
            if last.get(file, 0) < first
        ]

    def _periods(self) -> list[Row]:
        rows = []
        for period in self.periods:
            row: Row = {"period": period.name, "incomplete": self._is_incomplete(period)}
            row |= self._counts(self._in(period), period)
            row |= self._changes(period)
            rows.append(row)
        return rows

    def _counts(self, requests: Sequence[Request], period: Period) -> Row:
        row: Row = {}
        for suffix, belongs in self.each:
            chosen = [request for request in requests if belongs(request)]
            for name, counter in COUNTERS.items():
                row[name + suffix] = counter(chosen)
            known = [request for request in self.known if belongs(request)]
            found = {update for update in updates(known) if self._begins_in(period, update)}
            row["updates" + suffix] = len(found)
            between = {u: gap for u, gap in gaps(known).items() if u in found}
            row["update_gap" + suffix] = median(list(between.values()))
        return row

    def _begins_in(self, period: Period, update: Update) -> bool:
        """Return whether the first check of an update is in the reported days of a period."""
        day = self.update_times[update] // 86_400
        return day in period and self.first <= day <= self.last

    def _groups(
        self,
        keys: tuple[str, ...],
        values_of: Callable[[Request], Iterable[tuple[Value, ...]]],
        measures: tuple[str, ...],
    ) -> list[Row]:
        rows = []
        for period in self.periods:
            groups = defaultdict(list)
            for request in self._in(period):
                for values in set(values_of(request)):
                    groups[values].append(request)
            for values, requests in groups.items():
                row: Row = {"period": period.name, **dict(zip(keys, values, strict=True))}
                for suffix, belongs in self.each:
                    chosen = [request for request in requests if belongs(request)]
                    row |= {m + suffix: COUNTERS[m](chosen) for m in measures}
                rows.append(row)
        return rows

    def _versions(self, request: Request) -> Iterable[tuple[Value, ...]]:
        package = request.package
        if request.kind == DOWNLOAD and package and package.project in self.options.packages:
            yield package.project, package.version

    def _update_gaps(self) -> list[Row]:
        rows: dict[tuple[str, str], Row] = {}
        for period in self.periods:
            for suffix, belongs in self.each:
                clients = defaultdict(list)
                known = [request for request in self.known if belongs(request)]
                for update, gap in gaps(known).items():
                    if not self._begins_in(period, update):
                        continue
                    label = next((name for less, name in GAPS if gap < less), "30 days or more")
                    clients[label].append(update[0])
                for label, found in clients.items():
                    empty = {f"{m}{s}": 0 for m in ("clients", "updates") for s, _ in self.each}
                    row = rows.setdefault(
                        (period.name, label), {"period": period.name, "gap": label, **empty}
                    )
                    row[f"clients{suffix}"] = len(set(found))
                    row[f"updates{suffix}"] = len(found)
        return list(rows.values())

    def _download_ages(self) -> list[Row]:
        """Return the number of clients by the days since they last downloaded anything."""
        rows = []
        for period in self.periods:
            end = min(period.last, self.last)
            last: dict[str | None, int] = {}
            for request in self.known:
                if request.kind == DOWNLOAD and request.day <= end:
                    client = request.tokens.client
                    last[client] = max(last.get(client, 0), request.day)
            groups = defaultdict(set)
            for client in _clients(self._in(period)):
                days = end - last[client] if client in last else None
                groups[_age(days)].add(client)
            for label, found in groups.items():
                rows.append({"period": period.name, "age": label, **self._sizes(found)})
        return rows

    def _last(
        self, keys: tuple[str, ...], value_of: Callable[[Request], tuple[Value, ...]]
    ) -> list[Row]:
        """Return the number of clients for each value, which is the last one they sent."""
        rows = []
        for period in self.periods:
            last: dict[str, tuple[int, tuple[Value, ...]]] = {}
            for request in self._in(period):
                client, values = request.tokens.client, value_of(request)
                if client is None or values[0] is None:
                    continue
                # Of several values in a second, the first one by name counts.
                this = request.time, values
                if client not in last or _order(this) < _order(last[client]):
                    last[client] = this
            groups = defaultdict(set)
            for client, (_, values) in last.items():
                groups[values].add(client)
            for values, found in groups.items():
                rows.append(
                    {
                        "period": period.name,
                        **dict(zip(keys, values, strict=True)),
                        **self._sizes(found),
                    }
                )
        return rows

    def _changes(self, period: Period) -> Row:
        """Return the numbers of new, returning and lost clients, or None for each."""
        before = self._before(period)
        row: Row = {}
        for suffix, belongs in self.each:
            if self.begin > before.first * 24:
                row |= {name + suffix: None for name in ("new", "returning", "lost")}
                continue
            chosen = [request for request in self.known if belongs(request)]
            now = _clients(r for r in self._in(period) if belongs(r))
            earlier = _clients(r for r in chosen if r.day < max(period.first, self.first))
            row["new" + suffix] = len(now - earlier)
            row["returning" + suffix] = len(now & earlier)
            row["lost" + suffix] = len(_clients(r for r in chosen if r.day in before) - now)
        return row

    # Helpers

    def _sizes(self, clients: set[str]) -> Row:
        return {
            "clients": len(clients),
            "clients_lasting": len(clients & self.populations.lasting),
            "clients_without_mirrors": len(clients - self.populations.mirrors),
        }

    def _in(self, period: Period) -> list[Request]:
        return [request for request in self.reported if request.day in period]

    def _before(self, period: Period) -> Period:
        """Return the period before another one."""
        if self.options.by is not None:
            return periods((period.first - 1, period.first - 1), self.options.by)[0]
        return Period("", (2 * period.first - period.last - 1, period.first - 1))

    def _is_incomplete(self, period: Period) -> bool:
        outside = period.first * 24 < self.begin or period.last * 24 + 23 > self.end
        return outside or period.first < self.first or period.last > self.last


def _counted(request: Request) -> Request:
    """Return a redirect to a package as a download."""
    if request.kind == OTHER and request.package and request.status in (302, 307):
        return dataclasses.replace(request, kind=DOWNLOAD)
    return request


def _passes(request: Request, options: Options) -> bool:
    """Return whether the filters of a report keep a request."""
    tokens = request.tokens
    filters = (
        (options.organizations, tokens.organizations),
        (options.installers, tokens.installers),
        (options.channels, (request.channel,)),
        (options.subdirs, (request.subdir,)),
    )
    return all(not wanted or set(wanted) & set(values) for wanted, values in filters)


def _clients(requests: Iterable[Request]) -> set[str]:
    return {r.tokens.client for r in requests if r.tokens.client is not None}


def _age(days: int | None) -> str:
    if days is None:
        return "no download"
    if days > 90:
        return "91 days or more"
    if days > 30:
        return "31 to 90 days"
    return "8 to 30 days" if days > 7 else "7 days or less"


def _order(value: tuple[int, tuple[Value, ...]]) -> tuple[int, tuple[str, ...]]:
    """Return a key that sorts later requests first, then by name. Missing values come first."""
    time, values = value
    return -time, tuple("" if v is None else str(v) for v in values)


def _projects(request: Request) -> Iterable[tuple[Value, ...]]:
    if request.kind == DOWNLOAD and request.package:
        yield (request.package.project,)


def _places(request: Request) -> Iterable[tuple[Value, ...]]:
    if request.kind == DOWNLOAD:
        yield request.channel, request.subdir


def _errors(request: Request) -> Iterable[tuple[Value, ...]]:
    if request.kind != HEARTBEAT and request.status >= 400:
        yield (request.status,)


def _others(request: Request) -> Iterable[tuple[Value, ...]]:
    if request.kind == OTHER:
        yield (f"{request.status // 100}xx",)


def _tools(request: Request) -> Iterable[tuple[Value, ...]]:
    if request.tool.installer_name != "conda":
        yield (request.tool.installer_name,)


Groups = tuple[tuple[str, ...], Callable[[Request], Iterable[tuple[Value, ...]]], tuple[str, ...]]

_FETCHED = ("clients", "downloads", "bytes")
_OF_TOKEN = ("clients", "environments", "sessions", "heartbeats", "requests")

#: The keys of each table, the values of a request for them, and the measures.
GROUPS: dict[str, Groups] = {
    "packages": (("project",), _projects, _FETCHED),
    "channels": (("channel", "subdir"), _places, _FETCHED),
    "errors": (("status",), _errors, ("clients", "requests")),
    "other_requests": (("status_class",), _others, ("clients", "requests")),
    "other_tools": (("installer_name",), _tools, ("clients", "requests")),
    "organizations": (
        ("organization",),
        lambda request: ((value,) for value in request.tokens.organizations),
        _OF_TOKEN,
    ),
    "machines": (
        ("machine",),
        lambda request: ((value,) for value in request.tokens.machines),
        _OF_TOKEN,
    ),
    "installers": (
        ("installer",),
        lambda request: ((value,) for value in request.tokens.installers),
        _OF_TOKEN,
    ),
}


def _field(*names: str) -> tuple[tuple[str, ...], Callable[[Request], tuple[Value, ...]]]:
    return names, lambda request: tuple(getattr(request.tool, name) for name in names)


def _cpu(request: Request) -> tuple[Value, ...]:
    return (CPUS.get(request.subdir or "") if request.kind == DOWNLOAD else None,)


#: The keys of each table in which a client counts once, and the values of a request for them.
LAST: dict[str, tuple[tuple[str, ...], Callable[[Request], tuple[Value, ...]]]] = {
    "conda_versions": _field("conda"),
    "python_versions": _field("implementation", "python"),
    "systems": _field("system_name"),
    "distributions": _field("distro_name", "distro_version"),
    "libcs": _field("libc"),
    "solvers": _field("solver", "solver_version"),
    "cpus": (("cpu",), _cpu),
    "aau_versions": (("aau",), lambda request: (request.tokens.aau,)),
}

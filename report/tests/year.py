"""Make the report of a year with 10,000 clients, without logs: a results object of that size."""

from __future__ import annotations

import functools
import math
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from anaconda_anon_usage_report.measures.definitions import AGES, GAPS, MEASURES, TABLES, TOTALS
from anaconda_anon_usage_report.reading import Skip
from anaconda_anon_usage_report.results import Report

Row = dict[str, Any]

CLIENTS = 10_000
PROJECTS = 1_500
KNOWN = "openssl ca-certificates python tzdata sqlite numpy pip zlib libstdcxx-ng ncurses readline"
KNOWN += " setuptools pandas scipy requests certifi openblas matplotlib-base scikit-learn pytorch"

GROUPS: dict[str, list[tuple[str | None, ...]]] = {
    "conda_versions": [(f"{y}.{m}.{p}",) for y in (24, 25, 26) for m in (1, 5, 9) for p in (0, 1)],
    "python_versions": [("CPython", f"3.{m}.{p}") for m in (10, 11, 12, 13, 14) for p in range(9)],
    "systems": [("Linux",), ("Windows",), ("Darwin",)],
    "cpus": [("x86_64",), ("aarch64",), (None,)],
    "distributions": [(f"distribution-{n % 9}", f"{n}.04") for n in range(40)],
    "libcs": [(f"glibc 2.{n}",) for n in range(17, 42)],
    "solvers": [("libmamba", f"25.{n}.0") for n in range(1, 12)],
    "aau_versions": [("0.9.0",), ("0.9.1",), ("0.10.0",)],
    "channels": [
        (channel, subdir)
        for channel in ("main", "conda-forge", "pkgs/r", "acme/label/dev", "team/(hidden)")
        for subdir in ("linux-64", "noarch", "win-64", "osx-arm64", "linux-aarch64")
    ],
    "packages": [(name,) for name in KNOWN.split()]
    + [(f"package-{number}",) for number in range(PROJECTS)],
    "update_gaps": [(label,) for label, _ in GAPS],
    "download_ages": [(label,) for label, _ in AGES],
    "errors": [(404,), (403,), (500,), (503,)],
    "other_requests": [("2xx",), ("3xx",), ("4xx",), ("5xx",)],
    "other_tools": [("micromamba",), ("pixi",), ("pip",), ("curl",)],
    "organizations": [(f"team-{number}",) for number in range(60)],
    "machines": [(f"build-{number}",) for number in range(60)],
    "installers": [("miniconda-2026-09",), ("acme-2026-11",)],
}


@functools.cache
def year(by: str = "week") -> Report:
    """Return the report of the year that ends on 2026-11-29, by day or week."""
    choose = random.Random(5)
    periods = _periods(by)
    tables: dict[str, list[Row]] = {name: [] for name in TABLES}
    for at, label in enumerate(periods):
        clients = _clients(at / len(periods), by, at, choose)
        tables["periods"].append(
            {
                "period": label,
                "incomplete": at in (0, len(periods) - 1),
                **_counts(clients, at, choose, (at == len(periods) - 1) * 0.6),
            }
        )
        for name, keys in GROUPS.items():
            if name == "packages" and at < len(periods) - 3:  # which no page shows
                keys = keys[:20]
            tables[name] += _groups(name, label, keys, clients, at / len(periods), choose)
    totals = {name: 0 for measure in TOTALS for name in MEASURES[measure].names}
    totals.update(_counts(CLIENTS, 1, choose, 0), lines_read=48_211_907, lines_skipped=12)
    return Report(totals, tables, by, [Skip("access.log", 7, "empty line")] * 12)


def last_weeks(count: int) -> Report:
    """Return the report of the last weeks of the year."""
    report = year()
    periods = [row["period"] for row in report.tables["periods"]][-count:]
    tables = {
        name: [row for row in rows if row["period"] in periods]
        for name, rows in report.tables.items()
    }
    return replace(report, tables=tables)


def _periods(by: str) -> list[str]:
    if by == "day":
        return [str(date(2025, 11, 30) + timedelta(days=n)) for n in range(365)]
    weeks = (date(2025, 12, 1) + timedelta(weeks=n) for n in range(-1, 52))
    return ["{:04}-W{:02}".format(*week.isocalendar()[:2]) for week in weeks]


def _clients(done: float, by: str, at: int, choose: random.Random) -> int:
    """Return the clients of a period: more as the year goes by, fewer at its end."""
    growth = 4_200 + 3_600 * done + 250 * math.sin(at / 3)
    holiday = 0.55 if done < 0.09 and done > 0.05 else 1
    weekend = 0.35 if by == "day" and at % 7 in (0, 6) else 1
    return int(growth * holiday * weekend * choose.uniform(0.97, 1.03))


def _counts(clients: int, at: int, choose: random.Random, missing: float) -> Row:
    """Return the measures of a period."""
    factors = {
        "clients": 1.0,
        "environments": 2.3,
        "sessions": 5.1,
        "organizations": 0.006,
        "machines": 0.04,
        "installers": 0.0003,
        "heartbeats": 21.0,
        "heartbeat_clients": 0.8,
        "heartbeat_environments": 1.6,
        "downloads": 33.0,
        "bytes": 900_000_000.0,
        "requests": 120.0,
        "updates": 3.4,
        "new": 0.06,
        "returning": 0.94,
        "lost": 0.045,
    }
    row: Row = {}
    for name, factor in factors.items():
        value = int(clients * (1 - missing) * factor * choose.uniform(0.96, 1.04))
        for column, part in zip(MEASURES[name].names, (1, 0.71, 0.97), strict=True):
            row[column] = (
                None if name in ("new", "returning", "lost") and at < 2 else int(value * part)
            )
    for column in MEASURES["environments_per_client"].names:
        row[column] = 2
    for column in MEASURES["update_gap"].names:
        row[column] = 86_400 * 6 + 40_000
    return row


def _groups(
    name: str,
    period: str,
    keys: Sequence[tuple[Any, ...]],
    clients: int,
    done: float,
    choose: random.Random,
) -> list[Row]:
    """Return the rows of a table: later groups gain, as new versions do."""
    table = TABLES[name]
    moving = name.endswith("versions")
    weights = [
        math.exp(-(((place / len(keys) - 0.15 - 0.8 * done) * 5) ** 2))
        if moving
        else 1 / (place + 1)
        for place in range(len(keys))
    ]
    rows = []
    share = sum(weights) if name not in ("packages", "channels") else 1.2
    for key, weight in zip(keys, weights, strict=True):
        size = int(clients * weight / share * choose.uniform(0.97, 1.03))
        row: Row = {"period": period, **dict(zip(table.keys[1:], key, strict=True))}
        for measure in table.measures:
            factor = {"downloads": 3, "bytes": 3 * 14_000_000, "requests": 9}.get(measure, 1)
            for column, part in zip(MEASURES[measure].names, (1, 0.7, 0.97), strict=True):
                row[column] = int(size * factor * part)
        if row["clients"] >= 5:
            rows.append(row)
    rest: Row = {**dict.fromkeys(table.columns), "period": period, table.keys[1]: "other"}
    rest.update({c: 7 for measure in table.measures for c in MEASURES[measure].names})
    if name not in ("update_gaps", "download_ages"):
        rows.sort(key=lambda row: -row["clients"])
        rows.append(rest)
    return rows

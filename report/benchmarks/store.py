"""Measure stores and Spark: ``python benchmarks/store.py {second,years,spark} ...``.

Each part prints a table; ``--output`` also appends it to a file.
"""

from __future__ import annotations

import argparse
import datetime
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from generate import CHANNELS, CLIENTS, PROJECTS, SESSION, SUBDIRS, Generator, Integers
from measure import Run, run

from anaconda_anon_usage_report.schema import STORED
from anaconda_anon_usage_report.store.manifest import File, Manifest

GENERATOR = Path(__file__).parent / "generate.py"
REPORT = (sys.executable, "-m", "anaconda_anon_usage_report")

#: The time that one run may take.
SECONDS = 4 * 3600

#: Runs of each report of the first part, of which the median in processor time is shown.
ROUNDS = 3

MEBIBYTE = 1024**2

#: A day of the store of years: 200 million requests in two years.
DAYS, PER_DAY = 730, 274_000
FIRST_DAY = 20_000

Rows = Iterator[tuple[str, int, Run]]


def main() -> int:
    """Run parts of the benchmark and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="+", choices=list(PARTS))
    parser.add_argument("--lines", type=int, default=10_000_000, help="lines of logs")
    parser.add_argument("--days", type=int, default=DAYS, help="days of the store of years")
    parser.add_argument("--directory", type=Path, help="where logs and stores are written")
    parser.add_argument("--output", type=Path, help="a Markdown file to append to")
    options = parser.parse_args()
    for part in options.parts:
        with tempfile.TemporaryDirectory(dir=options.directory, prefix="aau-bench-") as directory:
            title, measure = PARTS[part]
            text = "\n".join([f"## {title}", "", *_table(measure(Path(directory), options)), ""])
        print(text, flush=True)
        if options.output:
            with options.output.open("a") as file:
                file.write(f"\n{text}")
    return 0


def second(directory: Path, options: argparse.Namespace) -> Rows:
    """Compare a report on logs with one on their store, and ``collect`` with a night's."""
    lines, night = options.lines, options.lines // 100
    old, new = directory / "access.log.1", directory / "access.log"
    _generate(new, lines + night)
    with new.open("rb") as whole, old.open("wb") as first:
        for _ in range(lines):
            first.write(next(whole))
        rest = whole.read()
    new.write_bytes(rest)
    few = directory / "few.log"
    few.write_bytes(b"".join(rest.splitlines(keepends=True)[:1000]))
    store, other = directory / "store", directory / "other"
    yield _run("first `collect`", lines, "collect", old, "--into", store)
    reports = (
        ("start-up (1,000 lines)", 0, few),
        ("first report, from the log", lines, old),
        ("second report, from the store", lines, store),
    )
    # In turn, so that a machine that becomes slower does so for all.
    rounds = [[_report(*report) for report in reports] for _ in range(ROUNDS)]
    for runs in zip(*rounds, strict=True):
        yield sorted(runs, key=lambda row: row[2].cpu)[ROUNDS // 2]
    yield _run("first `collect` of 1%", night, "collect", new, "--into", other)
    yield _run("`collect` of 1% more", night, "collect", new, "--into", store)
    yield _run("`collect` of both logs again", 0, "collect", old, new, "--into", store)


def years(directory: Path, options: argparse.Namespace) -> Rows:
    """Report from a store of years."""
    store = directory / "store"
    (store / "requests").mkdir(parents=True)
    source = Requests()
    files = []
    for day in range(FIRST_DAY, FIRST_DAY + options.days):
        name = f"requests/{day}.parquet"
        pq.write_table(source.day(day, PER_DAY), store / name, compression="zstd")
        files.append(File(name, day))
    rows = options.days * PER_DAY
    Manifest(requests=tuple(files), lines_read=rows).save(store)
    size = sum(path.stat().st_size for path in store.rglob("*.parquet"))
    print(f"{rows:,} requests, {size / 1e9:.2f} GB", file=sys.stderr, flush=True)
    yield _report("totals and months", rows, store, "--by", "month", "--table", "periods")
    yield _report("all tables, by month", rows, store, "--by", "month")


def spark(directory: Path, options: argparse.Namespace) -> Rows:
    """Report on logs and on their store with Spark."""
    log, store = directory / "access.log", directory / "store"
    _generate(log, options.lines)
    few = directory / "few.log"
    with log.open("rb") as whole:
        few.write_bytes(b"".join(next(whole) for _ in range(1000)))
    _run("collect", options.lines, "collect", log, "--into", store)
    engines: dict[str, tuple[str, ...]] = {"DuckDB": ()}
    for master in ("local[1]", "local[2]"):
        engines[f"Spark, {master}"] = ("--engine", "pyspark", "--master", master)
    for name, engine in engines.items():
        # The number of queries decides what little data costs.
        arguments = (*engine, "--table", "periods", "--min-clients", "1")
        yield _report(f"{name}: 1,000 lines", 0, few, *arguments)
        yield _report(f"{name}: log", options.lines, log, *arguments)
        yield _report(f"{name}: store", options.lines, store, *arguments)


PARTS = {
    "second": ("A second report, and a night's `collect`", second),
    "years": ("A store of two years", years),
    "spark": ("Spark on one machine", spark),
}


class Requests:
    """A source of requests as they are stored, with the proportions of generate.py."""

    def __init__(self) -> None:
        self._lines = Generator()
        self._random = self._lines.random
        self._clients = self._hashes(CLIENTS)
        self._environments = self._hashes(CLIENTS * 3)
        projects = np.arange(PROJECTS)
        self._files = pa.array(
            [f"package-{n}-{n % 7}.{n % 11}-py312h{n:07x}_0.conda" for n in projects]
        )
        self._projects = pa.array([f"package-{n}" for n in projects])
        self._versions = pa.array([f"{n % 7}.{n % 11}" for n in projects])

    def day(self, day: int, count: int) -> pa.Table:
        """Return the requests of a UTC day.

        Args:
            day: days since 1970-01-01.
            count: their number.
        """
        random = self._random
        clients = np.sort(np.searchsorted(self._lines.weights, random.random(count)))
        hours = day * 24 + random.integers(0, 24, count)
        containers = pa.array(random.random(count) < 0.1)
        programs = self._lines.tools[clients]
        known = pa.array(programs < 5)
        sessions, session_of = np.unique(
            clients * 48 + random.integers(0, 86_400, count) // SESSION, return_inverse=True
        )
        choice = random.random(count)
        project = np.searchsorted(self._lines.project_weights, random.random(count))
        download = choice < 0.6
        columns: dict[str, Any] = {
            "time": hours * 3600,
            "day": np.full(count, day),
            "hour": hours,
            "kind": _chosen(["download", "repodata", "heartbeat", "other"], _kinds(choice)),
            "method": _chosen(["GET", "HEAD"], (_kinds(choice) == 2).astype(int)),
            "status": np.where(choice < 0.8, 200, 404),
            "bytes": 10_000 + project * 1_000,
            "channel": _chosen(CHANNELS, project % 4),
            "subdir": _chosen(SUBDIRS, project // 4 % 4),
            "file": _where(download, self._files.take(pa.array(project))),
            "project": _where(download, self._projects.take(pa.array(project))),
            "version": _where(download, self._versions.take(pa.array(project))),
            "client": _where(
                known, _either(containers, self._hashes(count), self._clients, clients)
            ),
            "session": _where(known, self._hashes(len(sessions)).take(pa.array(session_of))),
            "environment": _where(
                known,
                self._environments.take(pa.array(clients * 3 + random.integers(0, 3, count))),
            ),
            "installer_name": _chosen(["conda", "micromamba"], (programs == 5).astype(int)),
            "conda": _where(known, _chosen([f"24.{n}.1" for n in range(6)], programs)),
            "python": _where(known, _chosen([f"3.{9 + n}.1" for n in range(6)], programs)),
            "implementation": _where(known, _chosen(["CPython"], programs * 0)),
            "system_name": _where(known, _chosen(["Linux", "Windows", "Darwin"], programs % 3)),
            "distro_name": _where(known, _chosen(["debian", "rhel", "ubuntu"], programs % 3)),
            "distro_version": _where(known, _chosen(["12", "9.4", "24.04"], programs % 3)),
            "aau": _where(known, _chosen(["0.9.0"], programs * 0)),
            "cpu": _where(download, _chosen(["x86_64", "arm64"], project % 2)),
            "mirror": np.zeros(count, bool),
            "program_id": np.where(
                pa.array(known), programs * 3 + np.where(download, 1 + project % 2, 0), -1
            ),
            "file_id": np.where(download, project, -1),
        }
        empty = pa.ListArray.from_arrays(np.zeros(count + 1, np.int32), pa.array([], pa.string()))
        arrays = []
        for field in STORED:
            column = empty if pa.types.is_list(field.type) else columns.get(field.name)
            column = pa.nulls(count, field.type) if column is None else pa.array(column)
            arrays.append(column.cast(field.type))
        return pa.Table.from_arrays(arrays, schema=STORED)

    def _hashes(self, count: int) -> pa.Array:
        """Return random numbers, like keyed hashes."""
        return pa.array(self._random.integers(-(1 << 63), 1 << 63, count))


def _kinds(choice: Any) -> Any:
    return np.digitize(choice, [0.6, 0.7, 0.8])


def _chosen(values: Any, numbers: Any) -> pa.Array:
    return pa.array(list(values)).take(pa.array(numbers))


def _where(condition: Any, values: pa.Array) -> pa.Array:
    return pc.if_else(pa.array(condition), values, pa.scalar(None, values.type))


def _either(
    containers: pa.Array, unique: pa.Array, tokens: pa.Array, clients: Integers
) -> pa.Array:
    return pc.if_else(containers, unique, tokens.take(pa.array(clients)))


def _generate(log: Path, lines: int) -> None:
    # In another process, because the kernel's figure for a program's memory begins with the memory
    # of the process that starts it.
    subprocess.run([sys.executable, GENERATOR, log, str(lines)], check=True)


def _report(name: str, lines: int, log: Path, *arguments: str) -> tuple[str, int, Run]:
    return _run(name, lines, log, "--json", *arguments)


def _run(name: str, lines: int, *arguments: object) -> tuple[str, int, Run]:
    used = run([*REPORT, *arguments], SECONDS)
    print(name, used, file=sys.stderr, flush=True)
    return name, lines, used


def _table(rows: Rows) -> list[str]:
    """Return the lines of a Markdown table."""
    load = os.getloadavg()[1]
    now = datetime.datetime.now(datetime.timezone.utc)
    table = [
        "| Run | Lines | Duration | Processor time | Peak memory |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, lines, used in rows:
        table.append(
            f"| {name} | {lines:,} | {used.wall:.1f} s | {used.cpu:.1f} s"
            f" | {used.memory / MEBIBYTE:,.0f} MiB |"
        )
    return [f"{now:%Y-%m-%d}, load {load:.0f} to {os.getloadavg()[1]:.0f}.", "", *table]


if __name__ == "__main__":
    sys.exit(main())

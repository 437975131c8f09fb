"""Make tables of requests from the few columns that a test is about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import ibis.expr.types as ir
import pyarrow as pa

from anaconda_anon_usage_report.engine import Engine
from anaconda_anon_usage_report.schema import IDS, REQUESTS

HOUR, DAY = 3_600, 86_400

#: A Thursday: the first day of a year, of a month, and the fourth of an ISO week.
START = 1_767_225_600  # 2026-01-01

Row = dict[str, Any]

_DEFAULTS: Row = {
    "kind": "other",
    "method": "GET",
    "status": 200,
    "organizations": [],
    "machines": [],
    "installers": [],
    "installer_name": "conda",
    "mirror": False,
}


def request(seconds: int, **columns: Any) -> Row:
    """Return a request, a number of seconds after START."""
    time = START + seconds
    row = {"time": time, "day": time // DAY, "hour": time // HOUR, **_DEFAULTS, **columns}
    hashes = {name: hash(tuple(map(row.get, names))) for name, names in IDS.items()}
    return {**row, **hashes}


def download(seconds: int, project: str = "numpy", version: str = "1.2", **columns: Any) -> Row:
    """Return a download from main/noarch."""
    defaults = {
        "kind": "download",
        "channel": "main",
        "subdir": "noarch",
        "file": f"{project}-{version}-0.conda",
        "project": project,
        "version": version,
        "build": "0",
        "bytes": 100,
    }
    return request(seconds, **{**defaults, **columns})


@contextmanager
def loaded(rows: Sequence[Row]) -> Iterator[ir.Table]:
    """Load requests into an engine."""
    with Engine() as engine:
        yield engine.load([pa.RecordBatch.from_pylist(list(rows), REQUESTS)])

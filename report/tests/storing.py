"""Run the commands of stores, and look into a store without the package."""

from __future__ import annotations

import contextlib
import io
import json
import os
import stat
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from anaconda_anon_usage_report import cli

AGENT = "conda/24.7.1 requests/2.34.2 CPython/3.12.4 Linux/6.1.0-SECRETKERNEL aau/0.9.0"
CLIENT, OTHER = "UJngfYjkhNCv0HPEitrFWA", "0123456789abcdefABCDEF"


def line(number: int, tokens: str = f"c/{CLIENT}", day: int = 1) -> bytes:
    """Return a line of an access log.

    Args:
        number: A number that tells it from others, and is its size.
        tokens: Its tokens.
        day: Day of November 2026.
    """
    return (
        f"192.0.2.7 - - [{day:02}/Nov/2026:02:{number // 60 % 60:02}:{number % 60:02} +0000]"
        f' "GET /main/noarch/x-1-{number}.conda HTTP/1.1" 200 {number} "-" "{AGENT} {tokens}"\n'
    ).encode()


def lines(*numbers: int) -> bytes:
    """Return the lines with numbers of a range."""
    return b"".join(map(line, range(*numbers)))


def run(*arguments: object) -> tuple[int, str, str]:
    """Run a command, and return its exit status, stdout and stderr."""
    out, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
        status = cli.main([str(argument) for argument in arguments])
    return status, out.getvalue(), errors.getvalue()


def collect(store: Path, *arguments: object) -> str:
    """Collect logs, and return what the command prints."""
    status, out, errors = run("collect", *arguments, "--into", store)
    assert (status, errors) == (0, "")
    return out


def manifest(store: Path) -> dict[str, Any]:
    """Return the contents of the manifest."""
    contents: dict[str, Any] = json.loads((store / "manifest.json").read_bytes())
    return contents


def rows(store: Path) -> list[dict[str, Any]]:
    """Return the stored requests that the manifest lists, sorted."""
    names = [file["name"] for file in manifest(store)["requests"]]
    found = [row for name in names for row in pq.ParquetFile(store / name).read().to_pylist()]
    return sorted(found, key=lambda row: json.dumps(row, sort_keys=True))


def numbers(store: Path) -> list[int]:
    """Return the numbers of the stored lines, sorted."""
    return sorted(row["bytes"] for row in rows(store))


def files(store: Path) -> set[str]:
    """Return the names of all files of a store."""
    return {str(path.relative_to(store)) for path in store.rglob("*") if not path.is_dir()}


def expected_files(store: Path) -> set[str]:
    """Return the names of the files that a store should contain."""
    contents = manifest(store)
    listed = {file["name"] for file in contents["requests"] + contents["lines"]}
    return {"manifest.json", "token-key", "log-key"} | listed


def modes(store: Path) -> set[str]:
    """Return the types and permissions of everything in a store, and of itself."""
    return {stat.filemode(os.lstat(path).st_mode) for path in (store, *store.rglob("*"))}

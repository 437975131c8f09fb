"""Addresses, user names, queries, referrers and tokens of URLs end in the reader."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fleet import lines
from fleet.catalog import LINUX
from fleet.invent import Fleet
from fleet.model import Request, Tokens

from anaconda_anon_usage_report.engine import Engine
from anaconda_anon_usage_report.measures.options import ReportOptions
from anaconda_anon_usage_report.reading import Options, read
from anaconda_anon_usage_report.results import make_report

ADDRESS, USER, PASSWORD = "203.0.113.77", "jane5ecret", "hunter5ecret"
TOKEN, QUERY = "tk5ecret51gn", "q5ecret1"
SECRETS = (ADDRESS, USER, PASSWORD, TOKEN, QUERY)

#: What is not secret, and must be found where secrets are looked for.
CLIENT, PROJECT = "wEM8lEP3MnX3380uA6YDzz", "scikit-learn"
FILE = f"{PROJECT}-1.2-0.conda"

PATHS = (
    f"/t/{TOKEN}/main/noarch/{FILE}?{QUERY}",
    f"/conda/t/{TOKEN}/main/linux-64/repodata.json?token={QUERY}",
    f"/artifactory/api/conda/t/{TOKEN}/main/noarch/repodata_shards.msgpack.zst",
    f"/t/{TOKEN}/main/noarch/activate-0.0.0-0.conda?{QUERY}",
    f"http://{USER}:{PASSWORD}@{ADDRESS}/main/noarch/{FILE}?{QUERY}",
    f"/%74/{TOKEN}/main/noarch/{FILE}%3F{QUERY}",
    f"/t%2F{TOKEN}/main/noarch/{FILE}",
    f"/main%3F{QUERY}/noarch/{FILE}",
    f"/https:%2F%2F{USER}:{PASSWORD}@host/main/noarch/{FILE}",
    f"/main/noarch/t/{TOKEN}/{FILE}",
    f"/login?user={USER}&password={PASSWORD}&next=/t/{TOKEN}/{QUERY}",
    f"/{USER}:{PASSWORD}@{ADDRESS}/noarch/{FILE}",
)


def requests() -> Iterator[Request]:
    """Return requests for each path, with and without tokens, and with several statuses."""
    tokens = Tokens("0.9.0", CLIENT, "sessionsessionsession1", "environmentenvironment", "account")
    some, *_ = Fleet(1, people=1).requests
    for number, path in enumerate(PATHS * 4):
        repeat = number // len(PATHS)
        yield replace(
            some,
            time=1_774_483_200 + 997 * number,
            method=("GET", "HEAD")[number % 5 == 3],
            status=(200, 200, 404, 302)[repeat],
            bytes=100 + number,
            path=path,
            user_agent=f"{LINUX.text} {tokens.text()}" if repeat != 1 else LINUX.text,
            address=ADDRESS,
            user=USER,
            referer=f"https://{USER}:{PASSWORD}@{ADDRESS}/t/{TOKEN}/?{QUERY}",
        )


def bad(line: bytes) -> Iterator[bytes]:
    """Return damaged copies of a line."""
    for part in (3, 2):
        yield line[: len(line) * (part - 1) // part]
        yield line[len(line) // part :]
    yield line.replace(b"2026", b"20x6")
    yield line.replace(b"HTTP/1.1", b"").replace(b"GET ", b"")
    yield b"\xff\x00" + line
    yield f"{ADDRESS} {USER}:{PASSWORD}@ /t/{TOKEN}/ ?{QUERY}".encode()


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    """A directory with a log in each format, with good and bad lines."""
    directory = tmp_path_factory.mktemp("logs")
    for name, (writer, _) in lines.WRITERS.items():
        with (directory / f"{name.replace(' ', '-')}.log").open("wb") as log:
            good = [writer(request) for request in requests()]
            for line in good:
                log.write(line + b"\n")
            for line in good:
                log.writelines(damaged + b"\n" for damaged in bad(line))
    return directory


def check(text: bytes) -> None:
    """Check that a text contains no secret."""
    assert [secret for secret in SECRETS if secret.encode() in text] == []


def report(logs: Path, temporary: Path, *arguments: object) -> subprocess.CompletedProcess[bytes]:
    """Run the command on logs, with a directory for temporary files."""
    command = [sys.executable, "-m", "anaconda_anon_usage_report", logs, *arguments]
    command += ["--min-clients", "1", "--accounts", "--by", "day", "--package", PROJECT]
    environ = {**os.environ, "TMPDIR": str(temporary), "COLUMNS": "250"}
    return subprocess.run(list(map(str, command)), env=environ, capture_output=True, timeout=120)


def test_tables_have_no_secrets(logs, tmp_path):
    result = report(logs, tmp_path, "--top", 1000)
    assert result.returncode == 0
    check(result.stdout + result.stderr)
    assert PROJECT.encode() in result.stdout
    assert b"Reasons of the" in result.stdout
    assert list(tmp_path.iterdir()) == []


def test_json_and_csv_have_no_secrets(logs, tmp_path):
    tables, temporary = tmp_path / "tables", tmp_path / "temporary"
    temporary.mkdir()
    result = report(logs, temporary, "--json", "--csv", tables)
    assert result.returncode == 0
    written = b"".join(path.read_bytes() for path in tables.iterdir())
    check(result.stdout + result.stderr + written)
    assert PROJECT.encode() in result.stdout
    assert PROJECT.encode() in written
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        f'{ADDRESS} - {USER} "GET /t/{TOKEN}/?{QUERY}"\n'.encode() * 10,
        f'{ADDRESS} - {USER} [26/Mar/2026:00:00:00 +0000] "GET /t/{TOKEN}/?{QUERY} HTTP/1.1"'
        f' 200 1 "{USER}:{PASSWORD}@" "curl/8.0"\n'.encode(),
    ],
)
def test_errors_have_no_secrets(content, tmp_path):
    log = tmp_path / "access.log"
    log.write_bytes(content)
    result = report(log, tmp_path)
    assert result.returncode in {2, 3, 4}
    assert result.stderr.startswith(b"aau-report: error: ")
    check(result.stdout + result.stderr)


def test_the_database_and_its_files_have_no_secrets(logs):
    reading = read([str(logs)], options=Options())
    with Engine(memory=100) as engine:
        requests = engine.load(reading.batches(encoded=True))
        options = ReportOptions(min_clients=1, accounts=True, packages=(PROJECT,))
        make_report(requests, reading, options)
        # Strings can be compressed in the files, so the tables are searched as well.
        connection = engine._connection.con
        connection.execute("CHECKPOINT")
        tables = connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
        contents = {
            name: str(connection.execute(f'SELECT * FROM "{name}"').fetchall()).encode()
            for (name,) in tables
        }
        files = [path for path in engine.directory.rglob("*") if path.is_file()]
        written = b"".join(path.read_bytes() for path in files)
    assert CLIENT.encode() in contents["requests"]
    check(b"".join(contents.values()))
    assert CLIENT.encode() in written
    check(written)

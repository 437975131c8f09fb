"""Spark gives the numbers of DuckDB, for logs and stores, and leaves nothing behind."""

from __future__ import annotations

import gzip
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from fleet import files, lines
from fleet.catalog import PACKAGES
from fleet.invent import Fleet
from fleet.periods import date_of
from fleet.tally import Options, Tally
from reporting import check, report
from storing import collect, run
from test_privacy import SECRETS, bad, requests
from test_reading_lines import LINE, NASTY

from anaconda_anon_usage_report.engine import Engine, open_engine
from anaconda_anon_usage_report.measures.data import COLUMNS
from anaconda_anon_usage_report.reading import Options as Parsing
from anaconda_anon_usage_report.reading import read
from anaconda_anon_usage_report.reading.sources import BLOCK

# One process has the session.
pytestmark = pytest.mark.xdist_group("spark")

FLEET = Fleet(4, people=5, days=20)
FIRST = FLEET.start // 86_400

#: Settings that make Spark quick where there is next to no data.
SETTINGS = """\
spark.master                        local[2]
spark.driver.extraJavaOptions       -XX:TieredStopAtLevel=1
spark.sql.adaptive.enabled          false
spark.sql.autoBroadcastJoinThreshold -1
spark.sql.codegen.factoryMode       NO_CODEGEN
spark.sql.codegen.wholeStage        false
spark.sql.shuffle.partitions        1
"""

#: Hadoop's views are a file system of their own, with their own URLs.
REMOTE = "spark.hadoop.fs.viewfs.mounttable.example.link./stores file://{}\n"

SPARK = ("--engine", "pyspark")


@pytest.fixture(scope="module", autouse=True)
def environment(tmp_path_factory):
    """Spark's own configuration, in which the session starts, and two directories.

    One is for temporary files, and the other is viewfs://example/stores.
    """
    with pytest.MonkeyPatch.context() as patch:
        configuration = tmp_path_factory.mktemp("configuration")
        remote = tmp_path_factory.mktemp("remote")
        (configuration / "spark-defaults.conf").write_text(SETTINGS + REMOTE.format(remote))
        patch.setenv("SPARK_CONF_DIR", str(configuration))
        for name in ("SPARK_HOME", "SPARK_REMOTE", "SPARK_LOCAL_DIRS", "PYSPARK_PYTHON"):
            patch.delenv(name, raising=False)
        # Options are separated by spaces.
        temporary = tmp_path_factory.mktemp("temporary files")
        patch.setattr(tempfile, "tempdir", str(temporary))
        yield temporary, remote
        assert list(temporary.iterdir()) == []


@pytest.fixture(scope="module")
def session(environment):
    """A session for all tests of this module."""
    with open_engine("pyspark", 600, None):
        yield


@pytest.fixture(scope="module")
def logs(tmp_path_factory):
    """Logs of the fleet in several formats, with bad lines, some of them compressed."""
    directory = tmp_path_factory.mktemp("it's [{a}] *?\\ directory")
    writers = (lines.nginx, lines.caddy, lines.apache)
    for number, name in enumerate(("access.log", "access.log.1.gz", "access.log.2")):
        part = FLEET.requests[number :: len(writers)]
        written, _ = files.with_bad_lines([writers[number](request) for request in part], every=40)
        files.write(directory / name, written, parts=3)
    return directory


def test_every_number_is_true(session, logs):
    arguments = [logs, "--by", "week", "--accounts", "--package", "numpy", "--package", "python"]
    found = report(*arguments, *SPARK)
    check(found, Tally(FLEET.requests, Options(by="week", packages=("numpy", "python"))))
    assert found == report(*arguments)


def test_small_groups_and_all_outputs_are_the_same(session, logs, tmp_path):
    inventory = tmp_path / "inventory.txt"
    inventory.write_text("".join(f"{package.file}\n" for package in PACKAGES))
    arguments = [logs, "--since", date_of(FIRST + 9), "--until", date_of(FIRST + 14)]
    arguments += ["--channel", "main", "--channel", 'it\'s \\ "x"', "--organization", "org-0"]
    arguments += ["--inventory", inventory, "--unused-days", 2, "--lasting", 7, "--json"]
    results = []
    for engine in ("duckdb", "pyspark"):
        page, tables = tmp_path / f"{engine}.html", tmp_path / engine
        found = run(*arguments, "--engine", engine, "--csv", tables, "--html", page)
        written = {path.name: path.read_text() for path in tables.iterdir()}
        results.append((found[:2], page.read_text(), written))
    assert results[0][0][0] == 0
    assert results[0] == results[1]


def test_a_store_gives_the_same_numbers_with_logs_beside_it(session, logs, tmp_path):
    store = tmp_path / "it's [{a}] store"
    collect(store, logs / "access.log", logs / "access.log.1.gz")
    arguments = [store, logs / "access.log.2", "--by", "week", "--accounts"]
    arguments += ["--table", "periods", "--table", "machines", "--table", "update_gaps"]
    found = report(*arguments)
    assert found == report(*arguments, *SPARK)
    assert found["totals"]["lines_read"] > len(FLEET.requests)


def test_a_copy_of_a_store_is_read_from_any_file_system_of_spark(
    session, environment, logs, tmp_path
):
    """A copy without keys, under a name that could be a pattern."""
    store = tmp_path / "store"
    collect(store, logs)
    copy = environment[1] / "it's [{a}]"
    shutil.copytree(store / "requests", copy / "requests")
    shutil.copy(store / "manifest.json", copy)
    url = "viewfs://example/stores/it's [{a}]/"
    arguments = ["--by", "week", "--table", "periods", "--table", "machines"]
    assert report(url, *arguments, *SPARK) == report(store, *arguments)
    url = url.rstrip("/")
    message = f"aau-report: error: {url}/manifest.json: a URL needs --engine pyspark\n"
    assert run(url) == (2, "", message)
    message = f"aau-report: error: {url}: a report from a URL can have no other logs\n"
    assert run(url, logs, *SPARK) == (2, "", message)
    found = run("viewfs://example/stores/missing", *SPARK)
    assert (found[:2], found[2].count("\n")) == ((1, ""), 1)
    assert "viewfs://example/stores/missing/manifest.json" in found[2]
    message = 'aau-report: error: database: {}: No FileSystem for scheme "nosuch"\n'
    name = "org.apache.hadoop.fs.UnsupportedFileSystemException"
    assert run("nosuch://example/store", *SPARK) == (1, "", message.format(name))


def rows(engine, paths):
    """Return the requests that an engine reads, sorted, and what the reading tells of them."""
    reading = read(list(map(str, paths)), options=Parsing(key=b"key"))
    with engine as opened:
        found = opened.read(reading, COLUMNS).to_pyarrow().to_pylist()
    numbers = (reading.lines_read, reading.requests, reading.lines_skipped, reading.skipped)
    return sorted(found, key=repr), numbers


@pytest.mark.parametrize("end", [b"\n", b""])
def test_nasty_lines_are_the_same_requests(end, session, tmp_path):
    """Several parts of a log, an archive with members and padding, and a log without an end."""
    text = b"\n".join(line for line, _ in NASTY) + end
    good = (LINE + b"\n") * (BLOCK // len(LINE) // 2)
    logs = {
        "nasty.log": text,
        "nasty.log.1.gz": gzip.compress(text[:1000]) + gzip.compress(text[1000:]) + b"\0" * 512,
        "parts.log": b"\0" * 5000 + (good + text.rstrip(b"\n") + b"\n") * 5,
    }
    for name, content in logs.items():
        (tmp_path / name).write_bytes(content)
    paths = [tmp_path / name for name in logs]
    expected = rows(Engine(), paths)
    found = rows(open_engine("pyspark", 600, None), paths)
    assert expected[1] == found[1]
    assert expected[0] == found[0]
    assert len(found[0]) > 5 * BLOCK // len(LINE) // 2


TOKENS = LINE + b"\n"
ERRORS = {
    "a truncated archive": (gzip.compress(TOKENS * 9)[:-20], 3, "truncated archive"),
    "no tokens": (b'- - - [30/Nov/2026:02:05:51 +0000] "GET / HTTP/1.1" 200 5 "-" "-"\n', 4, None),
    "nothing": (b"", 2, None),
    "an unknown format": (b"noise\n", 3, None),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors_are_the_same(name, session, tmp_path):
    content, status, message = ERRORS[name]
    log = tmp_path / "access.log"
    log.write_bytes(content)
    found = run(log, *SPARK)
    assert found == run(log)
    assert (found[0], found[2].count("\n")) == (status, 1)
    assert message is None or message in found[2]


def test_zstd_is_refused(session, tmp_path):
    log = tmp_path / "access.log.zst"
    log.write_bytes(files.COMPRESSIONS[".zst"](TOKENS))
    message = f"aau-report: error: {log}: zstd logs cannot be read with Spark (use gzip)\n"
    assert run(log, *SPARK) == (3, "", message)


def test_spark_leaves_no_secrets_and_only_private_files(session, environment, tmp_path):
    log = tmp_path / "access.log"
    good = [lines.nginx(request) for request in requests()]
    damaged = [line for text in good for line in bad(text)]
    log.write_bytes(b"".join(line + b"\n" for line in [*good, *damaged]))
    with open_engine("pyspark", 600, None) as engine:
        assert engine.read(read([str(log)]), COLUMNS).count().to_pyarrow().as_py() > 0
        (directory,) = environment[0].iterdir()
        paths = [directory, *directory.rglob("*")]
        modes = {stat.filemode(path.lstat().st_mode) for path in paths}
        contents = b"".join(path.read_bytes() for path in paths if path.is_file())
    assert modes <= {"drwx------", "-rw-------"}
    assert [secret for secret in SECRETS if secret.encode() in contents] == []


def command(temporary: Path, *arguments: object) -> list[str]:
    """Return a command, which has its own session."""
    temporary.mkdir()
    program = [sys.executable, "-m", "anaconda_anon_usage_report"]
    return [*program, *map(str, arguments), *SPARK]


def environ(temporary: Path, **variables: str) -> dict[str, str]:
    """Return environment variables."""
    return {**os.environ, "TMPDIR": str(temporary), **variables}


def test_a_run_prints_the_same_tables_and_leaves_nothing(tmp_path, logs):
    temporary = tmp_path / "temporary"
    arguments = [logs / "access.log", "--table", "errors", "--count-redirects"]
    arguments += ["--min-clients", 1]
    result = subprocess.run(
        command(temporary, *arguments, "--master", "local[1]"),
        env=environ(temporary),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert (result.returncode, result.stdout, result.stderr) == run(*arguments)
    assert (result.returncode, result.stderr) == (0, "")
    assert (list(tmp_path.iterdir()), list(temporary.iterdir())) == ([temporary], [])


def test_a_query_that_fails_says_why(tmp_path, logs):
    """The end of a file is missing, which Spark sees only when it computes."""
    temporary, store = tmp_path / "temporary", tmp_path / "store"
    collect(store, logs / "access.log")
    damaged = max((store / "requests").rglob("*.parquet"))
    damaged.write_bytes(damaged.read_bytes()[:-8])
    found = subprocess.run(
        command(temporary, store, "--table", "errors"),
        env=environ(temporary),
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert (found.returncode, found.stdout, found.stderr.count("\n")) == (1, "", 1)
    assert found.stderr.startswith("aau-report: error: database: ")
    assert f"{damaged.name} is not a Parquet file" in found.stderr
    assert list(temporary.iterdir()) == []


JAVA_ENDED = b"aau-report: error: database: Java has ended\n"


@pytest.mark.parametrize("java, expected", [(False, (130, b"")), (True, (1, JAVA_ENDED))])
def test_a_killed_run_leaves_nothing(java, expected, tmp_path, logs):
    """SIGTERM ends the command, and SIGKILL its Java."""
    temporary = tmp_path / "temporary"
    process = subprocess.Popen(
        command(temporary, logs), env=environ(temporary), stdout=-1, stderr=-1
    )
    try:
        deadline = time.monotonic() + 300
        # Blocks of rows are stored after Spark has started.
        while not list(temporary.glob("*/blockmgr-*")):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        if java:
            (child,) = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            os.kill(int(child), signal.SIGKILL)
        else:
            process.terminate()
        output, errors = process.communicate(timeout=300)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, output, errors) == (expected[0], b"", expected[1])
    assert list(temporary.iterdir()) == []


MISSING = "import sys; sys.modules['{}'] = None; from anaconda_anon_usage_report.cli import main; "


def test_pyspark_is_optional(tmp_path, logs):
    code = MISSING.format("pyspark") + "sys.exit(main(sys.argv[1:]))"
    found = subprocess.run(
        [sys.executable, "-c", code, logs, *SPARK], capture_output=True, text=True, timeout=120
    )
    install = "pip install 'anaconda-anon-usage-report[spark]'"
    message = f"aau-report: error: pyspark is not installed (run: {install})\n"
    assert (found.returncode, found.stdout, found.stderr) == (2, "", message)


@pytest.mark.parametrize("variable", ["PATH", "JAVA_HOME"])
def test_java_is_required(variable, tmp_path, logs):
    temporary = tmp_path / "temporary"
    found = subprocess.run(
        command(temporary, logs),
        env={**environ(temporary, JAVA_HOME=""), variable: str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    message = "Java is not installed (install openjdk-17-jre-headless)"
    assert found.stderr == f"aau-report: error: {message}\n"
    assert (found.returncode, found.stdout, list(temporary.iterdir())) == (2, "", [])


def test_spark_connect_is_refused(logs, monkeypatch):
    monkeypatch.setenv("SPARK_REMOTE", "sc://127.0.0.1")
    message = "aau-report: error: SPARK_REMOTE is not supported (use --master)\n"
    assert run(logs, *SPARK) == (2, "", message)


SHOW_TASKS = """\
from anaconda_anon_usage_report.engine import open_engine
from pyspark.sql import SparkSession
with open_engine("pyspark", 600, "local[3]"):
    print(SparkSession.getActiveSession().conf.get("spark.sql.shuffle.partitions"))
"""


@pytest.mark.parametrize("settings, expected", [("", "3\n"), (SETTINGS, "1\n")])
def test_a_step_has_a_task_for_each_core_unless_configured(settings, expected, tmp_path):
    (tmp_path / "spark-defaults.conf").write_text(settings)
    found = subprocess.run(
        [sys.executable, "-c", SHOW_TASKS],
        env=environ(tmp_path, SPARK_CONF_DIR=str(tmp_path)),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (found.returncode, found.stdout) == (0, expected)


def test_a_master_that_does_not_exist_is_an_error(tmp_path, logs):
    temporary = tmp_path / "temporary"
    found = subprocess.run(
        command(temporary, logs, "--master", "nonsense"),
        env=environ(temporary),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (found.returncode, found.stdout, found.stderr.count("\n")) == (1, "", 1)
    assert "Master must" in found.stderr
    assert list(temporary.iterdir()) == []

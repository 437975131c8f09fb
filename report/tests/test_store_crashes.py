"""A change of a store is visible whole or not at all, and one process at a time makes it."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
import time

import pytest
from killing import server
from storing import (
    CLIENT,
    OTHER,
    collect,
    expected_files,
    files,
    line,
    lines,
    manifest,
    modes,
    numbers,
    rows,
    run,
)

needs_strace = pytest.mark.skipif(
    not os.environ.get("CI") and shutil.which("strace") is None, reason="needs strace"
)


@pytest.fixture(scope="module")
def killer():
    """The process that runs commands and kills them."""
    with server() as started:
        yield started


@pytest.fixture
def log(tmp_path):
    """A log."""
    return tmp_path / "access.log"


def contents(store):
    """Return what readers see: requests, logs and numbers of lines."""
    listed = manifest(store)
    sources = sorted(source["digest"] for source in listed["sources"])
    return rows(store), sources, listed["lines_read"], listed["lines_skipped"]


def check_kills(killer, start, store, arguments):
    """Kill a command at each of its system calls that change the store, one after the other.

    Args:
        killer: The server.
        start: The store as it is before the command.
        store: The store that the command changes.
        arguments: The command.

    Returns:
        The names of the calls.
    """

    def begin():
        shutil.rmtree(store, ignore_errors=True)
        shutil.copytree(start, store)

    begin()
    before = contents(store)
    calls = killer.calls(arguments, store, store.with_name("trace"))
    after = contents(store)
    assert after != before
    seen = []
    for call in calls:
        begin()
        killer.kill(arguments, call)
        found = contents(store)
        assert found in (before, after), call
        seen.append(found == after)
        assert modes(store) == {"drwx------", "-rw-------"}
        # The next run ends what was begun, and removes what was left.
        assert run(*arguments)[0] == 0
        assert contents(store) == after
        assert files(store) == expected_files(store)
        assert not [path for path in store.iterdir() if path.name.startswith("scratch")]
    assert seen == sorted(seen)  # once visible, it stays so
    assert set(seen) == {False, True}
    return [call.name for call in calls]


@needs_strace
def test_a_killed_run_is_visible_whole_or_not_at_all(killer, log, tmp_path):
    start, store = tmp_path / "start", tmp_path / "store"
    log.write_bytes(lines(300))
    collect(start, log)
    log.write_bytes(lines(700))
    names = check_kills(killer, start, store, ("collect", log, "--into", store))
    assert numbers(store) == list(range(700))
    assert {"write", "fsync", "rename"} <= set(names)


@needs_strace
def test_a_killed_first_run_leaves_nothing_or_a_store(killer, log, tmp_path):
    store = tmp_path / "store"
    log.write_bytes(lines(2))
    command = ("collect", log, "--into", store)
    calls = killer.calls(command, store, tmp_path / "trace")
    # Later calls are those of any run. The first renames are of the manifest and the keys.
    last = [number for number, call in enumerate(calls) if call.name == "rename"][2]
    for call in calls[: last + 1]:
        shutil.rmtree(store)
        killer.kill(command, call)
        assert not (store / "manifest.json").exists() or rows(store) == []
        assert not store.exists() or modes(store) <= {"drwx------", "-rw-------"}
        collect(store, log)
        assert numbers(store) == [0, 1]
        assert files(store) == expected_files(store)


@needs_strace
def test_a_killed_removal_is_visible_whole_or_not_at_all(killer, log, tmp_path):
    start, store = tmp_path / "start", tmp_path / "store"
    log.write_bytes(lines(3) + line(4, f"c/{OTHER}"))
    collect(start, log)
    names = check_kills(killer, start, store, ("forget", store, "--client", CLIENT))
    assert numbers(store) == [4]
    assert {"write", "fsync", "rename", "unlink"} <= set(names)
    names = check_kills(killer, start, store, ("expire", store, "--older-than", "0d"))
    assert numbers(store) == []
    assert {"write", "fsync", "rename", "unlink", "rmdir"} <= set(names)


@contextlib.contextmanager
def held(directory, kind):
    """Hold the lock of a directory."""
    descriptor = os.open(directory, os.O_RDONLY)
    fcntl.flock(descriptor, kind)
    try:
        yield
    finally:
        os.close(descriptor)


def waiting(*arguments):
    """Start a command, and return its process when it says that it waits."""
    command = [sys.executable, "-m", "anaconda_anon_usage_report", *map(str, arguments)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert "waiting for another aau-report that uses" in process.stderr.readline()
    return process


def test_a_second_run_waits_and_says_so(log, tmp_path):
    store = tmp_path / "store"
    log.write_bytes(lines(10))
    collect(store, log)
    log.write_bytes(lines(20))
    with held(store, fcntl.LOCK_EX):
        process = waiting("collect", log, "--into", store)
        time.sleep(0.2)
        assert process.poll() is None
        assert numbers(store) == list(range(10))
    assert process.communicate(timeout=60) == ("collected 10 requests\n", "")
    assert numbers(store) == list(range(20))


def test_runs_at_the_same_time_count_each_request_once(log, tmp_path):
    store = tmp_path / "store"
    log.write_bytes(lines(1_000))
    command = [sys.executable, "-m", "anaconda_anon_usage_report", "collect", log, "--into", store]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    out = [process.communicate(timeout=120)[0] for process in processes]
    assert sorted(out) == ["collected 0 requests\n", "collected 1,000 requests\n"]
    assert numbers(store) == list(range(1_000))


def test_a_report_does_not_wait_for_a_run(log, tmp_path):
    store = tmp_path / "store"
    log.write_bytes(lines(10))
    collect(store, log)
    with held(store, fcntl.LOCK_EX):
        status, out, errors = run(store, "--table", "periods", "--json", "--min-clients", 1)
    assert (status, errors) == (0, "")
    assert '"downloads": 10,' in out


def test_files_are_not_removed_while_a_report_reads_them(log, tmp_path):
    store = tmp_path / "store"
    log.write_bytes(lines(10))
    collect(store, log)
    read = manifest(store)["requests"][0]["name"]
    with held(store / "requests", fcntl.LOCK_SH):
        process = waiting("forget", store, "--client", CLIENT)
        # Reports that start now do not see what was forgotten.
        assert rows(store) == []
        assert (store / read).exists()
    assert process.communicate(timeout=60) == ("removed 10 requests\n", "")
    assert files(store) == expected_files(store)

"""A request counts once, however often and under whatever name its log is collected."""

from __future__ import annotations

import gzip
import os
import random

import pytest
import zstandard
from reporting import report
from storing import collect, line, lines, manifest, numbers, run

from anaconda_anon_usage_report.store import keys
from anaconda_anon_usage_report.store.copies import Copies

#: Enough lines for some of them to be remembered by a hash, which one in 256 is.
MANY = 5_000


@pytest.fixture
def store(tmp_path, monkeypatch):
    """The directory of a store that does not exist yet. The key decides which lines are hashed."""
    monkeypatch.setattr(keys, "new_key", lambda: bytes(range(32)))
    return tmp_path / "store"


@pytest.fixture
def log(tmp_path):
    """A log with some lines."""
    path = tmp_path / "access.log"
    path.write_bytes(lines(100))
    return path


def test_only_new_lines_are_read_again(store, log):
    assert collect(store, log) == "collected 100 requests\n"
    assert collect(store, log) == "collected 0 requests\n"
    log.write_bytes(lines(130))
    assert collect(store, log) == "collected 30 requests\n"
    assert numbers(store) == list(range(130))
    assert manifest(store)["lines_read"] == 130


@pytest.mark.parametrize("name", ["access.log.1", "access.log.1.gz", "access.log-20261130.zst"])
def test_rotation_renames_and_compresses(store, log, name):
    collect(store, log)
    compress = {".gz": gzip.compress, ".zst": zstandard.compress}.get(name[-4:].lstrip("1"), bytes)
    (log.parent / name).write_bytes(compress(lines(120)))
    log.write_bytes(lines(120, 150))
    collect(store, log.parent)
    assert numbers(store) == list(range(150))


def test_a_growing_archive_is_continued(store, tmp_path):
    archive = tmp_path / "access.log.gz"
    for end in (10, 10, 2_000):
        archive.write_bytes(gzip.compress(lines(5)) + gzip.compress(lines(5, end)))
        collect(store, archive)
        assert numbers(store) == list(range(end))


def test_a_log_is_known_by_its_contents_not_by_its_name_time_or_inode(store, log, tmp_path):
    collect(store, log)
    copy = tmp_path / "copy"
    copy.write_bytes(log.read_bytes())
    os.utime(copy, (0, 0))
    log.write_bytes(lines(500, 600))
    collect(store, copy, log)
    assert numbers(store) == [*range(100), *range(500, 600)]


def test_two_names_in_one_run_count_once(store, log, tmp_path):
    (tmp_path / "longer.log").write_bytes(lines(120))
    collect(store, log, tmp_path / "longer.log")
    assert numbers(store) == list(range(120))


def test_an_unterminated_last_line_waits_for_its_end(store, log):
    for data, expected in ((lines(3)[:-9], 2), (lines(3)[:-1], 2), (lines(3), 3)):
        log.write_bytes(data)
        collect(store, log)
        assert numbers(store) == list(range(expected))


@pytest.mark.parametrize("final", [True, False])
def test_an_unterminated_last_line_counts_in_an_archive_or_with_final(final, store, log):
    log.write_bytes(lines(3)[:-1] if final else gzip.compress(lines(3)[:-1]))
    collect(store, log, *["--final"] * final)
    assert numbers(store) == [0, 1, 2]
    # The end of this line is not a line of its own.
    log.write_bytes(lines(5))
    assert collect(store, log) == "collected 2 requests\n"
    assert numbers(store) == list(range(5))


def test_lines_of_a_log_that_was_truncated_in_place_are_read(store, log):
    collect(store, log)
    log.write_bytes(bytes(4_000) + lines(100, 110))  # the server's file offset is kept
    collect(store, log)
    log.write_bytes(bytes(4_000) + lines(100, 120))
    collect(store, log)
    assert numbers(store) == list(range(120))


def test_logs_with_the_same_first_lines_differ(store, log, tmp_path):
    other = tmp_path / "other.log"
    collect(store, log)
    # More than 4 KiB are the same, but far fewer than half of the lines.
    other.write_bytes(lines(30) + lines(1_000, 1_000 + MANY))
    collect(store, other)
    log.write_bytes(lines(110))
    other.write_bytes(lines(30) + lines(1_000, 1_010 + MANY))
    assert collect(store, log, other) == "collected 20 requests\n"
    assert numbers(store) == sorted([*range(110), *range(30), *range(1_000, 1_010 + MANY)])


@pytest.mark.parametrize("kept", [99, 30, 3])
def test_a_truncated_copy_is_refused(kept, store, log, tmp_path):
    collect(store, log)
    before = manifest(store)
    copy = tmp_path / "copy.log"
    copy.write_bytes(lines(kept))
    (tmp_path / "new.log").write_bytes(lines(500, 600))
    status, out, errors = run("collect", tmp_path / "new.log", copy, "--into", store)
    assert (status, out) == (5, "")
    assert errors.startswith(f"aau-report: error: {copy}: begins like a longer log that was")
    assert manifest(store) == before


def test_a_truncated_copy_of_a_short_log_is_refused(store, log):
    log.write_bytes(lines(10))
    collect(store, log)
    log.write_bytes(lines(8))
    assert run("collect", log, "--into", store)[0] == 5
    log.write_bytes(lines(10))
    assert collect(store, log) == "collected 0 requests\n"


def filtered(all_lines):
    """Leave out every third line, the first one included."""
    return [text for number, text in enumerate(all_lines) if number % 3]


def shuffled(all_lines):
    """Return the lines in another order."""
    return random.Random(1).sample(all_lines, len(all_lines))


def merged(all_lines):
    """Mix the lines with fewer new ones."""
    new = [line(number, day=2) for number in range(len(all_lines) // 3)]
    return shuffled(all_lines + new)


@pytest.mark.parametrize("change", [filtered, shuffled, sorted, merged])
def test_a_merged_sorted_or_filtered_copy_is_refused(change, store, log, tmp_path):
    log.write_bytes(b"".join(line(number) for number in range(MANY, 0, -1)))
    collect(store, log)
    before = manifest(store)
    copy = tmp_path / "copy.log"
    copy.write_bytes(b"".join(change(log.read_bytes().splitlines(keepends=True))))
    for arguments in (("collect", copy, "--into", store), (store, copy)):
        status, out, errors = run(*arguments)
        assert (status, out) == (5, "")
        assert errors == (
            f"aau-report: error: {copy}: more than half of its lines were already read from other "
            "logs (leave it out, or collect it with --force)\n"
        )
        assert manifest(store) == before
    collect(store, copy, "--force")
    assert len(numbers(store)) == MANY + len(copy.read_bytes().splitlines())


def test_a_copy_of_a_log_in_the_same_run_is_refused(store, log, tmp_path):
    log.write_bytes(lines(MANY))
    copy = tmp_path / "copy.log"
    copy.write_bytes(lines(1, MANY))
    assert run("collect", log, copy, "--into", store)[0] == 5
    assert numbers(store) == []


def test_a_log_with_fewer_known_lines_is_no_copy(store, log):
    log.write_bytes(lines(MANY))
    collect(store, log)
    log.write_bytes(b"".join(line(number, day=2) for number in range(MANY)) + lines(MANY // 2))
    collect(store, log)
    assert len(numbers(store)) == MANY + MANY + MANY // 2


def test_a_log_with_one_known_line_is_no_copy(store, log):
    hashed = next(number for number in range(MANY) if is_hashed(line(number)))
    log.write_bytes(lines(hashed, hashed + 1))
    collect(store, log)
    log.write_bytes(line(0, day=2) + lines(hashed, hashed + 1))
    collect(store, log)
    assert len(numbers(store)) == 3


def is_hashed(line):
    """Return whether a line is one of those of which a hash is kept."""
    copies = Copies([], keys.new_key())
    copies.add(line)
    copies.finish(new=True)
    return bool(copies.data())


def test_logs_of_servers_that_begin_alike_are_told_apart_by_source(store, log, tmp_path):
    other = tmp_path / "other.log"
    log.write_bytes(lines(2))
    other.write_bytes(lines(1))
    collect(store, log, "--source", "a")
    collect(store, other, "--source", "b")
    assert numbers(store) == [0, 0, 1]
    other.write_bytes(lines(1) + lines(7, 8))
    collect(store, other, "--source", "b")
    collect(store, log, "--source", "a")
    assert numbers(store) == [0, 0, 1, 7]
    # A report knows the logs of all servers.
    found = report(store, log, other, "--table", "periods")
    assert found["totals"]["lines_read"] == 4


def test_a_store_beside_its_logs_counts_once(store, log):
    collect(store, log)
    alone = report(store, "--table", "periods")
    assert report(store, log, "--table", "periods") == alone
    log.write_bytes(lines(120)[:-1])
    both = report(store, log, "--table", "periods")["totals"]
    assert (both["downloads"], both["clients"], both["lines_read"]) == (120, 1, 120)
    assert manifest(store)["lines_read"] == 100


def test_skipped_lines_are_numbered_from_the_start_of_the_log(store, log):
    collect(store, log)
    log.write_bytes(lines(100) + b"noise\n" + lines(100, 110))
    out = collect(store, log)
    assert out == (
        f"collected 10 requests, skipped 1 lines (first: {log}:101: not in the log's format)\n"
    )
    assert manifest(store)["lines_skipped"] == 1


def test_the_first_run_wants_tokens_and_later_ones_do_not(store, log):
    log.write_bytes(lines(2).replace(b" aau/", b" other/"))
    status, _, errors = run("collect", log, "--into", store)
    assert (status, errors.split(":")[2].split(" (")[0]) == (4, " no token in 2 lines")
    log.write_bytes(lines(2))
    collect(store, log)
    log.write_bytes(b"")
    assert collect(store, log) == "collected 0 requests\n"
    log.write_bytes(lines(5, 6).replace(b" aau/", b" other/"))
    assert collect(store, log) == "collected 1 requests\n"


def test_a_pipe_is_refused(store, tmp_path):
    pipe = tmp_path / "access.log"
    os.mkfifo(pipe)
    for path in (pipe, "-"):
        status, _, errors = run("collect", path, "--into", store)
        assert (status, errors) == (2, f"aau-report: error: {path}: not a regular file\n")


def test_a_directory_with_other_files_does_not_become_a_store(tmp_path, log):
    status, _, errors = run("collect", log, "--into", tmp_path)
    message = f"aau-report: error: {tmp_path}: neither a store nor empty\n"
    assert (status, errors) == (2, message)
    assert os.listdir(tmp_path) == ["access.log"]


def test_a_store_of_another_version_is_refused(store, log):
    collect(store, log)
    path = store / "manifest.json"
    contents = path.read_text().replace('"version":3', '"version":2')
    path.write_text(contents)
    for arguments in ((store,), ("collect", log, "--into", store)):
        status, out, errors = run(*arguments)
        assert (status, out) == (3, "")
        assert errors == f"aau-report: error: {path}: written by another version of aau-report\n"
    assert path.read_text() == contents

"""Where logs come from: files, directories, patterns, pipes, archives; and what can go wrong."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys

import pytest
import zstandard

from anaconda_anon_usage_report.reading import (
    NO_INPUT,
    NO_TOKENS,
    UNREADABLE,
    Options,
    ReadingError,
    read,
)
from anaconda_anon_usage_report.reading.sources import BLOCK

AGENT = "conda/24.7.1 requests/2.34.2 aau/0.9.0 c/UJngfYjkhNCv0HPEitrFWA"


def line(number, agent=AGENT):
    """Return a line whose status tells it from others."""
    return (
        f'192.0.2.7 - - [30/Nov/2026:02:05:51 +0000] "GET /{number % 7} HTTP/1.1" 200 {number}'
        f' "-" "{agent}"\n'
    ).encode()


def numbers(*paths, **arguments):
    """Return the numbers of the lines that are read."""
    batches = read([str(path) for path in paths], **arguments).batches()
    return sorted(number for batch in batches for number in batch.column("bytes").to_pylist())


def fails(*paths):
    """Return the message and the exit status of reading."""
    with pytest.raises(ReadingError) as caught:
        numbers(*paths)
    return caught.value.message, caught.value.status


def test_a_plain_file(tmp_path):
    log = tmp_path / "access.log"
    log.write_bytes(b"".join(map(line, range(10))))
    assert numbers(log) == list(range(10))


def test_members_of_a_gzip_archive_are_joined(tmp_path):
    log = tmp_path / "access.log.gz"
    # The second member begins in the middle of a line.
    data = b"".join(map(line, range(10)))
    log.write_bytes(gzip.compress(data[:500]) + gzip.compress(data[500:]) + bytes(512))
    assert numbers(log) == list(range(10))


def test_frames_of_a_zstd_archive_are_joined(tmp_path):
    log = tmp_path / "access.log.zst"
    data = b"".join(map(line, range(10)))
    skippable = b"\x50\x2a\x4d\x18" + (3).to_bytes(4, "little") + b"abc"
    log.write_bytes(zstandard.compress(data[:500]) + skippable + zstandard.compress(data[500:]))
    assert numbers(log) == list(range(10))


def test_the_content_tells_archives_not_the_name(tmp_path):
    log = tmp_path / "access.log"
    log.write_bytes(gzip.compress(line(1)))
    assert numbers(log) == [1]


def test_logs_larger_than_a_block(tmp_path):
    log, archive = tmp_path / "access.log", tmp_path / "access.log.gz"
    count = 2 * BLOCK // len(line(100_000)) + 1000
    data = b"".join(map(line, range(count)))
    log.write_bytes(data)
    archive.write_bytes(gzip.compress(data, 1))
    assert numbers(log, options=Options(workers=3)) == list(range(count))
    assert numbers(archive, options=Options(workers=1)) == list(range(count))


@pytest.mark.parametrize("compress", [bytes, gzip.compress, zstandard.compress])
def test_standard_input(compress):
    code = (
        "from anaconda_anon_usage_report.reading import read\n"
        "print(sum(sum(b.column('bytes').to_pylist()) for b in read(['-']).batches()))"
    )
    data = compress(line(20) + line(22))
    result = subprocess.run(
        [sys.executable, "-c", code], input=data, stdout=subprocess.PIPE, check=True, timeout=60
    )
    assert result.stdout == b"42\n"


def test_a_named_pipe_is_read_once(tmp_path):
    pipe = tmp_path / "access.log"
    os.mkfifo(pipe)
    with subprocess.Popen(["sh", "-c", f'printf %s "$1" >"{pipe}"', "sh", line(42).decode()]):
        assert numbers(pipe) == [42]


def test_a_directory_contains_rotated_logs_and_other_files(tmp_path):
    (tmp_path / "access.log").write_bytes(line(0))
    (tmp_path / "access.log.1").write_bytes(line(1))
    (tmp_path / "access.log.2.gz").write_bytes(gzip.compress(line(2)))
    (tmp_path / "access.log-20261130.zst").write_bytes(zstandard.compress(line(3)))
    (tmp_path / "ssl_access_log").write_bytes(line(4))
    (tmp_path / "heartbeat.json").write_bytes(line(5))
    (tmp_path / "error.log").write_bytes(b"noise\n")
    (tmp_path / "notes.md").write_bytes(b"noise\n")
    (tmp_path / "old.log").mkdir()
    assert numbers(tmp_path) == list(range(6))


def test_patterns(tmp_path):
    for number in range(3):
        (tmp_path / f"access.log.{number}").write_bytes(line(number))
    assert numbers(f"{tmp_path}/access.log.[01]") == [0, 1]


def test_a_log_counts_once_however_often_it_is_named(tmp_path):
    log, link = tmp_path / "access.log", tmp_path / "current.log"
    log.write_bytes(line(1))
    link.symlink_to(log)
    assert numbers(log, log, link, tmp_path, f"{tmp_path}/*.log") == [1]


def test_logs_in_different_formats(tmp_path):
    (tmp_path / "a.log").write_bytes(line(1))
    (tmp_path / "b.log").write_text(
        '{"time":1796000751.1,"method":"GET","path":"/","status":200,"bytes":2,"user_agent":""}\n'
    )
    assert numbers(tmp_path) == [1, 2]


def test_a_log_of_noise_beside_others_is_skipped_not_refused(tmp_path):
    (tmp_path / "a.log").write_bytes(line(1))
    (tmp_path / "b.log").write_bytes(b"noise\n")
    reading = read([str(tmp_path)])
    assert [1] == [len(batch) for batch in reading.batches() if len(batch)]
    assert (reading.lines_read, reading.lines_skipped) == (2, 1)


def test_a_given_format_is_not_detected(tmp_path):
    (tmp_path / "a.log").write_bytes(b"noise\n" * 200 + line(1))
    assert numbers(tmp_path / "a.log", format="combined") == [1]


def test_progress_reaches_the_size_of_the_files(tmp_path):
    plain, archive = tmp_path / "a.log", tmp_path / "b.log.gz"
    plain.write_bytes(line(1) * 1000)
    archive.write_bytes(gzip.compress(line(1) * 1000))
    seen = []
    reading = read([str(plain), str(archive)], on_bytes=seen.append)
    list(reading.batches())
    assert sum(seen) == reading.size == plain.stat().st_size + archive.stat().st_size


def test_a_missing_file(tmp_path):
    path = tmp_path / "access.log"
    assert fails(path) == (f"{path}: no such file", NO_INPUT)


def test_a_pattern_without_matches(tmp_path):
    assert fails(f"{tmp_path}/*.log") == (f"no file matches {tmp_path}/*.log", NO_INPUT)


def test_a_directory_without_logs(tmp_path):
    (tmp_path / "notes.md").write_text("noise")
    assert fails(tmp_path) == (f"no logs in directory {tmp_path}", NO_INPUT)


# Archives with the current time would give each worker other names of the tests.
@pytest.mark.parametrize(
    "data", [b"", gzip.compress(b"", mtime=0), zstandard.compress(b""), bytes(100)]
)
def test_an_empty_log(tmp_path, data):
    path = tmp_path / "access.log"
    path.write_bytes(data)
    assert fails(path) == (f"{path}: empty", NO_INPUT)


def test_an_empty_log_beside_others_is_no_error(tmp_path):
    (tmp_path / "access.log").touch()
    (tmp_path / "access.log.1").write_bytes(line(1))
    assert numbers(tmp_path) == [1]


@pytest.mark.parametrize("compress", [gzip.compress, zstandard.compress])
@pytest.mark.parametrize("kept", [3, 0.5, 0.99])
def test_a_truncated_archive(tmp_path, compress, kept):
    path = tmp_path / "access.log.archive"
    data = compress(b"".join(map(line, range(1000))))
    path.write_bytes(compress(line(1)) + data[: 6 if kept == 3 else int(kept * len(data))])
    assert fails(path) == (f"{path}: truncated archive", UNREADABLE)


@pytest.mark.parametrize("compress", [gzip.compress, zstandard.compress])
def test_an_invalid_archive(tmp_path, compress):
    path = tmp_path / "access.log.archive"
    path.write_bytes(compress(line(1)) + b"garbage, not an archive")
    assert fails(path) == (f"{path}: invalid archive", UNREADABLE)


def test_a_small_archive_of_much_text_does_not_fill_the_memory(tmp_path):
    path = tmp_path / "access.log.zst"
    frame = zstandard.compress(bytes(1 << 26))
    path.write_bytes(frame * 8 + zstandard.compress(line(1)))
    code = (
        "import resource, sys\n"
        "from anaconda_anon_usage_report.reading import read\n"
        "start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "assert 1 == sum(len(b) for b in read(sys.argv[1:]).batches())\n"
        "print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start) // 1024)"
    )
    command = [sys.executable, "-c", code, str(path)]
    result = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=120)
    assert int(result.stdout) < 256  # of 512 MB


def test_a_log_without_tokens(tmp_path):
    path = tmp_path / "access.log"
    path.write_bytes(line(1, "curl/8.5.0") * 3)
    message = "no token in 3 lines (does the log contain the User-Agent?)"
    assert fails(path) == (message, NO_TOKENS)


def test_a_log_in_an_unknown_format(tmp_path):
    path = tmp_path / "access.log"
    path.write_bytes(b"noise\n" * 100 + line(1))
    assert fails(path) == (f"{path}: unknown log format (use --format)", UNREADABLE)


def test_an_unreadable_file(tmp_path):
    path = tmp_path / "access.log" / "x"
    path.parent.touch()
    assert fails(path) == (f"cannot read {path}: Not a directory", UNREADABLE)


def test_a_file_that_vanishes_while_it_is_read(tmp_path):
    path = tmp_path / "access.log"
    path.write_bytes(line(1))
    reading = read([str(path)])
    path.unlink()
    with pytest.raises(ReadingError) as caught:
        list(reading.batches())
    assert (caught.value.message, caught.value.status) == (f"{path}: no such file", NO_INPUT)


def test_messages_do_not_contain_text_of_the_log(tmp_path):
    path = tmp_path / "access.log"
    path.write_bytes(b"user:SECRET@example.org\n")
    stream = io.StringIO()
    print(*fails(path), file=stream)
    assert "SECRET" not in stream.getvalue()

"""The command: its exit statuses, messages, and what it reads and writes."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fleet import lines
from fleet.invent import Fleet

from anaconda_anon_usage_report import __version__
from anaconda_anon_usage_report.arguments import make_parser
from anaconda_anon_usage_report.cli import main

MODULE = [sys.executable, "-m", "anaconda_anon_usage_report"]
NO_TOKENS = b'10.0.0.1 - - [26/Mar/2026:00:00:00 +0000] "GET / HTTP/1.1" 200 1 "-" "curl/8.0"\n'


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    """The log of a small fleet."""
    path = tmp_path_factory.mktemp("log") / "access.log"
    fleet = Fleet(6, people=1, days=3)
    path.write_bytes(b"".join(lines.nginx(request) + b"\n" for request in fleet.requests))
    return path


def run(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own."""
    command = [*MODULE, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **options)


def failure(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    """Run the command and return its exit status and message."""
    status = main([*map(str, arguments)])
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    return status, captured.err.strip()


def test_a_missing_log_is_an_error(capsys, tmp_path):
    status, message = failure(capsys, tmp_path / "absent.log")
    assert status == 2
    assert message == f"aau-report: error: {tmp_path}/absent.log: no such file"


def test_a_log_without_tokens_is_an_error(capsys, tmp_path):
    log = tmp_path / "access.log"
    log.write_bytes(NO_TOKENS * 3)
    status, message = failure(capsys, log)
    assert status == 4
    assert message.startswith("aau-report: error: no token in 3 lines")


def test_a_truncated_archive_is_an_error(capsys, tmp_path, log):
    archive = tmp_path / "access.log.gz"
    subprocess.run(["gzip", "-c", log], stdout=archive.open("wb"), check=True)
    archive.write_bytes(archive.read_bytes()[:-20])
    status, message = failure(capsys, archive)
    assert status == 3
    assert message == f"aau-report: error: {archive}: truncated archive"


def test_a_name_with_control_characters_is_escaped(capsys, tmp_path):
    _, message = failure(capsys, tmp_path / "\x1b[31m.log")
    assert "\x1b" not in message
    assert r"\x1b[31m" in message


def test_a_wrong_time_among_many_periods_is_an_error(capsys, tmp_path, log):
    wrong = tmp_path / "wrong.log"
    first = log.read_bytes().splitlines()[0]
    wrong.write_bytes(first + b"\n" + first.replace(b"/2026:", b"/9026:") + b"\n")
    status, message = failure(capsys, wrong, "--by", "day")
    assert status == 2
    assert message.startswith("aau-report: error: too many periods: 2026-")


def test_sums_of_more_than_64_bits_are_an_error(capsys, tmp_path):
    huge = tmp_path / "huge.log"
    request = '1.1.1.1 - - [01/Jan/2026:00:00:00 +0000] "GET /main/noarch/{}-1-0.conda HTTP/1.1"'
    agent = '200 999999999999999999 "-" "conda/24.7.1 aau/0.9 c/UJngfYjkhNCv0HPEitrFWA"\n'
    huge.write_text("".join(f"{request.format(name)} {agent}" for name in "abcdefghij"))
    status, message = failure(capsys, huge)
    assert status == 1
    assert message == "aau-report: error: database: Integer value out of bounds"


def test_a_missing_inventory_is_an_error(capsys, tmp_path, log):
    status, message = failure(capsys, log, "--inventory", tmp_path / "absent")
    assert (status, message.endswith("No such file or directory")) == (2, True)


def test_csv_files_that_cannot_be_written_are_an_error(capsys, tmp_path, log):
    (tmp_path / "file").write_text("")
    status, message = failure(capsys, log, "--csv", tmp_path / "file")
    assert status == 1
    assert message == f"aau-report: error: cannot write {tmp_path}/file: File exists"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "the following arguments are required: LOG"),
        (["log", "--since", "yesterday"], "invalid date 'yesterday' (use YYYY-MM-DD)"),
        (["log", "--lasting", "0"], "'0' is not a number of at least 1"),
        (["log", "--min-clients", "-1"], "'-1' is not a number of at least 1"),
        (["log", "--memory", "99"], "'99' is not a number of at least 100"),
        (["log", "--by", "year"], "invalid choice: 'year'"),
        (["log", "--table", "none"], "invalid choice: 'none'"),
        (["log", "--since", "2026-02-01", "--until", "2026-01-31"], "--until is before --since"),
    ],
)
def test_a_wrong_command_line_is_an_error(arguments, message, capsys):
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_the_version_is_printed(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"anaconda-anon-usage-report {__version__}\n"


def test_every_option_has_a_help():
    assert [action.dest for action in make_parser()._actions if not action.help] == []


def test_only_the_chosen_tables_are_made(capsys, log):
    assert main([str(log), "--json", "--table", "channels", "--table", "errors"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["totals", "channels", "errors", "skipped_lines"]


def test_json_has_the_required_totals(capsys, log):
    assert main([str(log), "--json", "--table", "packages", "--min-clients", "1"]) == 0
    totals = json.loads(capsys.readouterr().out)["totals"]
    count = len(log.read_bytes().splitlines())
    assert (totals["lines_read"], totals["lines_skipped"]) == (count, 0)
    for name in ("clients", "sessions", "environments", "heartbeats", "downloads"):
        assert totals[name] > 0


def test_a_log_can_come_from_a_pipe(log):
    found = subprocess.run(
        [*MODULE, "-", "--json", "--table", "errors"],
        input=log.read_bytes(),
        capture_output=True,
        timeout=120,
    )
    assert found.returncode == 0
    assert found.stderr == b""
    count = len(log.read_bytes().splitlines())
    assert json.loads(found.stdout)["totals"]["lines_read"] == count


def test_the_csv_directory_is_named_on_stderr(log, tmp_path):
    found = run(log, "--csv", tmp_path / "tables", "--table", "errors")
    assert (found.returncode, found.stdout) == (0, "")
    assert found.stderr == f"wrote 3 files to {tmp_path}/tables\n"


def test_a_closed_pipe_ends_the_command_quietly(log):
    command = [*MODULE, str(log), "--table", "packages"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    assert process.wait(120) == 1
    assert process.stderr.read() == b""
    process.stderr.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_temporary_files_are_removed_when_the_command_is_interrupted(number, tmp_path, log):
    logs = tmp_path / "pipe.log"
    os.mkfifo(logs)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    process = subprocess.Popen([*MODULE, logs], env={**os.environ, "TMPDIR": str(temporary)})
    try:
        with logs.open("wb", buffering=0) as pipe:
            # More than is read before the database is created.
            for _ in range(50):
                pipe.write(log.read_bytes())
            deadline = time.monotonic() + 60
            while not list(temporary.iterdir()):
                assert time.monotonic() < deadline
                time.sleep(0.05)
            process.send_signal(number)
            pipe.write(log.read_bytes())
        assert process.wait(60) == 130
    finally:
        process.kill()
        process.wait()
    assert list(temporary.iterdir()) == []


def test_a_terminal_shows_the_progress(log, tmp_path):
    controller, terminal = pty.openpty()
    command = [*MODULE, log, "--json", "--table", "errors"]
    environ = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=terminal, env=environ
    ) as process:
        os.close(terminal)
        shown = b""
        try:
            while data := os.read(controller, 4096):
                shown += data
        except OSError:  # the process has closed the terminal
            pass
        assert process.wait(60) == 0
    os.close(controller)
    assert b"reading" in shown
    assert b"bytes" in shown or b"kB" in shown


def test_a_full_disk_is_an_error(log, tmp_path):
    script = f"ulimit -f 64; exec {' '.join(MODULE)} {log} --table errors"
    environ = {**os.environ, "TMPDIR": str(tmp_path)}
    found = subprocess.run(["sh", "-c", script], env=environ, capture_output=True, timeout=120)
    assert found.returncode == 1
    assert found.stderr.startswith(b"aau-report: error: database: ")
    assert list(Path(tmp_path).iterdir()) == []

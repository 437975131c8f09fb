"""Colours, and the one form of errors."""

from __future__ import annotations

import subprocess
import sys

import pytest
from command_lines import environ, on_terminal, run
from support import PATIENCE

from anaconda_anon_usage.cli import output

PAINT = "from anaconda_anon_usage.cli import output; print(output.paint('on', 'on'))"


@pytest.mark.parametrize(
    "variables, expected",
    [
        ({"TERM": "xterm"}, "\033[32mon\033[0m\n"),
        ({"TERM": "xterm", "NO_COLOR": ""}, "\033[32mon\033[0m\n"),
        ({"TERM": "xterm", "NO_COLOR": "1"}, "on\n"),
        ({"TERM": "xterm", "NO_COLOR": "0"}, "on\n"),
        ({"TERM": "dumb"}, "on\n"),
    ],
)
def test_a_terminal_gets_colours_unless_somebody_objects(variables, expected):
    """NO_COLOR counts where it is set and not empty, whatever it says."""
    assert expected == on_terminal([sys.executable, "-c", PAINT], environ(**variables))


def test_a_pipe_gets_no_colours():
    """They would be part of the text."""
    done = subprocess.run(
        [sys.executable, "-c", PAINT],
        env=environ(TERM="xterm"),
        capture_output=True,
        timeout=PATIENCE,
    )
    assert (b"on\n", b"") == (done.stdout, done.stderr)


@pytest.mark.parametrize("stream", [None, "closed"])
def test_without_stdout_there_are_no_colours(monkeypatch, tmp_path, stream):
    """A program of Windows without a console has none."""
    if stream == "closed":
        stream = open(tmp_path / "file", "w")  # noqa: SIM115
        stream.close()
    monkeypatch.setattr(sys, "stdout", stream)
    assert "on" == output.paint("on", "on")


@pytest.mark.parametrize("message", ["wrong", ValueError("wrong")])
def test_an_error_is_one_line_on_stderr(capsys, message):
    """With the program's name."""
    output.error(message)
    assert ("", "anaconda-anon-usage: wrong\n") == capsys.readouterr()


def test_an_error_of_many_lines_is_one_line(capsys):
    """Whatever a file's name or a library's message holds."""
    output.error("one\ntwo\r\nthree\u2028four")
    assert ("", "anaconda-anon-usage: one two three four\n") == capsys.readouterr()


def test_an_error_that_nobody_can_read_is_no_failure():
    """With stderr closed, the exit status still says it."""
    done = subprocess.run(
        ["sh", "-c", 'exec "$0" -m anaconda_anon_usage tokens --bogus 2>&-', sys.executable],
        env=environ(),
        capture_output=True,
        timeout=PATIENCE,
    )
    assert (2, b"", b"") == (done.returncode, done.stdout, done.stderr)


def test_json_is_ascii(tmp_path):
    """A path need not be text in any encoding."""
    prefix = tmp_path / "\udcff\u00e9"
    (prefix / "conda-meta").mkdir(parents=True)
    status, printed, errors = run("--json", "--prefix", str(prefix), LANG="C")
    assert (0, "", True) == (status, errors, printed.isascii())
    assert r"/\udcff\u00e9" in printed

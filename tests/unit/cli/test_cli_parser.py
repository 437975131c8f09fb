"""The one form of errors, and of JSON."""

from __future__ import annotations

import subprocess
import sys

import pytest
from command_lines import environ, run
from support import PATIENCE

from anaconda_anon_usage.cli.parser import print_error


@pytest.mark.parametrize("message", ["wrong", ValueError("wrong")])
def test_an_error_is_one_line_on_stderr(capsys, message):
    """With the program's name."""
    print_error(message)
    assert ("", "anaconda-anon-usage: error: wrong\n") == capsys.readouterr()


def test_an_error_of_many_lines_is_one_line(capsys):
    """Whatever a file's name or a library's message holds."""
    print_error("one\ntwo\r\nthree\u2028four")
    assert ("", "anaconda-anon-usage: error: one two three four\n") == capsys.readouterr()


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

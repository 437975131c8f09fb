"""The format of errors and of JSON."""

from __future__ import annotations

import subprocess
import sys

import pytest
from command_lines import environ, run
from support import PATIENCE, posix

from anaconda_anon_usage.cli.parser import print_error


@pytest.mark.parametrize("message", ["wrong", ValueError("wrong")])
def test_an_error_is_one_line_on_stderr(capsys, message):
    """It starts with the program's name."""
    print_error(message)
    assert ("", "anaconda-anon-usage: error: wrong\n") == capsys.readouterr()


def test_an_error_of_many_lines_is_printed_as_one(capsys):
    """The name of a file or the message of a library can contain line breaks."""
    print_error("one\ntwo\r\nthree\u2028four")
    assert ("", "anaconda-anon-usage: error: one two three four\n") == capsys.readouterr()


@posix
def test_an_error_with_a_closed_stderr_sets_the_exit_status():
    """The message is lost."""
    done = subprocess.run(
        ["sh", "-c", 'exec "$0" -m anaconda_anon_usage tokens --bogus 2>&-', sys.executable],
        env=environ(),
        capture_output=True,
        timeout=PATIENCE,
    )
    assert (2, b"", b"") == (done.returncode, done.stdout, done.stderr)


@posix
def test_json_is_ascii(tmp_path):
    """A path need not be valid in any encoding."""
    prefix = tmp_path / "\udcff\u00e9"
    (prefix / "conda-meta").mkdir(parents=True)
    status, printed, errors = run("--json", "--prefix", str(prefix), LANG="C")
    assert (0, "", True) == (status, errors, printed.isascii())
    assert r"/\udcff\u00e9" in printed

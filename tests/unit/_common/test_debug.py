"""Debug output goes to stderr, on request only."""

from __future__ import annotations

import subprocess
import sys

import pytest
from processes import PACKAGE_PARENT
from support import PATIENCE, posix

from anaconda_anon_usage._common import debug


@pytest.mark.parametrize("value", [None, "", "0"])
def test_nothing_is_printed_by_default(monkeypatch, capsys, value):
    """The package is silent in normal use."""
    if value is not None:
        monkeypatch.setenv("ANACONDA_ANON_USAGE_DEBUG", value)
    debug.say("why")
    assert ("", "") == tuple(capsys.readouterr())


@pytest.mark.parametrize("value", ["1", "true", "yes"])
def test_the_reason_is_one_line_on_stderr_on_request(monkeypatch, capsys, value):
    """Stdout belongs to the program."""
    monkeypatch.setenv("ANACONDA_ANON_USAGE_DEBUG", value)
    debug.say("why")
    assert ("", "anaconda-anon-usage: why\n") == tuple(capsys.readouterr())


@posix
@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full"])
@pytest.mark.parametrize("message", ["why", "\\udc80 é"])
def test_an_unusable_stderr_stops_nothing(environ, redirection, message):
    """It can be closed or on a full disk. Python itself then exits with status 120."""
    code = f"from anaconda_anon_usage._common.debug import say; say('{message}'); print('on')"
    environ.update(ANACONDA_ANON_USAGE_DEBUG="1", PYTHONPATH=PACKAGE_PARENT)
    result = subprocess.run(
        ["/bin/sh", "-c", f'"$@" {redirection}', "sh", sys.executable, "-c", code],
        env=environ,
        stdout=subprocess.PIPE,
        timeout=PATIENCE,
    )
    assert b"on\n" == result.stdout


def test_a_missing_stderr_stops_nothing(monkeypatch):
    """pythonw has none."""
    monkeypatch.setenv("ANACONDA_ANON_USAGE_DEBUG", "1")
    monkeypatch.setattr(sys, "stderr", None)
    debug.say("why")

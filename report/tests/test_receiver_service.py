"""systemd accepts etc/systemd/system, and the commands in it are valid."""

from __future__ import annotations

import shlex
import subprocess
import sys

import pytest
from receivers import PROJECT, changed, program
from support import PATIENCE

from anaconda_anon_usage_report.arguments import make_parser
from anaconda_anon_usage_report.store import commands

UNITS = PROJECT / "etc" / "systemd" / "system"
SERVICE, TIMER = "aau-report.service", "aau-report.timer"
PROGRAM = "/opt/aau/bin/aau-report"
#: The service, with the command that administrators may add.
TEXT = changed((UNITS / SERVICE).read_text(), {"# ExecStart=": "ExecStart="})


@pytest.fixture
def analyze(tmp_path):
    """Return a function that runs systemd-analyze on the units."""
    # Programs must exist.
    (tmp_path / SERVICE).write_text(changed(TEXT, {PROGRAM: sys.executable}))
    (tmp_path / TIMER).write_text((UNITS / TIMER).read_text())

    def run(*words):
        done = subprocess.run(
            [program("systemd-analyze"), *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        return done.returncode, done.stderr

    return run


@pytest.mark.parametrize("unit", [SERVICE, TIMER])
def test_systemd_has_no_complaint(analyze, unit):
    assert analyze("verify", "--man=no", f"./{unit}") == (0, "")


def test_the_service_may_do_little(analyze):
    """Exposure, from 0 to 10, is at most 1. Of a service without restrictions, it is 9.6."""
    assert analyze("security", "--offline=yes", "--threshold=10", f"./{SERVICE}") == (0, "")


def test_the_commands_are_valid():
    lines = [line for line in TEXT.splitlines() if line.startswith("ExecStart=")]
    words = [shlex.split(line.removeprefix("ExecStart=")) for line in lines]
    assert [command[0] for command in words] == [PROGRAM] * 3
    assert [command[1] for command in words[:2]] == ["collect", "expire"]
    for command in words[:2]:
        commands.make_parser().parse_args(command[1:])
    make_parser().parse_args(words[2][1:])

"""benchmarks/receive.py works with etc/nginx/heartbeat.conf as it is."""

from __future__ import annotations

import subprocess
import sys

from receivers import PROJECT, program
from support import PATIENCE


def test_each_heartbeat_of_the_benchmark_is_answered_and_logged():
    """The benchmark fails otherwise."""
    program("nginx"), program("ab")
    command = [sys.executable, PROJECT / "report" / "benchmarks" / "receive.py"]
    done = subprocess.run(
        [*command, "--rounds", "2", "--requests", "300"],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "| bare nginx | " in done.stdout
    assert "| heartbeat.conf | " in done.stdout

"""The guarantees of an activation under any fault."""

from __future__ import annotations

from pathlib import Path

#: Runs a command until its last process has ended.
WATCH = Path(__file__).parent / "watch.py"

#: Seconds within which all processes of an activation end. The deadline is 5 seconds after
#: the start of Python, and test machines are slow.
GONE = 30

#: Maximum memory in MB. A heartbeat with conda needs 50. With a hostile condarc, conda's own
#: reader grows until the deadline.
MEMORY = 500


def assert_unnoticed(report) -> None:
    """Check that the shell succeeded silently and that all processes ended in time."""
    assert (0, "", "", []) == (report.status, report.stdout, report.stderr, report.left)
    assert (True, True) == (report.seconds < GONE, report.megabytes < MEMORY), report

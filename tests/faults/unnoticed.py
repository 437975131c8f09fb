"""What everybody may expect of an activation, whatever fails."""

from __future__ import annotations

from pathlib import Path

#: Runs a command to its very end.
WATCH = Path(__file__).parent / "watch.py"

#: Seconds within which everything that an activation started is gone: the deadline is 5
#: after the start of Python, and these machines are slow.
GONE = 15

#: Megabytes that no process of ours needs. A heartbeat with conda has 50; conda's own reader
#: of a hostile condarc grows until our deadline.
MEMORY = 500


def assert_unnoticed(report) -> None:
    """The shell succeeded in silence, and everything it started is gone in time."""
    assert (0, "", "", []) == (report.status, report.stdout, report.stderr, report.left)
    assert (True, True) == (report.seconds < GONE, report.megabytes < MEMORY), report

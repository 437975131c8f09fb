"""The report of ``conda doctor``: whether telemetry and the heartbeat work as configured."""

from __future__ import annotations

import os
import sys

from .._common import printable, read_token_text
from ..activation_scripts import CURRENT, PACKAGE, check
from ..heartbeat import log_path, log_problem
from ..settings import load
from ..tokens import random_token_in

# The marks of conda's own checks, and what replaces them where stdout cannot encode them.
_MARKS = {"✅": "[ok]", "❌": "[problem]"}


def report_health(prefix: str) -> None:
    """Print a report about an environment."""
    settings = load(prefix)
    _print("Usage telemetry:\n")
    _print(f"telemetry is {settings.anon_usage_decision}")
    _print(f"heartbeat is {settings.heartbeat_decision}")
    for problem in settings.connection.problems:
        _print(f"❌ heartbeats cannot be sent: {problem}")
    _report_script(prefix, bool(settings.heartbeat))
    home = os.path.expanduser("~")
    _report_token("client token", os.path.join(home, ".conda", "aau_token"))
    _report_token("environment token", os.path.join(prefix, "etc", "aau_token"))
    _report_log()
    _print("")


def _report_script(prefix: str, wanted: bool) -> None:
    _, state, reason = check(prefix)
    if state in (CURRENT, PACKAGE):
        _print(f"✅ activation script: {state}")
    elif wanted:
        _print(f"❌ activation script: {state} ({reason or 'see anaconda-anon-usage hooks'})")
    else:
        _print("✅ activation script: not needed while heartbeats are off")


def _report_token(name: str, path: str) -> None:
    if random_token_in((read_token_text(path) or "").encode()):
        _print(f"✅ {name}: valid: {path}")
    elif os.path.lexists(path):
        _print(f"❌ {name}: invalid: {path}")
    else:
        _print(f"✅ {name}: created when needed: {path}")


def _report_log() -> None:
    path = log_path()
    if path:
        problem = log_problem()
        _print(f"❌ log: cannot be written: {problem}" if problem else f"✅ log: {path}")


def _print(line: str) -> None:
    """Print a line in stdout's encoding, which may lack emoji, as cp1252 does."""
    line = "\n".join(map(printable, line.split("\n")))
    encoding = getattr(sys.stdout, "encoding", None) or "ascii"
    try:
        line.encode(encoding)
    except UnicodeError:
        for mark, text in _MARKS.items():
            line = line.replace(mark, text)
        line = line.encode(encoding, "backslashreplace").decode(encoding)
    print(line)

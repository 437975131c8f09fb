"""What ``conda doctor`` reports: whether telemetry and the heartbeat work as they should."""

from __future__ import annotations

import os

from .._common import read_text
from ..settings import explain_heartbeat, explain_telemetry, load
from ..tokens import TOKEN_LENGTH, is_token


def report_health(prefix: str) -> None:
    """Print a report about an environment.

    Args:
        prefix: the environment's directory.
    """
    settings = load(prefix)
    print("Anonymous usage:\n")
    print(f"telemetry is {explain_telemetry(settings)}")
    print(f"heartbeat is {explain_heartbeat(settings)}")
    for problem in settings.problems:
        print(f"❌ heartbeats can't be sent: {problem}")
    _report_script(prefix, bool(settings.heartbeat))
    home = os.path.expanduser("~")
    _report_token("client token", os.path.join(home, ".conda", "aau_token"))
    _report_token("environment token", os.path.join(prefix, "etc", "aau_token"))
    print()


def _report_script(prefix: str, wanted: bool) -> None:
    script = os.path.join(prefix, "etc", "conda", "activate.d", "anaconda-anon-usage.sh")
    launcher = os.path.join(prefix, "etc", "conda", "anon-usage", "heartbeat.sh")
    if os.path.isfile(script) and os.path.isfile(launcher):
        print("✅ the activation script stands in this environment")
    elif os.path.isfile(script):
        print(f"❌ the activation script lacks what it starts: {launcher}")
    elif wanted:
        print("❌ the activation script is missing in this environment: it sends no heartbeat")
    else:
        print("✅ no activation script, and none is needed")


def _report_token(name: str, path: str) -> None:
    text = (read_text(path) or "").strip()
    if is_token(text) and len(text) >= TOKEN_LENGTH:
        print(f"✅ the {name} is sound: {path}")
    elif os.path.lexists(path):
        print(f"❌ the {name} can't be used: {path}")
    else:
        print(f"✅ the {name} is made when it is needed: {path}")

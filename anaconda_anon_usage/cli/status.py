"""``anaconda-anon-usage``: show what is on and why, and what is sent."""

from __future__ import annotations

import argparse

from .. import __version__
from .. import activation_scripts as hooks
from .._common import redact
from ..heartbeat import conda_user_agent, prepare
from ..settings import load
from .parser import add_environment, add_json, print_json, table

DESCRIPTION = "Show what telemetry conda sends, and why."

EPILOG = """\
examples:
  anaconda-anon-usage
  anaconda-anon-usage --name myenv --json

The status names the file and line, or the variable, that decides each setting. Set
ANACONDA_ANON_USAGE_DEBUG=1 to print every decision to stderr.

exit status: 0 success; 1 failure; 2 invalid command line; 130 interrupted
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments to a parser."""
    add_environment(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print the status."""
    prefix = hooks.choose_environment(options.name, options.prefix)
    settings = load(prefix)
    telemetry, heartbeat = settings.anon_usage_decision, settings.heartbeat_decision
    planned = prepare(prefix, settings)
    user_agent = conda_user_agent(prefix, settings)
    known = hooks.known_environments(settings.root_prefix, settings.envs_dirs)
    scripts = [hooks.check(environment) for environment in known]
    url = redact(planned.url) if planned.url else None
    if options.json:
        report = {
            "version": __version__,
            "telemetry": telemetry.as_json(),
            "heartbeat": heartbeat.as_json(),
            "url": url,
            "obstacle": planned.obstacle,
            "user_agent": user_agent,
            "prefix": prefix,
            "environments": [found._asdict() for found in scripts],
        }
        print_json(report)
        return 0
    rows = [("telemetry:", str(telemetry)), ("heartbeat:", str(heartbeat))]
    if heartbeat.value:
        obstacle = planned.obstacle
        rows.append(("not sent:", obstacle) if obstacle else ("sent to:", url or "none"))
    else:
        rows += [("problem:", problem) for problem in settings.connection.problems]
    present = [found for found in scripts if found.state not in (hooks.MISSING, hooks.BLOCKED)]
    rows += [
        ("User-Agent:", user_agent),
        ("environment:", prefix),
        ("activation script:", f"in {len(present)} of {len(scripts)} environments"),
    ]
    print(table(rows))
    up_to_date = (hooks.CURRENT, hooks.PACKAGE)
    if heartbeat.value and any(found.state not in up_to_date for found in scripts):
        print("to install or update the scripts: anaconda-anon-usage hooks --install --all")
    return 0

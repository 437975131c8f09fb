"""``anaconda-anon-usage``: what is on and why, what is sent, and where the scripts are."""

from __future__ import annotations

import argparse

from .. import __version__
from .._common import redact
from ..activation_scripts import (
    CURRENT,
    MODIFIED,
    OUTDATED,
    PACKAGE,
    Hooks,
    check,
    choose_environment,
    known_environments,
)
from ..heartbeat import conda_user_agent, prepare
from ..settings import explain_heartbeat, explain_telemetry, load
from .parser import add_environment, add_json, print_json, printable, table

#: Environments listed; `hooks --all` lists all of them.
MOST = 10

_DESCRIPTION = "Show which telemetry conda sends, and why."

_EPILOG = """\
examples:
  anaconda-anon-usage
  anaconda-anon-usage --name myenv --json

The status names the file, line or variable that decides each setting. Set
ANACONDA_ANON_USAGE_DEBUG=1 to print every decision to stderr.

exit status: 0 success; 1 failure; 2 invalid command line; 130 interrupted
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments to a parser."""
    parser.description = _DESCRIPTION
    parser.epilog = _EPILOG
    add_environment(parser)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print the status and return the exit status.

    Args:
        options: the arguments that add_arguments() adds.

    Raises:
        NoSuchEnvironment: the command line names an environment that does not exist.
    """
    prefix = choose_environment(options.name, options.prefix)
    settings = load(prefix)
    telemetry = explain_telemetry(settings)
    heartbeat = explain_heartbeat(settings)
    planned = prepare(prefix, settings)
    user_agent = conda_user_agent(prefix, settings)
    scripts = [
        check(known) for known in known_environments(settings.root_prefix, settings.envs_dirs)
    ]
    url = redact(planned.url) if planned.url else None
    if options.json:
        print_json(
            {
                "version": __version__,
                "telemetry": telemetry.as_json(),
                "heartbeat": heartbeat.as_json(),
                "url": url,
                "obstacle": planned.obstacle,
                "user_agent": user_agent,
                "prefix": prefix,
                "environments": [found._asdict() for found in scripts],
            }
        )
        return 0
    rows = [("telemetry:", str(telemetry)), ("heartbeat:", str(heartbeat))]
    if heartbeat.value:
        obstacle = planned.obstacle
        rows.append(("not sent:", obstacle) if obstacle else ("sent to:", url))
    else:
        rows += [("problem:", problem) for problem in settings.connection.problems]
    with_script = [
        found for found in scripts if found.state in (CURRENT, OUTDATED, MODIFIED, PACKAGE)
    ]
    rows += [
        ("User-Agent:", user_agent),
        ("environment:", prefix),
        ("activation script:", f"in {len(with_script)} of {len(scripts)} environments"),
    ]
    print("\n".join([table(rows), *_listing(scripts, with_script, bool(heartbeat.value))]))
    return 0


def _listing(scripts: list[Hooks], with_script: list[Hooks], wanted: bool) -> list[str]:
    """Return lines with the environments that have the script, and how to add it to others.

    Args:
        scripts: the state of all environments.
        with_script: those that have the script.
        wanted: whether heartbeats are on.
    """
    notes = {OUTDATED: " (another version)", MODIFIED: " (modified)"}
    lines = [
        f"  {printable(found.prefix)}{notes.get(found.state, '')}" for found in with_script[:MOST]
    ]
    if len(with_script) > MOST:
        lines.append(f"  and {len(with_script) - MOST} more: anaconda-anon-usage hooks --all")
    if wanted and any(found.state not in (CURRENT, PACKAGE) for found in scripts):
        lines.append("for the others: anaconda-anon-usage hooks --install --all")
    return lines

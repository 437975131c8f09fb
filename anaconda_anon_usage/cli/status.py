"""The state of it all, short: what is on and who decided it, what is sent, and from where."""

from __future__ import annotations

import argparse

from .. import __version__, heartbeat
from .. import activation_scripts as hooks
from .. import settings as configuration
from ..activation_scripts import CURRENT, MODIFIED, OUTDATED, PACKAGE, Hooks, environments
from ..heartbeat.user_agent import of_conda
from ..settings import explanation
from ..settings.explanation import Explanation
from . import output
from . import parser as command_line

EPILOG = """\
Without a command it prints what is on and what decides it: a file and its line, or a
variable; the User-Agent of conda's requests; and the environments with the activation
script, which sends the heartbeat.

Each command has a --help of its own. ANACONDA_ANON_USAGE_DEBUG=1 has every decision
explained on stderr.

exit status: 0 it was printed; 1 it could not be printed; 2 the command line is wrong;
130 it was interrupted.
"""

#: Environments that are listed; `hooks --all` lists the others, too.
MOST = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the status to a parser."""
    parser.description = "Show what telemetry conda sends, and why."
    parser.epilog = EPILOG
    environments.add_arguments(parser)
    command_line.add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print the state and return the exit status.

    Args:
        options: the arguments that add_arguments() adds.

    Raises:
        environments.NoSuchEnvironment: the command line names one.
    """
    prefix = environments.chosen(options.name, options.prefix)
    settings = configuration.load(prefix)
    telemetry = explanation.telemetry(settings)
    beat = explanation.heartbeat(settings)
    planned = heartbeat.prepare(prefix, settings)
    of_requests = of_conda(prefix, settings)
    scripts = [
        hooks.check(known) for known in environments.known(settings.root_prefix, settings.envs_dirs)
    ]
    if options.json:
        output.print_json(
            {
                "version": __version__,
                "telemetry": telemetry.as_json(),
                "heartbeat": beat.as_json(),
                "url": planned.url,
                "obstacle": planned.obstacle,
                "user_agent": of_requests,
                "prefix": prefix,
                "environments": [found._asdict() for found in scripts],
            }
        )
        return 0
    rows = [("telemetry:", _painted(telemetry)), ("heartbeat:", _painted(beat))]
    if beat.value:
        obstacle = planned.obstacle
        rows.append(("not sent:", obstacle) if obstacle else ("sent to:", planned.url))
    rows += [
        ("User-Agent:", of_requests),
        ("environment:", prefix),
        ("activation script:", _summary(scripts)),
    ]
    print("\n".join([output.table(rows), *_listing(scripts, bool(beat.value))]))
    return 0


def _painted(found: Explanation) -> str:
    return f"{output.paint(found.state, found.state)} ({found.reason})"


def _summary(scripts: list[Hooks]) -> str:
    return f"in {len(_holding(scripts))} of {len(scripts)} environments"


def _listing(scripts: list[Hooks], wanted: bool) -> list[str]:
    """Return lines with the environments that hold the script, and how others get it.

    Args:
        scripts: the state of all environments.
        wanted: whether the heartbeat is on.
    """
    holding = _holding(scripts)
    notes = {OUTDATED: " (of another version)", MODIFIED: " (modified)"}
    lines = [f"  {found.prefix}{notes.get(found.state, '')}" for found in holding[:MOST]]
    if len(holding) > MOST:
        lines.append(f"  and {len(holding) - MOST} more: anaconda-anon-usage hooks --all")
    if wanted and any(found.state not in (CURRENT, PACKAGE) for found in scripts):
        lines.append("for the others: anaconda-anon-usage hooks --install --all")
    return lines


def _holding(scripts: list[Hooks]) -> list[Hooks]:
    return [found for found in scripts if found.state in (CURRENT, OUTDATED, MODIFIED, PACKAGE)]

"""The activation scripts by hand: show, install and remove them, in one or all environments."""

from __future__ import annotations

import argparse

from ..activation_scripts import (
    BLOCKED,
    CURRENT,
    MISSING,
    OUTDATED,
    PACKAGE,
    Hooks,
    check,
    choose_environment,
    install,
    known_environments,
    remove,
)
from ..settings import load
from .parser import add_environment, add_json, print_json

_DESCRIPTION = """\
Show, install or remove the activation scripts. Only an environment that holds them sends a
heartbeat when it is activated, and only while the setting anaconda_heartbeat is on.
"""

_EPILOG = """\
states: current; outdated (the scripts of another version); missing; package (the package
itself is installed there and brings its own); blocked (for the reason that is told).

exit status: 0 it was done everywhere; 1 it could not be done somewhere; 2 the command line
is wrong.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments to a parser."""
    parser.description = _DESCRIPTION
    parser.epilog = _EPILOG
    action = parser.add_mutually_exclusive_group()
    for name, summary in (
        ("status", "show which environments hold the scripts (the default)"),
        ("install", "put the scripts into environments, or bring them up to date"),
        ("remove", "take away the scripts that --install put there"),
    ):
        action.add_argument(
            f"--{name}", dest="action", action="store_const", const=name, help=summary
        )
    parser.set_defaults(action="status")
    add_environment(parser, with_all=True)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Do what the command line says and return the exit status.

    Args:
        options: the arguments that add_arguments() adds.

    Raises:
        NoSuchEnvironment: the command line names one.
    """
    if options.all:
        settings = load()
        prefixes = known_environments(settings.root_prefix, settings.envs_dirs)
    else:
        prefixes = [choose_environment(options.name, options.prefix)]
    actions = {"status": check, "install": install, "remove": remove}
    done = [actions[options.action](prefix) for prefix in prefixes]
    if options.json:
        print_json([found._asdict() for found in done])
    else:
        print(table(done))
    wanted = {
        "status": {CURRENT, MISSING, PACKAGE, OUTDATED, BLOCKED},
        "install": {CURRENT, PACKAGE},
        "remove": {MISSING, PACKAGE},
    }[options.action]
    return 0 if all(found.state in wanted for found in done) else 1


def table(found: list[Hooks]) -> str:
    """Return the states of environments as a table with a heading."""
    rows = [
        ("environment", "state", "reason"),
        *((h.prefix, h.state, h.reason or "") for h in found),
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    lines = (
        f"{prefix:{widths[0]}}  {state:{widths[1]}}  {reason}".rstrip()
        for prefix, state, reason in rows
    )
    return "\n".join(lines)

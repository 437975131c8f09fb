"""``anaconda-anon-usage hooks``: show, install and remove the activation scripts."""

from __future__ import annotations

import argparse
import functools

from ..activation_scripts import (
    BLOCKED,
    MODIFIED,
    Hooks,
    check,
    choose_environment,
    install,
    known_environments,
    remove,
)
from ..settings import load
from .parser import FAILED, WrongCommandLine, add_environment, add_json, print_json, printable

_DESCRIPTION = """\
Show, install or remove the activation scripts. An environment sends a heartbeat when it is
activated only if it has these scripts and the setting anaconda_heartbeat is on.
"""

_EPILOG = """\
states: current; outdated (scripts of another version); missing; modified (scripts with local
changes, which only --install --force overwrites); package (the package itself is installed
there and brings its own scripts); blocked (see the reason).

exit status: 0 success; 1 an environment is modified or blocked, so that scripts were not
installed or not removed; 2 invalid command line.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments to a parser."""
    parser.description = _DESCRIPTION
    parser.epilog = _EPILOG
    action = parser.add_mutually_exclusive_group()
    for name, summary in (
        ("status", "show which environments have the scripts (the default)"),
        ("install", "install or update the scripts"),
        ("remove", "remove the scripts that --install or conda put there"),
    ):
        action.add_argument(
            f"--{name}", dest="action", action="store_const", const=name, help=summary
        )
    parser.set_defaults(action="status")
    parser.add_argument(
        "--force", action="store_true", help="with --install, overwrite modified scripts"
    )
    add_environment(parser, with_all=True)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Run the command and return the exit status.

    Args:
        options: the arguments that add_arguments() adds.

    Raises:
        NoSuchEnvironment: no such environment.
        WrongCommandLine: --force without --install.
    """
    if options.force and options.action != "install":
        raise WrongCommandLine("--force requires --install")
    if options.all:
        settings = load()
        prefixes = known_environments(settings.root_prefix, settings.envs_dirs)
    else:
        prefixes = [choose_environment(options.name, options.prefix)]
    action = {
        "status": check,
        "install": functools.partial(install, force=options.force),
        "remove": remove,
    }[options.action]
    done = [action(prefix) for prefix in prefixes]
    if options.json:
        print_json([found._asdict() for found in done])
    else:
        print(table(done))
    failed = options.action != "status" and any(h.state in (MODIFIED, BLOCKED) for h in done)
    return FAILED if failed else 0


def table(found: list[Hooks]) -> str:
    """Return the states of environments as a table with a heading."""
    rows = [
        ("environment", "state", "reason"),
        *((printable(h.prefix), h.state, printable(h.reason or "")) for h in found),
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    lines = (
        f"{prefix:{widths[0]}}  {state:{widths[1]}}  {reason}".rstrip()
        for prefix, state, reason in rows
    )
    return "\n".join(lines)

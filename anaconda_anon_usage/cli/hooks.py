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

_DESCRIPTION = "Show, install or remove the activation scripts, which send heartbeats."

_EPILOG = """\
examples:
  anaconda-anon-usage hooks --all
  anaconda-anon-usage hooks --install --name myenv

states:
  current   all scripts are installed and up to date
  outdated  scripts are missing or come from another version
  missing   no scripts are installed
  modified  a script has local changes, which only --install --force overwrites
  package   the environment contains the package, which has the scripts
  blocked   scripts cannot be installed or removed; see the reason

exit status: 0 success; 1 a modified or blocked environment was left; 2 invalid command line
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

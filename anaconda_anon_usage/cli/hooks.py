"""``anaconda-anon-usage hooks``: show, install and remove the activation scripts."""

from __future__ import annotations

import argparse
import functools

from ..activation_scripts import (
    BLOCKED,
    MODIFIED,
    check,
    choose_environment,
    install,
    known_environments,
    remove,
)
from ..settings import load
from .parser import FAILED, WrongCommandLine, add_environment, add_json, print_json, table

DESCRIPTION = "Show, install or remove the activation scripts, which send heartbeats."

EPILOG = """\
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
    group = parser.add_mutually_exclusive_group()
    for function, name, summary in (
        (check, "--status", "show which environments have the scripts (the default)"),
        (install, "--install", "install or update the scripts"),
        (remove, "--remove", "remove the scripts that --install or conda put there"),
    ):
        group.add_argument(name, dest="action", action="store_const", const=function, help=summary)
    parser.set_defaults(action=check)
    force = "with --install, overwrite modified scripts"
    parser.add_argument("--force", action="store_true", help=force)
    add_environment(parser, with_all=True)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Show, install or remove the scripts."""
    action = options.action
    if options.force:
        if action is not install:
            raise WrongCommandLine("--force requires --install")
        action = functools.partial(install, force=True)
    if options.all:
        settings = load()
        prefixes = known_environments(settings.root_prefix, settings.envs_dirs)
    else:
        prefixes = [choose_environment(options.name, options.prefix)]
    done = [action(prefix) for prefix in prefixes]
    if options.json:
        print_json([found._asdict() for found in done])
    else:
        rows = [(found.prefix, found.state, found.reason or "") for found in done]
        print(table([("environment", "state", "reason"), *rows], gap=2))
    failed = action is not check and any(found.state in (MODIFIED, BLOCKED) for found in done)
    return FAILED if failed else 0

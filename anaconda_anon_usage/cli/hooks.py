"""``anaconda-anon-usage hooks``: show, install and remove the activation scripts."""

from __future__ import annotations

import argparse
import functools

from .. import activation_scripts as scripts
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

exit status: 0 success; 1 an environment is still modified or blocked; 2 invalid command line
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments to a parser."""
    group = parser.add_mutually_exclusive_group()
    for function, name, summary in (
        (scripts.check, "--status", "show which environments have the scripts (the default)"),
        (scripts.install, "--install", "install or update the scripts"),
        (scripts.remove, "--remove", "remove the scripts that --install or conda added"),
    ):
        group.add_argument(name, dest="action", action="store_const", const=function, help=summary)
    parser.set_defaults(action=scripts.check)
    force = "with --install, overwrite modified scripts"
    parser.add_argument("--force", action="store_true", help=force)
    add_environment(parser, with_all=True)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Show, install or remove the scripts."""
    action = options.action
    if options.force:
        if action is not scripts.install:
            raise WrongCommandLine("--force requires --install")
        action = functools.partial(scripts.install, force=True)
    if options.all:
        settings = load()
        prefixes = scripts.known_environments(settings.root_prefix, settings.envs_dirs)
    else:
        prefixes = [scripts.choose_environment(options.name, options.prefix)]
    done = [action(prefix) for prefix in prefixes]
    if options.json:
        print_json([found._asdict() for found in done])
    else:
        rows = [(found.prefix, found.state, found.reason or "") for found in done]
        print(table([("environment", "state", "reason"), *rows], gap=2))
    bad = [found for found in done if found.state in (scripts.MODIFIED, scripts.BLOCKED)]
    return FAILED if bad and action is not scripts.check else 0

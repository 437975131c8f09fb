"""``anaconda-anon-usage deploy``: write or remove an administrator's configuration."""

from __future__ import annotations

import argparse
import os
import re

from .. import deploy
from ..settings import WrongValue, heartbeat_value
from ..tokens import is_token, random_token
from .parser import FAILED, WrongCommandLine, print_error

DESCRIPTION = "Turn on telemetry and heartbeats for all users of this machine, and lock both."

EPILOG = f"""\
examples:
  anaconda-anon-usage deploy --org-token acme --dry-run
  anaconda-anon-usage deploy --undo

files in {deploy.system_directory()} (no other condarc is edited):
  condarc.d/anaconda-anon-usage.yml  both settings with #!final, and automatic updates
  org_token, machine_token           tokens to send with each request

A token is 1 to 36 characters from A-Z a-z 0-9 _ -. Use the same org_token on all machines.

exit status: 0 done, or nothing to do; 1 failed; 2 invalid command line
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments to a parser."""
    add = parser.add_argument
    for name, metavar, summary in (
        ("--heartbeat", "VALUE", "on (default), off, or a full http(s) URL"),
        ("--org-token", "VALUE", "the organization's token, or random; default: none"),
        ("--machine-token", "VALUE", "the machine's token; default: random (--root: none)"),
        ("--root", "DIR", "write below DIR, like DESTDIR, for packages and images"),
    ):
        add(name, metavar=metavar, help=summary)
    for name, summary in (
        ("--no-auto-update", "do not set aggressive_update_packages"),
        ("--force", "replace edited files, and tokens not written by deploy, after copying them"),
        ("--undo", "remove the files that deploy wrote"),
        ("--dry-run", "print the files and write nothing"),
    ):
        add(name, action="store_true", help=summary)


def run(options: argparse.Namespace) -> int:
    """Write or remove the configuration, or print what would change."""
    heartbeat, tokens = _wanted(options)
    make_token = (lambda: "(a random token)") if options.dry_run else random_token
    try:
        if options.undo:
            steps, left = deploy.plan_undo(options.root)
        else:
            wanted = (heartbeat, tokens, not options.no_auto_update, options.force)
            steps, left = deploy.plan(options.root, *wanted, make_token), []
        if not options.dry_run:
            deploy.apply(options.root, steps)
    except deploy.CannotDeploy as error:
        print_error(error)
        return FAILED
    for action, name, content in steps:
        path = os.path.join(deploy.system_directory(options.root), *name.split("/"))
        past = {"write": "wrote", "copy": "copied"}.get(action, action.rstrip("e") + "ed")
        print(f"would {action} {path}" if options.dry_run else f"{past} {path}")
        if options.dry_run and content:
            # The hash of a random token is not known yet.
            text = re.sub(r"\b[0-9a-f]{64}\b", "(hash)", content.decode())
            print(re.sub("^", "  ", text.rstrip(), flags=re.MULTILINE))
    for line in left if steps or left else ["nothing to do"]:
        print(line)
    return 0


def _wanted(options: argparse.Namespace) -> tuple[bool | str, dict[str, str]]:
    """Check the options; return the heartbeat's value, and tokens by file name."""
    tokens = {"org_token": options.org_token, "machine_token": options.machine_token}
    given = [*tokens.values(), options.heartbeat, options.force or options.no_auto_update or None]
    if options.undo and given != [None] * 4:
        raise WrongCommandLine("with --undo, only --root and --dry-run are allowed")
    if "" in (options.root, options.heartbeat):
        raise WrongCommandLine("--root and --heartbeat must not be empty")
    for name, value in tokens.items():
        if value is not None and not is_token(value):
            problem = f"not 1 to 36 characters from A-Z a-z 0-9 _ -: {value!r}"
            raise WrongCommandLine(f"--{name.replace('_', '-')}: {problem}")
    if options.root is None and options.machine_token is None:
        tokens["machine_token"] = deploy.RANDOM
    try:
        heartbeat = options.heartbeat is None or heartbeat_value(options.heartbeat)
    except WrongValue as error:
        raise WrongCommandLine(f"--heartbeat: {error}") from None
    return heartbeat, {name: value for name, value in tokens.items() if value not in (None, "none")}

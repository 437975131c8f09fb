"""Write an administrator's configuration, or show what that would change."""

from __future__ import annotations

import argparse
import difflib
import os

from .. import deploy, deploy_files, deploy_record, deploy_undo
from ..deploy import RANDOM, Wanted
from ..deploy_files import CannotDeploy, Plan
from ..settings import WrongValue, heartbeat_value
from ..tokens import is_token, random_token
from . import parser as command_line

_DESCRIPTION = """\
Switch telemetry and heartbeats on for everybody on this machine, and lock them.

Writes into the system's conda directory, {directory}:
  condarc        anaconda_anon_usage and anaconda_heartbeat, with the #!final that no user
                 can overrule; and aggressive_update_packages, so that each `conda update`
                 and `conda install` brings this package up to date. Where that list is
                 new, it also names what conda has there by default.
  org_token      which organization this is
  machine_token  which machine this is
An existing condarc, or .condarc if there is one, keeps all of its other lines. A record,
{record}, says what was changed.
"""

_EPILOG = """\
A token is 1 to 36 of A-Z a-z 0-9 _ - and is sent with each request. An organization wants
the same org_token on all of its machines: `anaconda-anon-usage tokens --random` makes one.

examples:
  anaconda-anon-usage deploy --org-token VALUE --dry-run
  anaconda-anon-usage deploy --org-token VALUE
  anaconda-anon-usage deploy --org-token VALUE --root build/package
  anaconda-anon-usage deploy --undo

exit status: 0 it is done, or would be; 1 it could not be done; 2 the command line is wrong.
"""

# The word for a token that is not to be written.
_NONE = "none"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments to a parser."""
    parser.description = _DESCRIPTION.format(
        directory=deploy.system_directory(), record=deploy_record.NAME
    )
    parser.epilog = _EPILOG
    parser.add_argument(
        "--heartbeat",
        metavar="VALUE",
        help="on (the default), off, or the full URL that heartbeats go to instead",
    )
    parser.add_argument(
        "--org-token",
        metavar="VALUE",
        help="the organization's token; 'random' makes one unless there is one. Without this "
        "option, or with 'none', org_token is left as it is",
    )
    parser.add_argument(
        "--machine-token",
        metavar="VALUE",
        help="the machine's token; 'random' (the default) makes one unless there is one; "
        "'none' leaves machine_token as it is, which is the default with --root: no two "
        "machines must get the same",
    )
    parser.add_argument(
        "--replace",
        action="store_true",
        help="replace the tokens that are there by those that the options above give",
    )
    parser.add_argument(
        "--root",
        metavar="DIR",
        help=f"write below DIR, as DESTDIR does: to DIR{_below_root()}; for packages and images",
    )
    parser.add_argument(
        "--undo",
        action="store_true",
        help="take back what deploy has written, but for what somebody has changed since",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="show the changes as a diff and write nothing"
    )


def run(options: argparse.Namespace) -> int:
    """Do what the command line says and return the exit status.

    Args:
        options: the arguments that add_arguments() adds.

    Raises:
        command_line.WrongCommandLine: its options don't go together.
    """
    wrong = _wrong(options)
    if wrong:
        raise command_line.WrongCommandLine(wrong)
    directory = deploy.system_directory(options.root)
    try:
        if options.undo:
            plan = deploy_undo.plan_undo(directory)
        else:
            # A dry run shows no token that will not be the one.
            make_token = (lambda: "(a random token)") if options.dry_run else random_token
            plan = deploy.plan(directory, _wanted(options), make_token)
        if not options.dry_run:
            deploy_files.apply(directory, plan)
    except CannotDeploy as error:
        command_line.print_error(error)
        return command_line.FAILED
    said = _diff(plan) if options.dry_run else _done(plan)
    print("\n".join([*said, *plan.notes] if plan.writes else [*plan.notes, "nothing to do"]))
    return 0


def _wrong(options: argparse.Namespace) -> str | None:
    """Return what is wrong with a command line, in one line, or None."""
    tokens = _tokens(options)
    if options.undo and (tokens or options.replace or options.heartbeat is not None):
        return "--undo takes back everything, and goes with --root and --dry-run only"
    if options.root == "":
        return "--root: no directory is named"
    if options.replace and not tokens:
        return "--replace goes with --org-token or --machine-token"
    for name, value in tokens.items():
        if not is_token(value):
            option = name.replace("_", "-")
            return f"--{option}: not 1 to 36 of A-Z a-z 0-9 _ -: {value!r}"
    try:
        if options.heartbeat is not None and not options.heartbeat.strip():
            return "--heartbeat: no value is given"
        heartbeat_value(options.heartbeat)
    except WrongValue as error:
        return f"--heartbeat: {error}"
    return None


def _tokens(options: argparse.Namespace) -> dict[str, str]:
    """Return the tokens that the command line gives, by the names of their files."""
    given = {"org_token": options.org_token, "machine_token": options.machine_token}
    return {name: value for name, value in given.items() if value is not None}


def _wanted(options: argparse.Namespace) -> Wanted:
    tokens = _tokens(options)
    replace = tuple(tokens) if options.replace else ()
    if options.root is None:
        tokens.setdefault("machine_token", RANDOM)
    tokens = {name: value for name, value in tokens.items() if value != _NONE}
    heartbeat = True if options.heartbeat is None else heartbeat_value(options.heartbeat)
    return Wanted(
        heartbeat if isinstance(heartbeat, str) else str(heartbeat).lower(),
        tokens.get("org_token"),
        tokens.get("machine_token"),
        replace,
    )


def _diff(plan: Plan) -> list[str]:
    """Return the changes as a unified diff, without the record of them."""
    lines: list[str] = []
    for path, before, after, _ in plan.writes:
        if os.path.basename(path) != deploy_record.NAME:
            lines += difflib.unified_diff(
                _lines(before),
                _lines(after),
                os.devnull if before is None else path,
                os.devnull if after is None else path,
                lineterm="",
            )
    return lines


def _lines(content: bytes | None) -> list[str]:
    """Return lines as a diff has them, with its remark where the last one has no end."""
    if not content:
        return []
    *lines, last = content.decode("utf-8").split("\n")
    return [*lines, last + "\n\\ No newline at end of file"] if last else lines


def _done(plan: Plan) -> list[str]:
    lines = []
    for path, before, after, _ in plan.writes:
        what = "wrote" if before is None else "removed" if after is None else "changed"
        lines.append(f"{what} {path}")
    return list(dict.fromkeys(lines))


def _below_root() -> str:
    return deploy.system_directory(os.sep)[len(os.path.abspath(os.sep)) - 1 :]

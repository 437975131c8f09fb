"""The commands ``aau-report collect``, ``forget`` and ``expire``."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from ..arguments import add_parsing
from ..grammar import is_token
from ..output.escape import printable
from ..output.progress import Progressing
from ..reading import Options, Reading
from .collect import Collecting, collect
from .forget import expire, forget_client, forget_key

#: The names of the commands. Logs with these names need a path such as ``./collect``.
COMMANDS = ("collect", "forget", "expire")


def run(arguments: Sequence[str]) -> None:
    """Run a command.

    Args:
        arguments: Its name and its arguments.

    Raises:
        ReadingError: It failed.
    """
    options = make_parser().parse_args(arguments)
    sys.stdout.write(printable(options.action(options)) + "\n")


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the three commands."""
    parser = argparse.ArgumentParser(prog="aau-report")
    commands = parser.add_subparsers(required=True)
    _add_collect(commands.add_parser("collect", help="add the new lines of logs to a store"))
    _add_forget(commands.add_parser("forget", help="remove a client's requests, or the key"))
    _add_expire(commands.add_parser("expire", help="remove old requests"))
    return parser


def _add_collect(parser: argparse.ArgumentParser) -> None:
    parser.description = "Add the new lines of logs to a store. Each request is counted once."
    parser.add_argument(
        "logs", nargs="+", metavar="LOG", help="a log, a directory of logs, or a pattern"
    )
    parser.add_argument(
        "--into",
        type=Path,
        required=True,
        metavar="DIR",
        help="the store, on a local file system; created if it does not exist",
    )
    add_parsing(parser)
    parser.add_argument(
        "--channel",
        action="append",
        default=[],
        metavar="NAME",
        help="never hide this channel; can be repeated",
    )
    parser.add_argument(
        "--accounts", action="store_true", help="also store accounts, as keyed hashes"
    )
    parser.add_argument(
        "--final",
        action="store_true",
        help="also collect a last line without a newline, because the log is complete",
    )
    parser.add_argument(
        "--source",
        default="",
        metavar="NAME",
        help="name of the server; needed if logs of several servers can begin with the same lines",
    )
    parser.add_argument(
        "--force", action="store_true", help="also collect logs that seem to be copies of others"
    )
    parser.set_defaults(action=_collect)


def _add_forget(parser: argparse.ArgumentParser) -> None:
    parser.description = "Remove the requests of a client, or the key that links clients to tokens."
    parser.add_argument("directory", type=Path, metavar="DIR", help="the store")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "--client",
        type=_token,
        metavar="TOKEN",
        help="remove all requests of this client; - reads the token from stdin",
    )
    what.add_argument(
        "--key",
        action="store_true",
        help="remove the key; once the access logs are deleted, too, nobody can link what is stored "
        "to a token",
    )
    parser.set_defaults(action=_forget)


def _add_expire(parser: argparse.ArgumentParser) -> None:
    parser.description = "Remove the requests of old days."
    parser.add_argument("directory", type=Path, metavar="DIR", help="the store")
    parser.add_argument(
        "--older-than",
        type=_days,
        required=True,
        metavar="DAYS",
        help="age, such as 400d; the current UTC day and that many days before it are kept",
    )
    parser.set_defaults(action=_expire)


def _collect(options: argparse.Namespace) -> str:
    collecting = Collecting(
        parsing=Options(
            count_redirects=options.count_redirects,
            heartbeat_path=options.heartbeat_path,
            strip_prefix=tuple(options.strip_prefix or Options.strip_prefix),
            channels=tuple(options.channel),
        ),
        format=options.format,
        name=options.source,
        final=options.final,
        force=options.force,
        accounts=options.accounts,
        memory=options.memory,
    )
    with Progressing() as progress:
        reading = collect(
            options.into,
            options.logs,
            collecting,
            on_start=lambda reading: progress.start("collecting", reading.size),
            on_bytes=progress.advance,
        )
    return _summary(reading)


def _summary(reading: Reading) -> str:
    text = f"collected {reading.requests:,} requests"
    if reading.skipped:
        first = reading.skipped[0]
        text += (
            f", skipped {reading.lines_skipped:,} lines"
            f" (first: {first.file}:{first.line}: {first.reason})"
        )
    return text


def _forget(options: argparse.Namespace) -> str:
    if options.key:
        forget_key(options.directory)
        return "removed the key"
    return f"removed {forget_client(options.directory, options.client):,} requests"


def _expire(options: argparse.Namespace) -> str:
    return f"removed the requests of {expire(options.directory, options.older_than):,} days"


def _token(text: str) -> str:
    """Return a token, which stdin keeps out of the shell's history."""
    token = (sys.stdin.readline().strip() if text == "-" else text).removeprefix("c/")
    if not is_token(token):
        raise argparse.ArgumentTypeError("not a token")
    return token


def _days(text: str) -> int:
    if re.fullmatch(r"[0-9]{1,5}d", text) is None:
        raise argparse.ArgumentTypeError(f"invalid age {text!r} (use a number of days, as in 400d)")
    return int(text[:-1])

"""The tokens by hand: what is sent, what each token means, where each one comes from.

It obeys the settings as conda does: with telemetry switched off no token is made here
either, and none is shown.
"""

from __future__ import annotations

import argparse
import os

from .. import settings as configuration
from .. import tokens
from ..activation_scripts import environments
from ..settings import Settings, explanation
from ..tokens import account as anaconda_cloud
from ..tokens.catalog import FACTS, Fact
from ..tokens.grammar import is_token
from ..tokens.token_file import random_token
from . import output
from . import parser as command_line

#: What is in a place that a token can come from: a token that counts; something else, or
#: a token that another place outdoes; nothing.
USED, UNUSED, ABSENT = "used", "unused", "absent"

_DESCRIPTION = """\
Print the tokens that are appended to conda's User-Agent. Random tokens that do not exist
yet are made. With telemetry switched off there is only the version.
"""

_EPILOG = """\
exit status: 0 it was printed; 1 it could not be printed; 2 the command line is wrong.
"""

# The kinds of an administrator's tokens, as their files and variables call them.
_ADMINISTRATORS = {"i": "installer", "o": "org", "m": "machine"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments to a parser."""
    parser.description = _DESCRIPTION
    parser.epilog = _EPILOG
    environments.add_arguments(parser)
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--detail", action="store_true", help="print what each token means and what it comes from"
    )
    what.add_argument(
        "--paths",
        action="store_true",
        help="print the files and variables that tokens are read from, and make no token",
    )
    what.add_argument(
        "--random",
        action="store_true",
        help="print a fresh random token instead, fit for org_token or machine_token",
    )
    command_line.add_json(parser)


def main(arguments: list[str] | None = None) -> int:
    """Run ``python -m anaconda_anon_usage.tokens`` and return the exit status.

    Args:
        arguments: the command line without the program's name; by default that of the
            process.
    """
    parser = command_line.Parser(prog="python -m anaconda_anon_usage.tokens")
    add_arguments(parser)
    return command_line.run(parser, arguments, run)


def run(options: argparse.Namespace) -> int:
    """Do what the command line says and return the exit status.

    Args:
        options: the arguments that add_arguments() adds.

    Raises:
        environments.NoSuchEnvironment: the command line names one.
    """
    if options.random:
        _print_random(options.json)
        return 0
    prefix = None
    if options.name is not None or options.prefix is not None:
        prefix = environments.chosen(options.name, options.prefix)
    settings = configuration.load(prefix)
    if options.json:
        output.print_json(_as_json(prefix, settings))
    elif options.detail:
        print(_detail(prefix, settings))
    elif options.paths:
        print(_paths(prefix))
    else:
        print(tokens.token_string(prefix, settings.anon_usage))
    return 0


def sourced(fact: Fact, prefix: str | None) -> dict[str, str]:
    """Return the tokens of one kind, and where each comes from.

    A random token that does not exist yet is made.

    Args:
        fact: the kind of token.
        prefix: the environment's directory, as for tokens.environment_token().

    Returns:
        The token, and a file's path, a variable, or words for another place.
    """
    if fact.letter in _ADMINISTRATORS:
        return tokens.administrator_tokens(_ADMINISTRATORS[fact.letter], prefix)
    if fact.letter == "a":
        for place, key in anaconda_cloud.sources():
            token = anaconda_cloud.token_from_api_key(key())
            if token:
                return {token: _full(place)}
        return {}
    value, place = {
        "aau": lambda: (tokens.version_token(), fact.kept_in),
        "c": lambda: (tokens.client_token(), tokens.client_token_file()),
        "s": lambda: (tokens.session_token(), fact.kept_in),
        "e": lambda: (tokens.environment_token(prefix), tokens.environment_token_file(prefix)),
    }[fact.letter]()
    return {value: place} if value else {}


def places(fact: Fact, prefix: str | None) -> list[tuple[str, str]]:
    """Return where tokens of one kind are looked for, and what is there; nothing is made.

    Args:
        fact: the kind of token.
        prefix: the environment's directory, as for tokens.environment_token().

    Returns:
        A file's path, a variable, or words for another place; and USED, UNUSED or ABSENT.
    """
    if fact.letter in _ADMINISTRATORS:
        return [
            (place, USED if is_token(text) else _state(place))
            for place, text in tokens.administrator_sources(_ADMINISTRATORS[fact.letter], prefix)
        ]
    if fact.letter == "a":
        found = []
        for place, key in anaconda_cloud.sources():
            # What comes behind the place that counts is not asked: it may be a keyring.
            decided = any(state == USED for _, state in found)
            used = not decided and anaconda_cloud.token_from_api_key(key())
            found.append((_full(place), USED if used else _state(_full(place))))
        return found
    if fact.letter in ("c", "e"):
        is_client = fact.letter == "c"
        path = tokens.client_token_file() if is_client else tokens.environment_token_file(prefix)
        return [(path, USED if os.path.lexists(path) else ABSENT)] if path else []
    return [(fact.kept_in, USED)]


def _print_random(as_json: bool) -> None:
    token = random_token()
    if as_json:
        output.print_json({"random": token})
    else:
        print(token)


def _state(place: str) -> str:
    """Return whether something is in a place that gives no token."""
    present = os.path.lexists(place) if os.path.isabs(place) else os.environ.get(place)
    return UNUSED if present else ABSENT


def _full(place: str) -> str:
    return os.path.expanduser(os.path.expandvars(place))


def _as_json(prefix: str | None, settings: Settings) -> dict:
    return {
        "telemetry": explanation.telemetry(settings).as_json(),
        "token_string": tokens.token_string(prefix, settings.anon_usage),
        "tokens": [
            {
                **fact._asdict(),
                "values": [
                    {"value": value, "source": source}
                    for value, source in _sent(fact, prefix, settings).items()
                ],
                "places": [
                    {"place": place, "state": state} for place, state in places(fact, prefix)
                ],
            }
            for fact in FACTS
        ],
    }


def _sent(fact: Fact, prefix: str | None, settings: Settings) -> dict[str, str]:
    """Return the tokens of one kind that are sent under these settings, as sourced() does."""
    return sourced(fact, prefix) if settings.anon_usage or fact.letter == "aau" else {}


def _detail(prefix: str | None, settings: Settings) -> str:
    blocks = []
    if not settings.anon_usage:
        reason = explanation.telemetry(settings)
        blocks.append(f"telemetry is {reason}: only the version is sent")
    for fact in FACTS:
        for value, source in (_sent(fact, prefix, settings) or {None: None}).items():
            blocks.append(
                output.paint(f"{fact.letter}/{value or ''}", "heading")
                + ("\n" if value else " is not sent\n")
                + output.table(
                    [
                        ("  identifies", fact.identifies),
                        ("  anonymous", fact.anonymous),
                        ("  lasts", fact.lifetime),
                        ("  comes from", source or fact.kept_in),
                    ],
                    gap=2,
                )
            )
    return "\n\n".join(blocks)


def _paths(prefix: str | None) -> str:
    rows = []
    for fact in FACTS:
        letter = f"{fact.letter}/"
        for place, state in places(fact, prefix):
            if fact.letter in _ADMINISTRATORS and os.path.isabs(place) and state == ABSENT:
                continue  # dozens, and all in the directories below
            rows.append((letter, place + _remark(fact, place, state)))
            letter = ""
    directories = "\n".join(f"  {path}" for path in tokens.administrator_directories(prefix))
    names = ", ".join(f"{kind}_token" for kind in _ADMINISTRATORS.values())
    return f"{output.table(rows, gap=2)}\n\n{names} can also lie in:\n{directories}"


def _remark(fact: Fact, place: str, state: str) -> str:
    if state == USED:
        return ""
    if fact.letter in ("c", "e"):
        return "  (made when it is needed)"
    if state == ABSENT:
        return "  (absent)" if os.path.isabs(place) else "  (not set)"
    if fact.letter == "a":
        return "  (not used)"
    return "  (not sent: not 1 to 36 of A-Z a-z 0-9 _ -)"

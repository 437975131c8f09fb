"""Print the tokens, what they identify and where they come from.

Like conda, this command obeys the settings: if telemetry is off, it creates and prints no
token.
"""

from __future__ import annotations

import argparse
import os

from ..activation_scripts import choose_environment
from ..settings import Settings, explain_telemetry, load
from ..tokens import (
    CATALOG,
    TokenKind,
    administrator_sources,
    administrator_token_directories,
    administrator_tokens,
    client_token,
    client_token_file,
    environment_token,
    environment_token_file,
    is_token,
    key_sources,
    random_token,
    session_token,
    token_from_api_key,
    token_string,
    version_token,
)
from .parser import add_environment, add_json, print_json, table

#: The state of a place that a token can come from: its token is used; it is invalid, or
#: another place overrides it; there is none.
USED, UNUSED, ABSENT = "used", "unused", "absent"

_DESCRIPTION = "Print the tokens that are appended to conda's User-Agent."

_EPILOG = """\
examples:
  anaconda-anon-usage tokens --detail
  anaconda-anon-usage tokens --paths --name myenv

Missing random tokens are created. If telemetry is off, only the version is printed.

exit status: 0 success; 1 failure; 2 invalid command line
"""

# The kinds of administrators' tokens, as in the names of their files and variables.
_ADMINISTRATORS = {"i": "installer", "o": "org", "m": "machine"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments to a parser."""
    parser.description = _DESCRIPTION
    parser.epilog = _EPILOG
    add_environment(parser)
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--detail", action="store_true", help="print what each token identifies and its source"
    )
    what.add_argument(
        "--paths",
        action="store_true",
        help="print the files and variables that are read; create no token",
    )
    what.add_argument(
        "--random",
        action="store_true",
        help="print a new random token, for org_token or machine_token",
    )
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print the tokens and return the exit status.

    Args:
        options: the arguments that add_arguments() adds.

    Raises:
        NoSuchEnvironment: the command line names an environment that does not exist.
    """
    if options.random:
        _print_random(options.json)
        return 0
    prefix = None
    if options.name is not None or options.prefix is not None:
        prefix = choose_environment(options.name, options.prefix)
    settings = load(prefix)
    if options.json:
        print_json(_as_json(prefix, settings))
    elif options.detail:
        print(_detail(prefix, settings))
    elif options.paths:
        print(_paths(prefix))
    else:
        print(token_string(prefix, settings.anon_usage))
    return 0


def sourced(kind: TokenKind, prefix: str | None) -> dict[str, str]:
    """Return the tokens of one kind and their sources, whatever the settings are.

    A random token that does not exist yet is created.

    Args:
        kind: the kind of token.
        prefix: the environment's directory, as for tokens.environment_token().

    Returns:
        The tokens, and for each a file's path, a variable or a description.
    """
    if kind.letter in _ADMINISTRATORS:
        return administrator_tokens(_ADMINISTRATORS[kind.letter], prefix, enabled=True)
    if kind.letter == "a":
        for place, key in key_sources():
            token = token_from_api_key(key())
            if token:
                return {token: _full(place)}
        return {}
    value, place = {
        "aau": lambda: (version_token(), kind.kept_in),
        "c": lambda: (client_token(enabled=True), client_token_file()),
        "s": lambda: (session_token(enabled=True), kind.kept_in),
        "e": lambda: (environment_token(prefix, enabled=True), environment_token_file(prefix)),
    }[kind.letter]()
    return {value: place} if value else {}


def places(kind: TokenKind, prefix: str | None) -> list[tuple[str, str]]:
    """Return the places that tokens of one kind can come from, without creating a token.

    Args:
        kind: the kind of token.
        prefix: the environment's directory, as for tokens.environment_token().

    Returns:
        A file's path, a variable or a description; and USED, UNUSED or ABSENT.
    """
    if kind.letter in _ADMINISTRATORS:
        return [
            (place, USED if is_token(text) else _state(place))
            for place, text in administrator_sources(_ADMINISTRATORS[kind.letter], prefix)
        ]
    if kind.letter == "a":
        found = []
        for place, key in key_sources():
            # Places after the one that is used are not read: one may be a keyring.
            decided = any(state == USED for _, state in found)
            used = not decided and token_from_api_key(key())
            found.append((_full(place), USED if used else _state(_full(place))))
        return found
    if kind.letter in ("c", "e"):
        is_client = kind.letter == "c"
        path = client_token_file() if is_client else environment_token_file(prefix)
        return [(path, USED if os.path.lexists(path) else ABSENT)] if path else []
    return [(kind.kept_in, USED)]


def _print_random(as_json: bool) -> None:
    token = random_token()
    if as_json:
        print_json({"random": token})
    else:
        print(token)


def _state(place: str) -> str:
    """Return the state of a place that has no valid token."""
    present = os.path.lexists(place) if os.path.isabs(place) else os.environ.get(place)
    return UNUSED if present else ABSENT


def _full(place: str) -> str:
    return os.path.expanduser(os.path.expandvars(place))


def _as_json(prefix: str | None, settings: Settings) -> dict:
    return {
        "telemetry": explain_telemetry(settings).as_json(),
        "token_string": token_string(prefix, settings.anon_usage),
        "tokens": [
            {
                **kind._asdict(),
                "values": [
                    {"value": value, "source": source}
                    for value, source in _sent(kind, prefix, settings).items()
                ],
                "places": [
                    {"place": place, "state": state} for place, state in places(kind, prefix)
                ],
            }
            for kind in CATALOG
        ],
    }


def _sent(kind: TokenKind, prefix: str | None, settings: Settings) -> dict[str, str]:
    """Return the tokens of one kind that are sent with these settings, as sourced() does."""
    return sourced(kind, prefix) if settings.anon_usage or kind.letter == "aau" else {}


def _detail(prefix: str | None, settings: Settings) -> str:
    blocks = []
    if not settings.anon_usage:
        reason = explain_telemetry(settings)
        blocks.append(f"telemetry is {reason}: only the version is sent")
    for kind in CATALOG:
        for value, source in (_sent(kind, prefix, settings) or {None: None}).items():
            blocks.append(
                f"{kind.letter}/{value or ''}"
                + ("\n" if value else " is not sent\n")
                + table(
                    [
                        ("  identifies", kind.identifies),
                        ("  anonymous", kind.anonymous),
                        ("  lasts", kind.lifetime),
                        ("  comes from", source or kind.kept_in),
                    ],
                    gap=2,
                )
            )
    return "\n\n".join(blocks)


def _paths(prefix: str | None) -> str:
    rows = []
    for kind in CATALOG:
        letter = f"{kind.letter}/"
        for place, state in places(kind, prefix):
            if kind.letter in _ADMINISTRATORS and os.path.isabs(place) and state == ABSENT:
                continue  # there are dozens, all in the directories below
            rows.append((letter, place + _remark(kind, place, state)))
            letter = ""
    directories = "\n".join(f"  {path}" for path in administrator_token_directories(prefix))
    names = ", ".join(f"{kind}_token" for kind in _ADMINISTRATORS.values())
    return f"{table(rows, gap=2)}\n\n{names} are also read from:\n{directories}"


def _remark(kind: TokenKind, place: str, state: str) -> str:
    if state == USED:
        return ""
    if kind.letter in ("c", "e"):
        return "  (created when it is needed)"
    if state == ABSENT:
        return "  (absent)" if os.path.isabs(place) else "  (not set)"
    if kind.letter == "a":
        return "  (not used)"
    return "  (not sent: not 1 to 36 of A-Z a-z 0-9 _ -)"

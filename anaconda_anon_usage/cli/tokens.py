"""``anaconda-anon-usage tokens``: print the tokens and their sources."""

from __future__ import annotations

import argparse
import functools
import os
from typing import NamedTuple

from .. import tokens
from ..activation_scripts import choose_environment
from ..settings import Settings, load
from .parser import add_environment, add_json, print_json, table

#: The state of a token's source: its token is used; its token is invalid or another source
#: overrides it; it has none.
USED, UNUSED, ABSENT = "used", "unused", "absent"

DESCRIPTION = "Print the tokens that are appended to conda's User-Agent."

EPILOG = """\
examples:
  anaconda-anon-usage tokens --detail
  anaconda-anon-usage tokens --paths --name myenv

Missing random tokens are created. If telemetry is off, only the version is printed.

exit status: 0 success; 1 failure; 2 invalid command line
"""

# The kinds of administrators' tokens, as in the names of their files and variables.
_ADMINISTRATORS = {"i": "installer", "o": "org", "m": "machine"}


class Source(NamedTuple):
    """A source of a token: a file's path, a variable or a description."""

    name: str
    state: str
    value: str = ""  # of a valid token


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's arguments to a parser."""
    add_environment(parser)
    keyring = "do not look for the login of an Anaconda account, and omit its token"
    parser.add_argument("--no-keyring", action="store_true", help=keyring)
    add = parser.add_mutually_exclusive_group().add_argument
    add("--detail", action="store_true", help="print what each token identifies and its source")
    paths = "print the files and variables that are read; create no token"
    add("--paths", action="store_true", help=paths)
    value = "print a new random token, for org_token or machine_token"
    add("--random", action="store_true", help=value)
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print the tokens."""
    if options.random:
        token = tokens.random_token()
        print_json({"random": token}) if options.json else print(token)
        return 0
    prefix = None
    if options.name is not None or options.prefix is not None:
        prefix = choose_environment(options.name, options.prefix)
    settings = load(prefix)
    account = not options.no_keyring
    string = functools.partial(tokens.token_string, prefix, bool(settings.anon_usage), account)
    kinds = [kind for kind in tokens.CATALOG if account or kind.letter != "a"]
    if options.json:
        print_json({**_as_json(kinds, prefix, settings), "token_string": string()})
    elif options.detail:
        print(_detail(kinds, prefix, settings))
    elif options.paths:
        print(_paths(kinds, prefix))
    else:
        print(string())
    return 0


def sources(kind: tokens.TokenKind, prefix: str | None, enabled: bool) -> list[Source]:
    """Return the possible sources of one kind of token, in order of precedence.

    A missing random token is created only if enabled.
    """
    if kind.letter in _ADMINISTRATORS:
        texts = tokens.administrator_sources(_ADMINISTRATORS[kind.letter], prefix)
        return [_source(name, text if tokens.is_token(text) else None) for name, text in texts]
    if kind.letter == "a":
        found: list[Source] = []
        for name, key in tokens.key_sources():
            # Sources after the one that is used are not read: one may be a keyring.
            decided = any(source.value for source in found)
            name = os.path.expanduser(os.path.expandvars(name))
            found.append(_source(name, None if decided else tokens.token_from_api_key(key())))
        return found
    if kind.letter in ("c", "e"):
        if kind.letter == "c":
            value, path = tokens.client_token(enabled), tokens.client_token_file()
        else:
            value = tokens.environment_token(prefix, enabled)
            path = tokens.environment_token_file(prefix)
        return [Source(path, USED if os.path.lexists(path) else ABSENT, value)] if path else []
    value = tokens.version_token() if kind.letter == "aau" else tokens.session_token(enabled)
    return [Source(kind.kept_in, USED, value)]


def _source(name: str, value: str | None) -> Source:
    if value:
        return Source(name, USED, value)
    present = os.path.lexists(name) if os.path.isabs(name) else os.environ.get(name)
    return Source(name, UNUSED if present else ABSENT)


def _sent(kind: tokens.TokenKind, found: list[Source], enabled: bool) -> dict[str, str]:
    """Return the distinct tokens of one kind that are sent, and the first source of each."""
    sent: dict[str, str] = {}
    for source in found:
        if source.value and (enabled or kind.letter == "aau"):
            sent.setdefault(source.value, source.name)
    return sent


def _as_json(
    kinds: list[tokens.TokenKind], prefix: str | None, settings: Settings
) -> dict[str, object]:
    enabled = bool(settings.anon_usage)
    described = []
    for kind in kinds:
        found = sources(kind, prefix, enabled)
        sent = _sent(kind, found, enabled).items()
        described.append(
            {
                **kind._asdict(),
                "values": [{"value": value, "source": source} for value, source in sent],
                "sources": [{"source": source.name, "state": source.state} for source in found],
            }
        )
    return {"telemetry": settings.anon_usage_decision.as_json(), "tokens": described}


def _detail(kinds: list[tokens.TokenKind], prefix: str | None, settings: Settings) -> str:
    enabled = bool(settings.anon_usage)
    blocks = []
    if not enabled:
        reason = settings.anon_usage_decision
        blocks.append(f"telemetry is {reason}: only the version is sent")
    for kind in kinds:
        sent = _sent(kind, sources(kind, prefix, enabled), enabled)
        for value, source in (sent or {"": kind.kept_in}).items():
            facts = [
                ("  identifies", kind.identifies),
                ("  content", kind.content),
                ("  lasts", kind.lifetime),
                ("  comes from", source),
            ]
            heading = f"{kind.letter}/{value or ' is not sent'}"
            blocks.append(f"{heading}\n{table(facts, gap=2)}")
    return "\n\n".join(blocks)


def _paths(kinds: list[tokens.TokenKind], prefix: str | None) -> str:
    rows = []
    for kind in kinds:
        letter = f"{kind.letter}/"
        for source in sources(kind, prefix, enabled=False):
            is_absent = source.state == ABSENT and os.path.isabs(source.name)
            if is_absent and kind.letter in _ADMINISTRATORS:
                continue  # there are dozens, all in the directories below
            rows.append((letter, source.name + _remark(kind, source)))
            letter = ""
    directories = "\n".join(f"  {path}" for path in tokens.administrator_token_directories(prefix))
    names = ", ".join(f"{kind}_token" for kind in _ADMINISTRATORS.values())
    return f"{table(rows, gap=2)}\n\n{names} are also read from:\n{directories}"


def _remark(kind: tokens.TokenKind, source: Source) -> str:
    if source.state == USED:
        return ""
    if kind.letter in ("c", "e"):
        return "  (created when needed)"
    if source.state == ABSENT:
        return "  (absent)" if os.path.isabs(source.name) else "  (not set)"
    invalid = "not sent: not 1 to 36 characters from A-Z a-z 0-9 _ -"
    return f"  ({'not used' if kind.letter == 'a' else invalid})"

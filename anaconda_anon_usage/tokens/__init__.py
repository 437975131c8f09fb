"""What is appended to conda's User-Agent: each token, and the string they make.

Importable in any environment, without conda and without anything outside the standard
library, so that every client (conda, the heartbeat, other tools) sends the same tokens.

What each of them means is told by token_facts.py.
"""

from __future__ import annotations

import atexit
import functools
import os
import sys
from collections import namedtuple
from collections.abc import Iterator

from .. import __version__
from .._common import (
    active_prefix,
    guarded,
    is_environment,
    lazy,
    read_token_text,
    root_prefix,
    say,
)
from .binding import machine_identity
from .grammar import TOKEN_STRING, is_token
from .token_file import TOKEN_LENGTH, TokenFile, random_token

TYPE_CHECKING = False  # typing.TYPE_CHECKING without importing typing
if TYPE_CHECKING:
    from .account import key_sources, token_from_api_key
    from .catalog import CATALOG, TokenKind

__all__ = [
    "CATALOG",
    "TOKEN_LENGTH",
    "TOKEN_STRING",
    "TokenKind",
    "Tokens",
    "administrator_sources",
    "administrator_token_directories",
    "administrator_tokens",
    "all_tokens",
    "anaconda_auth_token",
    "client_token",
    "client_token_file",
    "environment_token",
    "environment_token_file",
    "installer_tokens",
    "is_token",
    "key_sources",
    "machine_tokens",
    "organization_tokens",
    "random_token",
    "session_token",
    "token_from_api_key",
    "token_string",
    "version_token",
]

__getattr__ = lazy(
    __name__,
    {"account": ("key_sources", "token_from_api_key"), "catalog": ("CATALOG", "TokenKind")},
)

#: All tokens of one process; a str or None each, and lists from ``installer`` on.
Tokens = namedtuple(
    "Tokens",
    "version client session environment anaconda_cloud installer organization machine",
)

# Of this process and of those that it was forked from, by process id.
_session_tokens: dict[int, str] = {}

# Environments that did not exist yet when their token was asked for.
_unwritten: dict[str, str] = {}


def version_token() -> str:
    """Return the version of this package, which is sent even when telemetry is off."""
    return __version__


def client_token() -> str | None:
    """Return the random token of this user on this machine, made once.

    Returns:
        22 characters; None if it can be neither read nor written.
    """
    path = client_token_file()
    return _client_token(path) if path else None


def client_token_file() -> str | None:
    """Return where the client token is kept, made or not; None for a user without a home."""
    home = os.path.expanduser("~")
    if not os.path.isabs(home) or not os.path.isdir(home):
        return None
    return os.path.join(home, ".conda", "aau_token")


def session_token() -> str:
    """Return the random token of this process: 22 characters, kept in memory only."""
    # A forked process is a session of its own. Unlike a cache, setdefault() gives the same
    # token to threads that ask at the same moment.
    return _session_tokens.setdefault(os.getpid(), random_token())


def environment_token(prefix: str | None = None) -> str | None:
    """Return the random token of an environment, made once.

    An environment that conda is only about to create is not touched: its token is used
    now and written when this process ends, if the environment exists by then.

    Args:
        prefix: the environment's directory; by default the activated one, else the one
            that this Python runs in.

    Returns:
        22 characters; None if it can be neither read nor written.
    """
    target = _target(prefix)
    if target is None:
        return None
    if is_environment(target) and target not in _unwritten:
        return _environment_token(target)
    say(f"{target}: no environment yet; its token is written when this process ends")
    if not _unwritten:
        atexit.register(_write_environment_tokens)
    return _unwritten.setdefault(target, random_token())


def environment_token_file(prefix: str | None = None) -> str | None:
    """Return where an environment's token is kept, made or not.

    Args:
        prefix: the environment's directory, as for environment_token().

    Returns:
        The path; None without an environment.
    """
    target = _target(prefix)
    return _file_in(target) if target else None


def anaconda_auth_token() -> str | None:
    """Return the token of the logged-in Anaconda user, or None if nobody is.

    Returns:
        The 16 bytes of the account's UUID in URL-safe base64, 22 characters.
    """
    from .account import account_token

    return account_token()


def installer_tokens(prefix: str | None = None) -> list[str]:
    """Return the tokens of installers, from ``installer_token`` files."""
    return list(administrator_tokens("installer", prefix))


def organization_tokens(prefix: str | None = None) -> list[str]:
    """Return the tokens of the organization, from ``org_token`` files."""
    return list(administrator_tokens("org", prefix))


def machine_tokens(prefix: str | None = None) -> list[str]:
    """Return the tokens of the machine, from ``machine_token`` files."""
    return list(administrator_tokens("machine", prefix))


def administrator_tokens(kind: str, prefix: str | None = None) -> dict[str, str]:
    """Return the distinct valid tokens of one kind, and where each comes from.

    Args:
        kind: ``installer``, ``org`` or ``machine``.
        prefix: the environment, as for administrator_sources().

    Returns:
        The token and its source, the environment variable's first.
    """
    found: dict[str, str] = {}
    for source, token in administrator_sources(kind, prefix):
        if is_token(token):
            say(f"{source}: its token is sent")
            found.setdefault(token, source)
        elif token:
            say(f"{source}: not 1 to 36 of A-Z a-z 0-9 _ -, so it is not sent")
    return found


def administrator_sources(kind: str, prefix: str | None = None) -> Iterator[tuple[str, str]]:
    """Yield every place that a token of one kind can stand in, and what stands there.

    Args:
        kind: ``installer``, ``org`` or ``machine``.
        prefix: the environment whose directory ends the search path; by default the
            activated one.

    Yields:
        The variable or the file, and its first line that is not blank, which need not
        be a token; an empty text where there is nothing.
    """
    name = f"{kind}_token"
    variable = f"ANACONDA_ANON_USAGE_{name.upper()}"
    yield variable, _first_line(os.environ.get(variable, ""))
    for directory in administrator_token_directories(prefix):
        for file_name in (name, "." + name):
            path = os.path.join(directory, file_name)
            # Some editors begin a file with a byte order mark.
            yield path, _first_line((read_token_text(path) or "").lstrip("\ufeff"))


def administrator_token_directories(prefix: str | None = None) -> list[str]:
    """Return the directories that administrators' tokens can lie in.

    Args:
        prefix: the environment, as for administrator_sources().
    """
    from ..settings import search_directories

    return search_directories(prefix or active_prefix(), root_prefix())


def all_tokens(prefix: str | None = None) -> Tokens:
    """Return every token; one that fails is None or empty, and never an exception.

    Args:
        prefix: the environment's directory, as for environment_token().
    """
    return Tokens(
        version=version_token(),
        client=guarded(client_token, None),
        session=guarded(session_token, None),
        environment=guarded(functools.partial(environment_token, prefix), None),
        anaconda_cloud=guarded(anaconda_auth_token, None),
        installer=guarded(functools.partial(installer_tokens, prefix), []),
        organization=guarded(functools.partial(organization_tokens, prefix), []),
        machine=guarded(functools.partial(machine_tokens, prefix), []),
    )


def token_string(prefix: str | None = None, enabled: bool = True) -> str:
    """Return what is appended to the User-Agent.

    Args:
        prefix: the environment's directory, as for environment_token().
        enabled: the setting ``anaconda_anon_usage``; where it is false nothing is read
            or written, and the string names only this package's version.

    Returns:
        ``aau/<version>`` and, when enabled, the tokens that there are, each with its
        letter, in the order ``c s e a i o m``. It always matches grammar.TOKEN_STRING.
    """
    parts = [f"aau/{version_token()}"]
    if enabled:
        tokens = all_tokens(prefix)
        for letter, values in (
            ("c", [tokens.client]),
            ("s", [tokens.session]),
            ("e", [tokens.environment]),
            ("a", [tokens.anaconda_cloud]),
            ("i", tokens.installer),
            ("o", tokens.organization),
            ("m", tokens.machine),
        ):
            parts += [f"{letter}/{value}" for value in values if is_token(value)]
    return " ".join(parts)


@functools.cache
def _client_token(path: str) -> str | None:
    file = TokenFile(os.path.dirname(path), "", "aau_token_host", machine_identity(), 0o600)
    return file.read_or_create()


@functools.cache
def _environment_token(prefix: str, proposed: str | None = None) -> str | None:
    place = os.path.normcase(os.path.realpath(prefix))
    # Readable by everyone who can read the environment, for they share the token.
    mode = 0o600 | (os.stat(prefix).st_mode & 0o444)
    return TokenFile(prefix, "etc", "aau_token_prefix", place, mode).read_or_create(proposed)


def _target(prefix: str | None) -> str | None:
    """Return the environment that is meant, which may be about to be created, or None."""
    target = os.path.abspath(prefix or active_prefix() or sys.prefix)
    if is_environment(target):
        return target
    # Without a prefix nothing is activated, and this Python runs outside of conda; and
    # where it runs, no environment is about to be created.
    return target if prefix and target != os.path.abspath(sys.prefix) else None


def _file_in(prefix: str) -> str:
    return os.path.join(prefix, "etc", "aau_token")


def _write_environment_tokens() -> None:
    for prefix, token in _unwritten.items():
        if is_environment(prefix):
            guarded(functools.partial(_environment_token, prefix, token), None)


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.split("\n") if line.strip()), "")

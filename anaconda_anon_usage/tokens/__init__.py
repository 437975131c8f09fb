"""The tokens that are appended to conda's User-Agent, and the string that they form.

This module needs neither conda nor anything else outside the standard library, so that
every client (conda, the heartbeat, other tools) sends the same tokens.
catalog.py describes each token.

All functions that return tokens obey the setting ``anaconda_anon_usage``, its locks and
DO_NOT_TRACK: if telemetry is off, they read and write no token and return an empty value.
Only the version is always sent. Two arguments are common to these functions:

    prefix: the environment's directory; by default the activated one, else the one that
        this Python runs in.
    enabled: whether telemetry is on, for a caller that has decided already; by default
        what the settings say.

A random token has 22 characters, and is an empty string if it can be neither read nor
written.
"""

from __future__ import annotations

import atexit
import os
import sys
from collections import namedtuple
from collections.abc import Iterator
from functools import cache, partial

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
from .token_file import TokenFile, random_token, random_token_in

TYPE_CHECKING = False  # typing.TYPE_CHECKING without importing typing
if TYPE_CHECKING:
    from .account import key_sources, token_from_api_key
    from .catalog import CATALOG, TokenKind

__all__ = [
    "CATALOG", "TOKEN_STRING", "TokenKind", "Tokens", "administrator_sources",
    "administrator_token_directories", "administrator_tokens", "all_tokens",
    "anaconda_auth_token", "client_token", "client_token_file", "environment_token",
    "environment_token_file", "installer_tokens", "is_token", "key_sources", "machine_tokens",
    "organization_tokens", "random_token", "random_token_in", "session_token", "token_from_api_key",
    "token_string", "version_token",
]  # fmt: skip

__getattr__ = lazy(
    __name__,
    {"account": ("key_sources", "token_from_api_key"), "catalog": ("CATALOG", "TokenKind")},
)


class Tokens(
    namedtuple(  # typing.NamedTuple would import typing
        "Tokens",
        "version client session environment anaconda_cloud installer organization machine",
    )
):
    """All tokens of one process."""

    __slots__ = ()
    version: str
    client: str
    session: str
    environment: str
    anaconda_cloud: str
    installer: list[str]
    organization: list[str]
    machine: list[str]


# Of this process and of those that it was forked from, by process id.
_session_tokens: dict[int, str] = {}

# Environments that did not exist yet when their token was asked for.
_unwritten: dict[str, str] = {}


def version_token() -> str:
    """Return the version of this package, which is sent even if telemetry is off."""
    return __version__


def client_token(enabled: bool | None = None) -> str:
    """Return the random token of this user on this machine, creating it if needed."""
    path = client_token_file() if _is_enabled(None, enabled) else None
    return (_client_token(path) if path else None) or ""


def client_token_file() -> str | None:
    """Return the path of the client token, which may not exist yet; None without a home."""
    home = os.path.expanduser("~")
    if not os.path.isabs(home) or not os.path.isdir(home):
        return None
    return os.path.join(home, ".conda", TokenFile.name)


def session_token(enabled: bool | None = None) -> str:
    """Return the random token of this process, which is kept in memory only."""
    if not _is_enabled(None, enabled):
        return ""
    # A forked process is a session of its own. Unlike a cache, setdefault() returns the
    # same token to threads that ask at the same moment.
    return _session_tokens.setdefault(os.getpid(), random_token())


def environment_token(prefix: str | None = None, enabled: bool | None = None) -> str:
    """Return the random token of an environment, creating it if needed.

    An environment that conda is about to create is not touched: its token is used now and
    written when this process ends, if the environment exists by then.
    """
    target = _target(prefix) if _is_enabled(prefix, enabled) else None
    if target is None:
        return ""
    if is_environment(target) and target not in _unwritten:
        return _environment_token(target) or ""
    say(f"{target}: not an environment yet; its token is written when this process ends")
    if not _unwritten:
        atexit.register(_write_environment_tokens)
    return _unwritten.setdefault(target, random_token())


def environment_token_file(prefix: str | None = None) -> str | None:
    """Return the path of an environment's token, which may not exist yet, or None."""
    target = _target(prefix)
    return os.path.join(target, "etc", TokenFile.name) if target else None


def anaconda_auth_token(enabled: bool | None = None) -> str:
    """Return the token of the Anaconda account that the user is logged in to.

    Returns:
        The 16 bytes of the account's UUID in URL-safe base64, 22 characters; or ``""`` if
        nobody is logged in.
    """
    if not _is_enabled(None, enabled):
        return ""
    from .account import account_token

    return account_token() or ""


def installer_tokens(prefix: str | None = None, enabled: bool | None = None) -> list[str]:
    """Return the tokens of installers, as administrator_tokens() finds them."""
    return list(administrator_tokens("installer", prefix, enabled))


def organization_tokens(prefix: str | None = None, enabled: bool | None = None) -> list[str]:
    """Return the tokens of the organization, as administrator_tokens() finds them."""
    return list(administrator_tokens("org", prefix, enabled))


def machine_tokens(prefix: str | None = None, enabled: bool | None = None) -> list[str]:
    """Return the tokens of the machine, as administrator_tokens() finds them."""
    return list(administrator_tokens("machine", prefix, enabled))


def administrator_tokens(
    kind: str, prefix: str | None = None, enabled: bool | None = None
) -> dict[str, str]:
    """Return the distinct valid tokens of one kind, and the source of each.

    Args:
        kind: ``installer``, ``org`` or ``machine``.
        prefix, enabled: as in the module docstring.

    Returns:
        The tokens and their sources, the environment variable's first.
    """
    found: dict[str, str] = {}
    if not _is_enabled(prefix, enabled):
        return found
    for source, token in administrator_sources(kind, prefix):
        if is_token(token):
            say(f"{source}: its token is sent")
            found.setdefault(token, source)
        elif token:
            say(f"{source}: not 1 to 36 characters from A-Z a-z 0-9 _ -, so it is not sent")
    return found


def administrator_sources(kind: str, prefix: str | None = None) -> Iterator[tuple[str, str]]:
    """Yield every source of a token of one kind, and its text, whatever the settings are.

    Args:
        kind: ``installer``, ``org`` or ``machine``.
        prefix: the environment that ends the search path; by default the activated one.

    Yields:
        The variable or the file, and its first line that is not blank, which may be an
        invalid token; an empty text if there is none.
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
    """Return the directories that administrator_sources() searches."""
    from ..settings import search_directories

    return search_directories(prefix or active_prefix(), root_prefix())


def all_tokens(
    prefix: str | None = None, enabled: bool | None = None, account: bool = True
) -> Tokens:
    """Return every token; one that fails is empty, and no exception is raised.

    Args:
        prefix, enabled: as in the module docstring.
        account: whether to look for the login of an Anaconda account.
    """
    enabled = _is_enabled(prefix, enabled)
    return Tokens(
        version=version_token(),
        client=guarded(partial(client_token, enabled), ""),
        session=guarded(partial(session_token, enabled), ""),
        environment=guarded(partial(environment_token, prefix, enabled), ""),
        anaconda_cloud=guarded(partial(anaconda_auth_token, enabled and account), ""),
        installer=guarded(partial(installer_tokens, prefix, enabled), []),
        organization=guarded(partial(organization_tokens, prefix, enabled), []),
        machine=guarded(partial(machine_tokens, prefix, enabled), []),
    )


def token_string(
    prefix: str | None = None, enabled: bool | None = None, account: bool = True
) -> str:
    """Return what is appended to the User-Agent.

    Args:
        prefix, enabled, account: as in all_tokens().

    Returns:
        ``aau/<version>`` and, if telemetry is on, the tokens that exist, each with its
        letter, in the order of ``Tokens``. It always matches TOKEN_STRING.
    """
    version, *tokens = all_tokens(prefix, enabled, account)
    parts = [f"aau/{version}"]
    for letter, found in zip("cseaiom", tokens):
        values = found if isinstance(found, list) else [found]
        parts += [f"{letter}/{value}" for value in values if is_token(value)]
    return " ".join(parts)


def _is_enabled(prefix: str | None, enabled: bool | None) -> bool:
    """Return whether telemetry is on, by a decision made once per process and prefix."""
    if enabled is not None:
        return enabled
    return guarded(partial(_setting, prefix), False)


def _setting(prefix: str | None) -> bool:
    from ..settings import load_once  # may fail, for example after the package is removed

    return load_once(prefix).anon_usage


@cache
def _client_token(path: str) -> str | None:
    names = {"sidecar": "aau_token_binding", "foreign_sidecar": "aau_token_host"}
    file = TokenFile(os.path.dirname(path), "", identity=machine_identity(), mode=0o600, **names)
    return file.read_or_create()


@cache
def _environment_token(prefix: str, proposed: str | None = None) -> str | None:
    identity = os.path.normcase(os.path.realpath(prefix))
    # Readable by everyone who can read the environment, for they share the token.
    mode = 0o600 | (os.stat(prefix).st_mode & 0o444)
    return TokenFile(prefix, "etc", "aau_token_prefix", identity, mode).read_or_create(proposed)


def _target(prefix: str | None) -> str | None:
    """Return the environment, which may be about to be created, or None."""
    target = os.path.abspath(prefix or active_prefix() or sys.prefix)
    if is_environment(target):
        return target
    # Without a prefix, nothing is activated and this Python runs outside of conda. Its own
    # prefix is not about to be created either.
    return target if prefix and target != os.path.abspath(sys.prefix) else None


def _write_environment_tokens() -> None:
    for prefix, token in _unwritten.items():
        if is_environment(prefix):
            guarded(partial(_environment_token, prefix, token), None)


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.split("\n") if line.strip()), "")

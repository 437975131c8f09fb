"""The table of tokens and what they mean, for the command line and the documentation.

It is a module of its own so that conda's commands, which only send tokens, need not load it.
"""

from __future__ import annotations

from typing import NamedTuple

from .. import __version__

_RANDOM = "random, pseudonymous"
_CHOSEN = "chosen by an administrator"
_UNTIL_DELETED = "until the file is deleted; a copy elsewhere gets a new token"
_UNTIL_CHANGED = "until the file or variable is changed"


class TokenKind(NamedTuple):
    """A kind of token."""

    letter: str  # precedes the value
    name: str  # the field in tokens.Tokens
    identifies: str
    kept_in: str
    lifetime: str
    content: str
    example: str


#: In the order in which they are sent.
CATALOG = (
    TokenKind("aau", "version", "the version of this package", "this package",
              "until the package is updated", "a version number", f"aau/{__version__}"),
    TokenKind("c", "client", "a user on a machine", "~/.conda/aau_token",
              _UNTIL_DELETED, _RANDOM, "c/UJngfYjkhNCv0HPEitrFWA"),
    TokenKind("s", "session", "one process", "memory",
              "until the process ends", _RANDOM, "s/QbCqO9cvBJKxZoy3Aqy3IQ"),
    TokenKind("e", "environment", "an environment", "<prefix>/etc/aau_token",
              _UNTIL_DELETED, _RANDOM, "e/HDfhBoBzq-fiMJfah4DysQ"),
    TokenKind("a", "anaconda_cloud", "the Anaconda account you are logged in to",
              "your anaconda-auth login",
              "as long as the account exists; sent only while the login is valid",
              "the account's ID", "a/ABEiM0RVZneImaq7zN3u_w"),
    TokenKind("i", "installer", "the installer that was used",
              "installer_token files, ANACONDA_ANON_USAGE_INSTALLER_TOKEN",
              _UNTIL_CHANGED, _CHOSEN, "i/acme-2026-11"),
    TokenKind("o", "organization", "an organization",
              "org_token files, ANACONDA_ANON_USAGE_ORG_TOKEN",
              _UNTIL_CHANGED, _CHOSEN, "o/acme"),
    TokenKind("m", "machine", "a machine",
              "machine_token files, ANACONDA_ANON_USAGE_MACHINE_TOKEN",
              _UNTIL_CHANGED, _CHOSEN, "m/build-07"),
)  # fmt: skip

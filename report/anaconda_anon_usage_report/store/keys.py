"""Which secrets hide tokens and logs: two random keys in the store."""

from __future__ import annotations

import secrets
from pathlib import Path

from .files import write_file

#: Names of the files. Hashes of tokens and of logs have different keys, so that tokens can be
#: made unlinkable while logs that were already collected are still recognized.
TOKEN_KEY, LOG_KEY = "token-key", "log-key"

_LENGTH = 32


def read_key(path: Path) -> bytes | None:
    """Return the key in a file, or None if there is no file."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def new_key() -> bytes:
    """Return a random key."""
    return secrets.token_bytes(_LENGTH)


def read_or_create_key(path: Path) -> bytes:
    """Return the key in a file, which is created if it is missing.

    Args:
        path: The file. A run that is killed leaves either no file or a complete one.
    """
    key = read_key(path)
    if key is None:
        key = new_key()
        write_file(path, key)
    return key

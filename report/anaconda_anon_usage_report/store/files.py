"""How are files written? Whole or not at all, and readable only for their owner."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

#: The end of names of files that are being written.
UNFINISHED = ".new"


def write_file(path: Path, data: bytes) -> None:
    """Write or replace a file, so that it is always either the old one or the new one."""
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(8)}{UNFINISHED}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Wait until a file, or the names in a directory, are on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

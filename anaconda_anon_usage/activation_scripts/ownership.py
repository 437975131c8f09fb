"""Distinguish this installation's scripts, our copies of them, and other files.

Each copy has a marker line: a comment with the version and the SHA-256 of the rest of the
file. The hash decides who owns a file. If it matches, the file is ours and may be replaced
or removed. If it does not match, our file was modified. Without a marker, the file was not
installed by this package and is never changed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import sys
from collections import namedtuple

from .. import __version__
from .._common import Directory, read_bytes

#: Where the scripts are, and how their names begin. Activation scripts come last: they are
#: written after, and removed before, what they start.
FOLDERS = {
    "etc/conda/anon-usage": "heartbeat.",
    "etc/conda/deactivate.d": "anaconda-anon-usage.",
    "etc/conda/activate.d": "anaconda-anon-usage.",
}

# Found on any line: a line inserted above it is a modification like any other.
_MARKER = re.compile(rb"(?m)^(?:#|@rem) anaconda-anon-usage \S+ sha256:([0-9a-f]{64})\r?\n")

# Larger files are not read. Every script is less than a tenth of this size.
_SIZE_LIMIT = 64 * 1024

#: Files under our names: our copies and their contents, modified copies, and others.
Found = namedtuple("Found", "ours modified foreign")


def scripts() -> dict[str, bytes]:
    """Return the files that install() writes: relative paths and contents with markers."""
    found = {}
    for folder, start in FOLDERS.items():
        with contextlib.suppress(OSError):
            directory = os.path.join(sys.prefix, folder)
            for name in _names(sorted(os.listdir(directory)), start):
                content = read_bytes(os.path.join(directory, name), _SIZE_LIMIT)
                # A file with a marker is a leftover copy, older than this package.
                if not _MARKER.search(content):
                    found[f"{folder}/{name}"] = _marker(name, content) + content
    return found


def _marker(name: str, content: bytes) -> bytes:
    """Return the marker line for a copy of a script."""
    start, end = ("@rem", "\r\n") if name.endswith(".bat") else ("#", "\n")
    return f"{start} anaconda-anon-usage {__version__} sha256:{_hash(content)}{end}".encode()


def find(environment: Directory) -> Found:
    """Classify the files in an environment that have one of our names."""
    found = Found({}, [], [])
    for folder, start in FOLDERS.items():
        try:
            directory = environment.below(folder)
        except FileNotFoundError:
            continue
        with directory:
            for file_name in _names(directory.names(), start):
                _classify(found, directory, file_name, f"{folder}/{file_name}")
    return found


def _classify(found: Found, directory: Directory, file_name: str, name: str) -> None:
    try:
        content = directory.read(file_name, _SIZE_LIMIT)
    except OSError:
        content = b""
    marker = _MARKER.search(content)
    if not marker:
        found.foreign.append(name)
    elif _hash(content[: marker.start()] + content[marker.end() :]) == marker[1].decode():
        found.ours[name] = content
    else:
        found.modified.append(name)


def _names(names: list[str], start: str) -> list[str]:
    return [name for name in names if name.startswith(start) and not name.endswith(".tmp")]


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()

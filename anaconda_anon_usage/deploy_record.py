"""What ``deploy`` has written, kept beside it in a file, so that it can be taken back.

It holds the lines that were changed, before and after, and nothing else of an
administrator's files, which may hold passwords of channels. Its name is none that conda
reads as configuration.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

from ._common.files import read_bytes
from .condarc_edit import Change

#: The file's name.
NAME = "anaconda-anon-usage.deploy.json"

#: The names that a condarc and the files of tokens can have, in the directory of the file.
CONDARCS = (".condarc", "condarc")
TOKENS = ("org_token", ".org_token", "machine_token", ".machine_token")

_VERSION = 1

# Bytes that are read at most; what is ours in it is short.
_SIZE_LIMIT = 2**20


class WrongRecord(ValueError):
    """The record is not one that this version can read."""


@dataclass(frozen=True)
class CondarcRecord:
    """The changes of one condarc."""

    file: str
    #: Whether there was no such file.
    created: bool
    #: Of the whole file afterwards, to see whether somebody has changed it since.
    sha256: str
    changes: list[Change]


@dataclass(frozen=True)
class TokenRecord:
    """What one token's file held before, None where there was none, and after."""

    file: str
    before: str | None
    after: str


@dataclass(frozen=True)
class Record:
    """All that is to be taken back. Where there are two of one file, the newer is first."""

    #: How many directories were made, the one of the record included.
    directories: int = 0
    condarcs: list[CondarcRecord] = field(default_factory=list)
    tokens: list[TokenRecord] = field(default_factory=list)

    def encoded(self) -> bytes:
        """Return the content of the file."""
        content = {"version": _VERSION, **asdict(self)}
        for condarc in content["condarcs"]:
            condarc["changes"] = [Change(*change)._asdict() for change in condarc["changes"]]
        return (json.dumps(content, indent=1) + "\n").encode("ascii")


def read(directory: str) -> Record | None:
    """Return the record in a directory, or None if there is none.

    Raises:
        OSError: there is one that can't be read.
        WrongRecord: it is none that this version can read.
    """
    try:
        data = read_bytes(os.path.join(directory, NAME), _SIZE_LIMIT)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        content = json.loads(data)
        if content["version"] != _VERSION:
            raise ValueError("of another version")
        condarcs = [
            CondarcRecord(
                _one_of(CONDARCS, item["file"]),
                item["created"] is True,
                str(item["sha256"]),
                [_change(change) for change in item["changes"]],
            )
            for item in content["condarcs"]
        ]
        tokens = [
            TokenRecord(
                _one_of(TOKENS, item["file"]),
                None if item["before"] is None else str(item["before"]),
                str(item["after"]),
            )
            for item in content["tokens"]
        ]
        return Record(int(content["directories"]), condarcs, tokens)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise WrongRecord("not a record that this version can read") from error


def digest(data: bytes) -> str:
    """Return the SHA-256 of a file's content, in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def _one_of(names: Iterable[str], name: object) -> str:
    if name not in names:
        raise ValueError(name)
    return str(name)


def _change(content: dict) -> Change:
    return Change(
        str(content["key"]), int(content["start"]), str(content["before"]), str(content["after"])
    )

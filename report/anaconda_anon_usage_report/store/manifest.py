"""What does a store contain? One file lists it, and is replaced as a whole."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ..reading.sources import ReadingError
from .files import write_file
from .sources import Known

#: The name of the file, which also tells a store from a directory of logs.
NAME = "manifest.json"

_VERSION = 3


@dataclass(frozen=True)
class File:
    """A file of a store.

    Args:
        name: Its path below the store.
        day: UTC day of its requests; for hashes of lines, the last such day of the run.
    """

    name: str
    day: int


@dataclass(frozen=True)
class Manifest:
    """The contents of a store.

    Args:
        requests: Parquet files with requests.
        lines: Files with hashes of lines.
        sources: The logs.
        lines_read: Number of lines ever read.
        lines_skipped: Number of these that are no requests.
    """

    requests: tuple[File, ...] = ()
    lines: tuple[File, ...] = ()
    sources: tuple[Known, ...] = ()
    lines_read: int = 0
    lines_skipped: int = 0

    @property
    def names(self) -> set[str]:
        """Return the names of all files."""
        return {file.name for file in (*self.requests, *self.lines)}

    def since(self, day: int) -> Manifest:
        """Return the contents without what is older than a UTC day."""
        return replace(
            self,
            requests=tuple(file for file in self.requests if file.day >= day),
            lines=tuple(file for file in self.lines if file.day >= day),
            sources=tuple(known for known in self.sources if known.day >= day),
        )

    def save(self, directory: Path) -> None:
        """Replace the manifest of a store."""
        text = json.dumps({"version": _VERSION, **asdict(self)}, separators=(",", ":"))
        write_file(directory / NAME, text.encode())


def is_store(directory: Path) -> bool:
    """Return whether a directory is a store."""
    return (directory / NAME).is_file()


def load(directory: Path) -> Manifest:
    """Read the manifest of a store.

    Args:
        directory: The store. It is empty if it has no manifest.

    Raises:
        ReadingError: The manifest is invalid, or of another version.
    """
    path = directory / NAME
    try:
        return parse(path.read_bytes(), str(path))
    except FileNotFoundError:
        return Manifest()
    except OSError as error:
        raise ReadingError(f"cannot read {path}: {error.strerror}") from None


def parse(content: bytes, name: str) -> Manifest:
    """Parse a manifest.

    Args:
        content: The content of the file.
        name: Its path or URL.

    Raises:
        ReadingError: It is invalid, or of another version.
    """
    try:
        fields = json.loads(content)
        if fields.pop("version") == _VERSION:
            return Manifest(
                requests=tuple(File(**file) for file in fields.pop("requests")),
                lines=tuple(File(**file) for file in fields.pop("lines")),
                sources=tuple(Known(**known) for known in fields.pop("sources")),
                **fields,
            )
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ReadingError(f"{name}: invalid") from None
    raise ReadingError(f"{name}: written by another version of aau-report")

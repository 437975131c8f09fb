"""How is a store read and changed? Readers see it as it was before a change, or after it."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ..engine import Engine
from ..reading.sources import NO_INPUT, ReadingError
from ..schema import COUNTED, STORED
from .files import UNFINISHED, sync
from .locking import locked
from .manifest import File, Manifest, is_store, load

_REQUESTS, _LINES, _SCRATCH = "requests", "lines", "scratch-"

# Many queries need one kind only. Neighbors are similar, which makes files small. All other columns
# follow, so that nothing is left of the order of the log.
_FIRST = ("kind", "client", "session", "hour", "channel", "subdir", "file", "environment")
_ORDER = ", ".join(dict.fromkeys((*_FIRST, *STORED.names)))
# A dictionary of tokens that are only counted would be as long as the column.
_WITH_DICTIONARY = [
    f"{field.name}.list.element" if pa.types.is_list(field.type) else field.name
    for field in STORED
    if field.name not in COUNTED
]

_EPOCH = date(1970, 1, 1).toordinal()


class Store:
    """A store that this process may change.

    Args:
        directory: The store.

    Attributes:
        manifest: Its contents.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.manifest = load(directory)
        self._run = secrets.token_hex(8)

    def engine(self, memory: int) -> Engine:
        """Return an engine whose files are in the store."""
        return Engine(memory, self.directory, _SCRATCH)

    def write_requests(self, engine: Engine, query: str) -> list[File]:
        """Write requests in a file for each UTC day.

        Args:
            engine: The database.
            query: Its table, or a query in parentheses, with the columns of STORED.
        """
        days = engine.query(f"SELECT DISTINCT day FROM {query} ORDER BY day").read_all()
        files = []
        for day in days.column("day").to_pylist():
            name = f"{_REQUESTS}/{date.fromordinal(day + _EPOCH).isoformat()}/{self._run}.parquet"
            path = self.directory / name
            path.parent.mkdir(mode=0o700, exist_ok=True)
            rows = engine.query(f"SELECT * FROM {query} WHERE day = {day} ORDER BY {_ORDER}")
            with path.open("xb") as file:
                with pq.ParquetWriter(
                    file, STORED, compression="zstd", use_dictionary=_WITH_DICTIONARY
                ) as writer:
                    for batch in rows:
                        writer.write_batch(batch.cast(STORED))
                file.flush()
                os.fsync(file.fileno())
            sync(path.parent)
            files.append(File(name, day))
        sync(self.directory / _REQUESTS)
        return files

    def write_lines(self, hashes: bytes, day: int) -> list[File]:
        """Write hashes of lines, if there are any.

        Args:
            hashes: The hashes.
            day: UTC day of the last request of this run.
        """
        if not hashes:
            return []
        name = f"{_LINES}/{self._run}"
        path = self.directory / name
        with path.open("xb") as file:
            file.write(hashes)
            file.flush()
            os.fsync(file.fileno())
        sync(path.parent)
        return [File(name, day)]

    def commit(self, manifest: Manifest) -> None:
        """Make written files a part of the contents, and others no longer."""
        manifest.save(self.directory)
        self.manifest = manifest

    def clean(self) -> None:
        """Remove files that are not, or no longer, a part of the contents."""
        for path in self.directory.iterdir():
            if path.name.startswith(_SCRATCH):
                shutil.rmtree(path)
            elif path.name.endswith(UNFINISHED):
                path.unlink()
        known = {self.directory / name for name in self.manifest.names}
        for kind in (_REQUESTS, _LINES):
            files = [path for path in (self.directory / kind).rglob("*") if not path.is_dir()]
            left = [path for path in files if path not in known]
            if left:
                # Reports that read the manifest before may still need them.
                with locked(self.directory / _REQUESTS):
                    for path in left:
                        path.unlink()
        for path in (self.directory / _REQUESTS).iterdir():
            if not any(path.iterdir()):
                path.rmdir()


@contextlib.contextmanager
def changed(directory: Path, *, create: bool = False) -> Iterator[Store]:
    """Lock a store to change it.

    Args:
        directory: The store.
        create: Whether to create it if it does not exist.

    Raises:
        ReadingError: There is no store, or it cannot be created in the directory.
    """
    before = os.umask(0o077)
    try:
        if create:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        elif not is_store(directory):
            raise ReadingError(f"{directory}: no store", NO_INPUT)
        with locked(directory):
            if create and not is_store(directory):
                _create(directory)
            store = Store(directory)
            store.clean()  # after a run that was killed
            try:
                yield store
            finally:
                store.clean()
    finally:
        os.umask(before)


def _create(directory: Path) -> None:
    """Create an empty store, even if a run that did so was killed."""
    own = {_REQUESTS, _LINES}
    other = [path.name for path in directory.iterdir()]
    if any(name not in own and not name.endswith(UNFINISHED) for name in other):
        raise ReadingError(f"{directory}: neither a store nor empty", NO_INPUT)
    directory.chmod(0o700)
    for name in sorted(own):
        (directory / name).mkdir(mode=0o700, exist_ok=True)
    Manifest().save(directory)


@contextlib.contextmanager
def opened(directory: Path) -> Iterator[Manifest]:
    """Keep a store's files from being removed while they are read, and return its contents."""
    with locked(directory / _REQUESTS, shared=True):
        yield load(directory)


def paths(directory: Path, files: Iterable[File]) -> list[Path]:
    """Return the paths of files of a store."""
    return [directory / file.name for file in files]

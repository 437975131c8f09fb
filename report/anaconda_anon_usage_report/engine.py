"""Hold the requests in an embedded DuckDB database while a report is made."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from types import TracebackType

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa

from .schema import REQUESTS


class EngineError(Exception):
    """The engine cannot go on, for example because the disk is full."""


class Engine:
    """A database in a private temporary directory, which is removed at the end.

    Args:
        memory: The engine's share of memory in MB. It writes what exceeds it to disk.
    """

    def __init__(self, memory: int = 600) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="aau-report-"))
        try:
            self._connection = ibis.duckdb.connect(
                self.directory / "requests.duckdb",
                memory_limit=f"{memory}MB",
                temp_directory=str(self.directory / "spilled"),
                preserve_insertion_order=False,
                # DuckDB would download them.
                autoinstall_known_extensions=False,
                autoload_known_extensions=False,
            )
        except BaseException:
            self._remove()
            raise

    def __enter__(self) -> Engine:
        """Return the engine itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the database and remove its files."""
        self._connection.disconnect()
        self._remove()
        if isinstance(error, duckdb.Error):
            raise EngineError(str(error).partition("\n")[0]) from error

    def load(
        self, batches: Iterable[pa.RecordBatch], columns: Sequence[str] = REQUESTS.names
    ) -> ir.Table:
        """Store the batches and return the table of requests.

        Args:
            batches: Record batches with the columns of REQUESTS. Strings may be
                dictionary-encoded, in all batches alike.
            columns: The columns to store.

        Raises:
            Exception: Whatever the iteration raises.
        """
        failures: list[BaseException] = []
        iterator = iter(batches)
        try:
            first = next(iterator, None)
            if first is None:
                first = pa.RecordBatch.from_pylist([], REQUESTS)
            source = _kept(chain([first], iterator), failures)
            reader = pa.RecordBatchReader.from_batches(first.schema, source)
            cursor = self._connection.con
            cursor.register("batches", reader)
            try:
                cursor.execute(f"CREATE TABLE requests AS SELECT {', '.join(columns)} FROM batches")
            except duckdb.Error:
                # DuckDB turns an exception of the iteration into one of its own.
                if failures:
                    raise failures[0] from None
                raise
            cursor.unregister("batches")
            pa.default_memory_pool().release_unused()
        finally:
            if hasattr(iterator, "close"):
                iterator.close()
        return self._connection.table("requests")

    def _remove(self) -> None:
        shutil.rmtree(self.directory, ignore_errors=True)


def _kept(
    batches: Iterator[pa.RecordBatch], failures: list[BaseException]
) -> Iterator[pa.RecordBatch]:
    """Yield the batches, and keep the exception that ends them."""
    try:
        yield from batches
    except BaseException as error:
        failures.append(error)
        raise

"""Hold the requests in an embedded DuckDB database while a report is made."""

from __future__ import annotations

import glob
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Protocol

import duckdb
import ibis
import ibis.expr.types as ir
import pyarrow as pa

from .reading import Reading
from .schema import REQUESTS

#: The memory of DuckDB in MB, unless --memory says otherwise. Python and what DuckDB does not count
#: need up to 600 MB more, so that all of it fits in 1 GB.
MEMORY = 400

#: Rows of a batch of a result, and so of a row group of Parquet.
_BATCH = 122_880


class EngineError(Exception):
    """The engine cannot go on, for example because the disk is full."""


class EngineUnavailable(EngineError):
    """Something that the engine needs is not installed or not supported."""


class ReportEngine(Protocol):
    """What a report needs of an engine."""

    def __enter__(self) -> ReportEngine:
        """Return the engine itself."""
        ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Remove the requests."""
        ...

    def read(self, reading: Reading, columns: Sequence[str]) -> ir.Table:
        """Return the requests of logs."""
        ...

    def load(self, batches: Iterable[pa.RecordBatch], columns: Sequence[str]) -> ir.Table:
        """Return requests in batches as a table."""
        ...

    def stored(self, files: Sequence[Path | str], columns: Sequence[str]) -> ir.Table:
        """Return the requests in Parquet files."""
        ...

    def content(self, url: str) -> bytes:
        """Return the content of a small file on a file system that the engine can read."""
        ...


#: The names of the engines.
ENGINES = ("duckdb", "pyspark")


def open_engine(name: str, memory: int, master: str | None) -> ReportEngine:
    """Return an engine.

    Args:
        name: One of ENGINES.
        memory: The memory of DuckDB in MB.
        master: The URL of Spark's cluster, or None to use Spark's own configuration.

    Raises:
        EngineUnavailable: Something that the engine needs is not installed or not supported.
        EngineError: The engine does not start.
    """
    if name == "duckdb":
        return Engine(memory)
    try:
        from .spark import SparkEngine
    except ModuleNotFoundError as error:
        raise EngineUnavailable(
            f"{error.name} is not installed (run: pip install 'anaconda-anon-usage-report[spark]')"
        ) from None
    return SparkEngine(master)


class Engine:
    """A database in a private temporary directory, which is removed at the end.

    Args:
        memory: The engine's share of memory in MB. It writes what exceeds it to disk.
        parent: Where to make the temporary directory, if not in the system's place.
        prefix: The start of its name.
    """

    def __init__(
        self, memory: int = MEMORY, parent: Path | None = None, prefix: str = "aau-report-"
    ) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        try:
            # Giving memory back between queries costs a tenth of the time. DuckDB refuses to keep
            # more than most of the machine's memory, and to keep any before 1.5.
            kept = f"{memory * 3 // 4}MB"
            try:
                self._connection = self._connect(memory, block_allocator_memory=kept)
            except duckdb.InvalidInputException:
                self._connection = self._connect(memory)
        except BaseException:
            self._remove()
            raise

    def _connect(self, memory: int, **settings: str) -> ibis.backends.duckdb.Backend:
        return ibis.duckdb.connect(
            self.directory / "requests.duckdb",
            memory_limit=f"{memory}MB",
            temp_directory=str(self.directory / "spilled"),
            preserve_insertion_order=False,
            # DuckDB would download them.
            autoinstall_known_extensions=False,
            autoload_known_extensions=False,
            **settings,
        )

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
        # A signal during a query, whose handler DuckDB does not let raise KeyboardInterrupt.
        interrupted = isinstance(error, (RuntimeError, duckdb.InterruptException))
        if interrupted and "interrupt" in str(error).lower():
            raise KeyboardInterrupt from error
        # A sum of more than 64 bits fails in DuckDB or on its way to Python.
        if isinstance(error, (duckdb.Error, pa.ArrowInvalid)):
            raise EngineError(str(error).partition("\n")[0]) from error

    def read(self, reading: Reading, columns: Sequence[str]) -> ir.Table:
        """Store the requests of logs and return their table.

        Args:
            reading: The logs.
            columns: The columns to store.

        Raises:
            ReadingError: A log cannot be read.
        """
        return self.load(reading.batches(encoded=True), columns)

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

    def content(self, url: str) -> bytes:
        """Refuse to read from other file systems, for which DuckDB would download an extension.

        Raises:
            EngineUnavailable: Always.
        """
        raise EngineUnavailable(f"{url}: a URL needs --engine pyspark")

    def stored(self, files: Sequence[Path | str], columns: Sequence[str]) -> ir.Table:
        """Return the table of requests in Parquet files, at least one.

        Args:
            files: The files.
            columns: The columns of the table.
        """
        query = f"SELECT {', '.join(columns)} FROM {parquet(files)}"
        self._connection.con.execute(f"CREATE VIEW stored AS {query}")
        return self._connection.table("stored")

    def query(self, statement: str) -> pa.RecordBatchReader:
        """Run a query in the database's own SQL and return its result in batches."""
        return self._connection.con.sql(statement).to_arrow_reader(_BATCH)

    def _remove(self) -> None:
        shutil.rmtree(self.directory, ignore_errors=True)


def parquet(files: Sequence[Path | str]) -> str:
    """Return the SQL for the rows of Parquet files."""
    names = (glob.escape(str(file)).replace("'", "''") for file in files)
    return "read_parquet([" + ", ".join(f"'{name}'" for name in names) + "])"


def _kept(
    batches: Iterator[pa.RecordBatch], failures: list[BaseException]
) -> Iterator[pa.RecordBatch]:
    """Yield the batches, and keep the exception that ends them."""
    try:
        yield from batches
    except BaseException as error:
        failures.append(error)
        raise

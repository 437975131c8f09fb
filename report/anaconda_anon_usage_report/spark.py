"""Hold the requests in Spark, on this machine or on a cluster, while a report is made."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
from ibis.backends.pyspark.datatypes import PySparkSchema
from py4j.protocol import Py4JError, Py4JNetworkError
from pyspark import SparkConf, SparkContext
from pyspark.errors import PySparkException
from pyspark.java_gateway import launch_gateway
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.types import StructType

from .engine import EngineError, EngineUnavailable
from .reading import Options, Reading, ReadingError
from .reading.blocks import BlockParser, Counts
from .reading.parts import Part, parse
from .schema import REQUESTS, STORED

#: Bytes of logs that one task reads, unless an archive has more.
_BYTES = 32 << 20

#: Seconds until Java has ended.
_PATIENCE = 30

#: Settings on this machine, unless Spark's own configuration has them. Nobody else can connect.
_LOCAL = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.authenticate": "true",
    "spark.ui.enabled": "false",
}

#: The number of tasks of each step of a query.
_TASKS = "spark.sql.shuffle.partitions"

#: What Spark raises; the last if Java is gone.
_ERRORS = (PySparkException, Py4JError, ConnectionError)

#: What parsed rows have besides the columns of requests: what was counted, in rows of their own.
_COUNTED = pa.field("counted", pa.string())


class SparkEngine:
    """A session of Spark, which ends with the engine unless it was there before.

    Args:
        master: The URL of the cluster, or None to use Spark's own configuration.

    Raises:
        EngineUnavailable: There is no Java, or Spark Connect is asked for.
        EngineError: Spark does not start.
    """

    def __init__(self, master: str | None = None) -> None:
        if "SPARK_REMOTE" in os.environ:
            raise EngineUnavailable("SPARK_REMOTE is not supported (use --master)")
        self._close = contextlib.ExitStack()
        try:
            with _explained():
                session = SparkSession.getActiveSession()
                self._session = session or self._start(master)
                self._connection = ibis.pyspark.connect(self._session)
        except BaseException:
            self._close.close()
            raise

    def __enter__(self) -> SparkEngine:
        """Return the engine itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the session and remove its files."""
        # Java, which knows the text of the error, is asked before it ends.
        with _explained(), self._close:
            if isinstance(error, _ERRORS):
                with _explained():
                    raise error

    def read(self, reading: Reading, columns: Sequence[str]) -> ir.Table:
        """Parse logs in Spark's processes, which must see the same files.

        Args:
            reading: The logs.
            columns: The columns of the table.

        Raises:
            ReadingError: A log cannot be read.
        """
        parts = reading.parts()
        tasks = pa.table({"part": [json.dumps(part) for part in parts]})
        count = max(1, -(-(reading.size or 0) // _BYTES))
        schema = pa.schema([*(REQUESTS.field(name) for name in columns), _COUNTED])
        parsed = (
            self._session.createDataFrame(tasks)
            .repartition(count)
            .mapInArrow(_Parser(reading.options, tuple(columns)), _spark_schema(schema))
            .persist()
        )
        self._close.callback(parsed.unpersist)
        counted = parsed.filter("counted IS NOT NULL").select("counted").toArrow()
        for number, _, result in sorted(map(json.loads, counted.column(0).to_pylist())):
            if isinstance(result, dict):
                raise ReadingError(**result)
            reading.count(parts[number].path, Counts(*result))
        reading.finish()
        return self._table("requests", parsed.filter("counted IS NULL").drop("counted"))

    def load(self, batches: Iterable[pa.RecordBatch], columns: Sequence[str]) -> ir.Table:
        """Store batches, which must fit into memory, and return the table of requests.

        Args:
            batches: Record batches with the columns of STORED.
            columns: The columns to store.
        """
        schema = pa.schema([STORED.field(name) for name in columns])
        tables = (pa.Table.from_batches([batch]) for batch in batches)
        table = pa.concat_tables(
            [schema.empty_table(), *(table.select(columns).cast(schema) for table in tables)]
        )
        return self._table("loaded", self._session.createDataFrame(table, _spark_schema(schema)))

    def content(self, url: str) -> bytes:
        """Return the content of a small file on any file system that Spark reads."""
        frame = self._session.read.format("binaryFile").load(_literal(url))
        found: bytes = frame.select("content").toArrow().column(0)[0].as_py()
        return found

    def stored(self, files: Sequence[Path | str], columns: Sequence[str]) -> ir.Table:
        """Return the table of requests in Parquet files, at least one.

        Args:
            files: The paths or URLs of files, which all of Spark's processes must see.
            columns: The columns of the table.
        """
        urls = [file if isinstance(file, str) else f"file://{file.absolute()}" for file in files]
        frame = self._session.read.parquet(*map(_literal, urls))
        return self._table("stored", frame.select(*columns))

    def _table(self, name: str, frame: DataFrame) -> ir.Table:
        frame.createOrReplaceTempView(name)
        self._close.callback(self._session.catalog.dropTempView, name)
        return self._connection.table(name)

    def _start(self, master: str | None) -> SparkSession:
        """Start Spark, and let ``_close`` end it."""
        home = os.environ.get("JAVA_HOME")
        if shutil.which(os.path.join(home, "bin", "java") if home else "java") is None:
            raise EngineUnavailable("Java is not installed (install openjdk-17-jre-headless)")
        # Interrupted, py4j logs a traceback.
        self._close.callback(logging.disable, logging.root.manager.disable)
        logging.disable()
        # Spark's processes on this machine run with the same packages.
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        directory = Path(tempfile.mkdtemp(prefix="aau-report-"))
        self._close.callback(shutil.rmtree, directory, ignore_errors=True)
        settings = SparkConf(loadDefaults=False)
        settings.setAppName("aau-report")
        settings.set("spark.local.dir", str(directory))
        settings.set("spark.sql.warehouse.dir", str(directory / "warehouse"))
        settings.set(
            "spark.driver.defaultJavaOptions", f'"-Djava.io.tmpdir={directory}" -XX:-UsePerfData'
        )
        if master is not None:
            settings.setMaster(master)
        messages = directory / "messages"
        messages.touch(0o600)
        with messages.open("wb") as output:
            try:
                gateway = launch_gateway(  # type: ignore[no-untyped-call]
                    settings, {"stdout": output, "stderr": subprocess.STDOUT, "umask": 0o077}
                )
            except PySparkException:
                text = messages.read_text(errors="replace")
                found = re.search(r".*(?:Error|Exception).*", text)
                raise EngineError(found[0] if found else "Java does not start") from None
        self._close.callback(_end, gateway)
        conf = SparkConf(_jvm=gateway.jvm)
        local = conf.get("spark.master", "local").startswith("local")
        if local:
            for key, value in _LOCAL.items():
                conf.setIfMissing(key, value)
        context = SparkContext(gateway=gateway, conf=conf)
        session = SparkSession.builder.getOrCreate()
        self._close.callback(session.stop)
        if local and not conf.contains(_TASKS):
            # One task for each core. Spark's 200 are meant for clusters, and take most of the time.
            session.conf.set(_TASKS, context.defaultParallelism)
        return session


class _Parser:
    """Parses parts of logs, in a process of Spark.

    Args:
        options: How to read requests.
        columns: The columns of the rows.
    """

    def __init__(self, options: Options, columns: tuple[str, ...]) -> None:
        self._options = options
        self._columns = columns

    def __call__(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        parser = BlockParser(self._options)
        for batch in batches:
            for text in batch.column(0).to_pylist():
                part = Part(*json.loads(text))
                try:
                    for number, block in enumerate(parse(part, parser)):
                        for rows in block.rows:
                            yield self._rows(rows.batch(encoded=False, key=self._options.key))
                        yield self._counted(part, number, block.counts)
                except ReadingError as error:
                    result = {"message": error.message, "status": error.status}
                    yield self._counted(part, -1, result)

    def _rows(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        columns = [*batch.select(list(self._columns)).columns, pa.nulls(len(batch), pa.string())]
        return pa.RecordBatch.from_arrays(columns, names=[*self._columns, _COUNTED.name])

    def _counted(self, part: Part, number: int, result: object) -> pa.RecordBatch:
        columns = [pa.nulls(1, REQUESTS.field(name).type) for name in self._columns]
        columns.append(pa.array([json.dumps([part.number, number, result])]))
        return pa.RecordBatch.from_arrays(columns, names=[*self._columns, _COUNTED.name])


def _literal(url: str) -> str:
    """Return a URL that Spark does not take for a pattern."""
    return re.sub(r"([\\*?\[\]{}])", r"\\\1", url)


def _spark_schema(schema: pa.Schema) -> StructType:
    """Return a schema whose columns may all have NULL."""
    fields = [field.with_nullable(True) for field in schema]
    found: StructType = PySparkSchema.from_ibis(ibis.Schema.from_pyarrow(pa.schema(fields)))
    return found


def _end(gateway: Any) -> None:
    """End Java, so that nothing writes to the directory any more."""
    SparkContext._gateway = SparkContext._jvm = None
    gateway.shutdown()
    gateway.proc.stdin.close()
    try:
        gateway.proc.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        gateway.proc.kill()
        gateway.proc.wait()


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    """Turn errors of Spark into ``EngineError``."""
    try:
        yield
    except (ConnectionError, Py4JNetworkError) as error:
        raise EngineError("Java has ended") from error
    except _ERRORS as error:
        # Java names the method that was called, then the exception, then its causes.
        text = str(error).strip()
        causes = re.findall(r"^(?:: |Caused by: )(.+)", text, re.MULTILINE)
        raise EngineError(causes[-1] if causes else text.partition("\n")[0]) from error

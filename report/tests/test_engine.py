"""The database is private, temporary and bounded, and reaches no network."""

from __future__ import annotations

import stat
import tempfile
from collections.abc import Iterator

import pyarrow as pa
import pytest
from request_rows import request

from anaconda_anon_usage_report.engine import Engine, EngineError
from anaconda_anon_usage_report.schema import REQUESTS


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """The directory for temporary files."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def batch(first: int = 0, count: int = 1) -> pa.RecordBatch:
    """Return requests with distinct clients."""
    rows = [request(number, client=f"client-{number}") for number in range(first, first + count)]
    return pa.RecordBatch.from_pylist(rows, REQUESTS)


def test_only_the_owner_can_read_the_database(temporary):
    with Engine() as engine:
        engine.load([batch()])
        assert stat.S_IMODE(engine.directory.stat().st_mode) == 0o700
        assert list(temporary.iterdir()) == [engine.directory]


def test_the_database_is_removed(temporary):
    with Engine() as engine:
        engine.load([batch()])
    assert list(temporary.iterdir()) == []


def test_the_database_is_removed_after_an_exception(temporary):
    with pytest.raises(KeyboardInterrupt), Engine() as engine:
        engine.load([batch()])
        raise KeyboardInterrupt
    assert list(temporary.iterdir()) == []


def test_all_batches_are_loaded():
    with Engine() as engine:
        requests = engine.load(batch(first, 10) for first in range(0, 100, 10))
        assert requests.client.nunique().to_pyarrow().as_py() == 100
        assert requests.schema().to_pyarrow().names == REQUESTS.names


def test_only_the_given_columns_are_stored():
    with Engine() as engine:
        assert engine.load([batch()], ["time", "client"]).columns == ("time", "client")


def test_no_batches_make_an_empty_table():
    with Engine() as engine:
        assert engine.load([]).count().to_pyarrow().as_py() == 0


@pytest.mark.parametrize("after", [0, 1, 3])
def test_an_exception_of_the_reader_arrives_unchanged(after):
    def batches() -> Iterator[pa.RecordBatch]:
        for number in range(after):
            yield batch(number)
        raise LookupError("truncated archive")

    with Engine() as engine, pytest.raises(LookupError, match="truncated archive"):
        engine.load(batches())


def test_the_reader_is_closed_if_loading_fails():
    closed = []

    def batches() -> Iterator[pa.RecordBatch]:
        try:
            while True:
                yield batch()
        finally:
            closed.append(True)

    with pytest.raises(EngineError), Engine() as engine:
        engine._connection.raw_sql("CREATE TABLE requests (other INTEGER)")
        engine.load(batches())
    assert closed == [True]


def test_more_data_than_memory_is_written_to_disk():
    count = 200_000
    names = pa.array([f"client-{number:0200}" for number in range(count)])
    columns = batch(0, 1).to_pydict()
    arrays = [
        names if name == "client" else pa.array(columns[name] * count, REQUESTS.field(name).type)
        for name in REQUESTS.names
    ]
    wide = pa.RecordBatch.from_arrays(arrays, schema=REQUESTS)
    with Engine(memory=100) as engine:
        requests = engine.load([wide, wide])
        counts = requests.group_by("client").aggregate(number=requests.count())
        assert counts.filter(counts.number == 2).count().to_pyarrow().as_py() == count


def settings(*names: str) -> list[str]:
    """Return the values of settings of the database."""
    with Engine(memory=600) as engine:
        return [
            engine._connection.con.execute(f"SELECT current_setting('{name}')").fetchall()[0][0]
            for name in names
        ]


def test_the_database_keeps_most_of_its_memory():
    names = ("memory_limit", "block_allocator_memory")
    assert settings(*names) == ["572.2 MiB", "429.1 MiB"]


def test_a_machine_may_have_less_memory_than_the_database(monkeypatch):
    monkeypatch.setenv("SLURM_MEM_PER_NODE", "300")  # which DuckDB takes for the machine's
    names = ("memory_limit", "block_allocator_memory")
    assert settings(*names) == ["572.2 MiB", "0 bytes"]


def test_extensions_are_never_downloaded():
    with Engine() as engine:
        settings = engine._connection.con.execute(
            "SELECT name, value FROM duckdb_settings() WHERE name LIKE 'auto%known_extensions'"
        ).fetchall()
    assert sorted(settings) == [
        ("autoinstall_known_extensions", "false"),
        ("autoload_known_extensions", "false"),
    ]

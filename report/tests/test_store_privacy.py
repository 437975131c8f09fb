"""What is stored names nobody, and can be removed."""

from __future__ import annotations

import io
import shutil
import time
from datetime import datetime, timezone

import pyarrow.parquet as pq
import pytest
from fleet import files as fleet_files
from fleet import lines as fleet_lines
from fleet.invent import Fleet
from reporting import report
from storing import (
    CLIENT,
    OTHER,
    collect,
    expected_files,
    files,
    line,
    lines,
    manifest,
    modes,
    numbers,
    rows,
    run,
)

SECRETS = (
    "192.0.2.77",
    "jane.doe",
    "SECRETTOKEN",
    "SECRETQUERY",
    "SECRETREFERER",
    "SECRETPASSWORD",
    "SECRETKERNEL",
    "client-SECRET",
    "session-SECRET",
    "environment-SECRET",
    "account-SECRET",
    "machine-SECRET",
)

SECRET_LINES = b"".join(
    (
        f"192.0.2.77 - jane.doe [30/Nov/2026:02:17:{number % 60:02} +0000] "
        f'"GET {path} HTTP/1.1" 200 {number} "https://example.org/SECRETREFERER" '
        '"conda/24.7.1 CPython/3.12.4 Linux/6.1.0-SECRETKERNEL debian/12 aau/0.9.0 c/client-SECRET '
        's/session-SECRET e/environment-SECRET a/account-SECRET o/acme m/machine-SECRET"\n'
    ).encode()
    for number in range(500)
    for path in (
        "/t/SECRETTOKEN/main/linux-64/x-1-0.conda?key=SECRETQUERY",
        "https://user:SECRETPASSWORD@example.org/main/noarch/repodata.json",
        "/main/noarch/repodata.json 192.0.2.77 jane.doe SECRETQUERY",
    )
)


@pytest.fixture
def store(tmp_path):
    """The directory of a store that does not exist yet."""
    return tmp_path / "store"


@pytest.fixture
def log(tmp_path):
    """A log."""
    return tmp_path / "access.log"


@pytest.mark.parametrize("accounts", [False, True])
def test_nothing_stored_names_a_person(accounts, store, log):
    log.write_bytes(SECRET_LINES)
    collect(store, log, *["--accounts"] * accounts)
    text = str(rows(store)) + "".join(
        (store / name).read_bytes().decode("latin-1") for name in files(store)
    )
    assert [secret for secret in SECRETS if secret in text] == []
    assert {row["account"] is None for row in rows(store)} == {not accounts}
    assert {tuple(row["organizations"]) for row in rows(store)} == {("acme",)}


def test_only_the_owner_can_read_a_store(store, log):
    log.write_bytes(lines(3_000))
    store.mkdir(mode=0o755)
    collect(store, log)
    assert modes(store) == {"drwx------", "-rw-------"}
    assert files(store) == expected_files(store)
    assert len(expected_files(store)) == 5


def test_times_are_cut_to_the_hour(store, log):
    log.write_bytes(lines(200))
    collect(store, log)
    assert {row["time"] % 3_600 for row in rows(store)} == {0}
    moment = datetime(2026, 11, 1, 2, tzinfo=timezone.utc)
    assert {row["time"] for row in rows(store)} == {int(moment.timestamp())}


def test_the_order_of_requests_is_not_stored(store, log, tmp_path):
    log.write_bytes(line(1, day=2))
    collect(store, log)
    other = tmp_path / "other"
    shutil.copytree(store, other)
    fleet = Fleet(3, people=3, days=1)
    logged = [fleet_lines.nginx(request) for request in fleet.requests]
    fleet_files.write(log, logged)
    collect(store, log)
    fleet_files.write(log, logged[::-1])
    collect(other, log)
    ordered = [
        [
            row
            for file in manifest(path)["requests"]
            for row in pq.read_table(path / file["name"]).to_pylist()
        ]
        for path in (store, other)
    ]
    assert ordered[0] == ordered[1]
    assert len(ordered[0]) == len(logged) + 1


def test_values_that_repeat_are_stored_once(store, log):
    log.write_bytes(lines(200) + line(201, f"c/{CLIENT} o/{OTHER}"))
    collect(store, log)
    (file,) = manifest(store)["requests"]
    group = pq.read_metadata(store / file["name"]).row_group(0)
    columns = [group.column(number) for number in range(group.num_columns)]
    plain = {column.path_in_schema for column in columns if not column.has_dictionary_page}
    assert plain == {"client", "session", "environment", "account", "mirror"}


def test_stores_have_different_keys(log, tmp_path):
    log.write_bytes(lines(1))
    found = []
    for name in ("a", "b"):
        collect(tmp_path / name, log)
        found += rows(tmp_path / name)
    for column in ("client", "program_id", "file_id"):
        assert len({row[column] for row in found}) == 2


def test_several_stores_in_a_report_are_refused(log, tmp_path):
    log.write_bytes(lines(1))
    stores = [tmp_path / "a", tmp_path / "b"]
    for store in stores:
        collect(store, log)
    status, _, errors = run(*stores)
    message = "aau-report: error: several stores, whose clients cannot be compared\n"
    assert (status, errors) == (2, message)


@pytest.mark.parametrize("token", [CLIENT, f"c/{CLIENT}"])
def test_a_client_is_forgotten(token, store, log):
    # In several files of two days, some of which contain no other client.
    log.write_bytes(lines(40) + b"".join(line(n, f"c/{OTHER}", 2) for n in range(40, 50)))
    collect(store, log)
    with log.open("ab") as file:
        file.write(lines(50, 60) + line(60, f"c/{OTHER}") + line(61, "", 2))
    collect(store, log)
    assert run("forget", store, "--client", token) == (0, "removed 50 requests\n", "")
    assert numbers(store) == [*range(40, 50), 60, 61]
    assert files(store) == expected_files(store)
    assert modes(store) == {"drwx------", "-rw-------"}
    # What was forgotten does not come back with its log.
    assert collect(store, log) == "collected 0 requests\n"
    assert run("forget", store, "--client", token) == (0, "removed 0 requests\n", "")


def test_a_store_can_have_any_path(log, tmp_path):
    store = tmp_path / "it's [a] * {b} %41 é"
    log.write_bytes(lines(3) + line(3, f"c/{OTHER}"))
    collect(store, log)
    assert run("forget", store, "--client", OTHER) == (0, "removed 1 requests\n", "")
    assert report(store, "--table", "periods")["totals"]["downloads"] == 3


def test_the_token_of_a_client_can_be_typed(monkeypatch, store, log):
    log.write_bytes(lines(3))
    collect(store, log)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"c/{CLIENT}\n"))
    assert run("forget", store, "--client", "-") == (0, "removed 3 requests\n", "")


def test_the_last_client_can_be_forgotten(store, log):
    log.write_bytes(lines(3))
    collect(store, log)
    assert run("forget", store, "--client", CLIENT)[0] == 0
    assert rows(store) == []
    status, _, errors = run(store)
    assert (status, errors) == (2, f"aau-report: error: {store}: no requests\n")


def test_without_the_key_nothing_stored_can_be_linked_to_a_token(store, log):
    log.write_bytes(lines(10))
    collect(store, log)
    key = (store / "token-key").read_bytes()
    assert run("forget", store, "--key") == (0, "removed the key\n", "")
    assert [name for name in files(store) if key in (store / name).read_bytes()] == []
    status, _, errors = run("forget", store, "--client", CLIENT)
    message = f"aau-report: error: {store}: no key, so no request can be linked to a token\n"
    assert (status, errors) == (3, message)
    # Logs are still known, but their clients are new ones.
    log.write_bytes(lines(15))
    both = report(store, log, "--table", "periods")["totals"]
    assert (both["downloads"], both["clients"]) == (15, 2)
    assert collect(store, log) == "collected 5 requests\n"
    assert (store / "token-key").read_bytes() != key
    assert numbers(store) == list(range(15))
    assert len({row["client"] for row in rows(store)}) == 2
    assert len({row["program_id"] for row in rows(store)}) == 2
    (versions,) = report(store, "--table", "conda_versions", "--min-clients", "1")["conda_versions"]
    assert versions["clients"] == 2
    assert run("forget", store, "--client", CLIENT) == (0, "removed 5 requests\n", "")


def test_old_requests_expire(store, log, tmp_path):
    today = int(time.time()) // 86_400
    ages = (0, 1, 399, 400, 401, 800)
    for age in ages:
        moment = datetime.fromtimestamp((today - age) * 86_400 + 60, timezone.utc)
        stamp = moment.strftime("%d/%b/%Y:%H:%M:%S +0000").encode()
        text = lines(3_000).replace(b"01/Nov/2026:02:00:00 +0000", stamp)
        kept = [entry for entry in text.splitlines(keepends=True) if stamp in entry]
        (tmp_path / f"access.log.{age}").write_bytes(b"".join(kept))
        collect(store, tmp_path / f"access.log.{age}")
    before = manifest(store)
    result = run("expire", store, "--older-than", "400d")
    assert result == (0, "removed the requests of 2 days\n", "")
    after = manifest(store)
    days = [today - age for age in ages if age <= 400]
    assert [file["day"] for file in after["requests"]] == days
    assert [source["day"] for source in after["sources"]] == days
    assert {file["day"] for file in after["lines"]} <= set(days)
    assert files(store) == expected_files(store)
    assert {name.split("/")[1] for name in files(store) if "/" in name} == {
        path.name for folder in ("requests", "lines") for path in (store / folder).iterdir()
    }
    assert len(before["requests"]) == len(ages)
    result = run("expire", store, "--older-than", "400d")
    assert result == (0, "removed the requests of 0 days\n", "")


@pytest.mark.parametrize("age", ["400", "d", "-1d", "1.5d", "9y", "999999d"])
def test_an_invalid_age_is_refused(age, store, log, capsys):
    log.write_bytes(lines(1))
    collect(store, log)
    before = manifest(store)
    with pytest.raises(SystemExit) as caught:
        run("expire", store, f"--older-than={age}")
    assert caught.value.code == 2
    assert manifest(store) == before


@pytest.mark.parametrize(
    "arguments",
    [("forget", "--key"), ("forget", "--client", CLIENT), ("expire", "--older-than=1d")],
)
def test_a_directory_that_is_no_store_is_not_changed(arguments, tmp_path):
    (tmp_path / "requests").mkdir()
    status, _, errors = run(*arguments, tmp_path)
    assert (status, errors) == (2, f"aau-report: error: {tmp_path}: no store\n")
    assert [path.name for path in tmp_path.rglob("*")] == ["requests"]

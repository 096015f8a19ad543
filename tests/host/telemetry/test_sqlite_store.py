"""The store as a SQLite file: its versions, its one writer, its readers."""

import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from mqtt_nodes import record
from store_records import report

from filmgauge.record.record import fields
from filmgauge_host.errors import InputError
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.telemetry.sqlite_file import StorageError
from filmgauge_host.telemetry.store import Outcome, RecordFile, RecordStore


@pytest.fixture
def path(tmp_path):
    return tmp_path / "records.sqlite"


def store_of_version_3(path, records):
    """A store as the version before lives had it."""
    columns = [name for name, *_ in fields() if name not in ("life", "resets")]
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(
            "CREATE TABLE records (node TEXT NOT NULL, "
            + " ".join(f"{name} INTEGER," for name in columns)
            + " received_unix_ms INTEGER NOT NULL, history INTEGER NOT NULL, "
            "PRIMARY KEY (node, boot, seq)) WITHOUT ROWID"
        )
        database.execute("CREATE TABLE attributes (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
        database.execute("INSERT INTO attributes VALUES ('token', 'abc')")
        for each in records:
            values = [getattr(each.record, name) for name in columns]
            row = (each.node, *values, each.received_unix_ms, int(each.history))
            database.execute(f"INSERT INTO records VALUES ({', '.join('?' * len(row))})", row)
        database.execute(f"PRAGMA application_id = {0x464C4D47}")
        database.execute("PRAGMA user_version = 3")


def test_a_store_of_the_version_before_loses_nothing(path):
    before = [
        report(seq, node, boot) for node in ("a", "b") for boot in (1, 2) for seq in range(9)
    ]
    before.append(ReceivedRecord("b", record(9, 2), 5, True))
    store_of_version_3(path, before)
    for _ in range(2):
        with RecordStore(path) as store:
            found = [each for node in ("a", "b") for each in store.records(node)]
            assert found == before
            assert store.rows == len(before)
            assert store.attribute("token") == "abc"
            assert store.add([before[0]]) == [Outcome.DUPLICATE]
    with RecordStore(path) as store:
        store.add([report(0, "a", life=9)])
        assert [each.key for each in store.newest("a", 1)] == [(9, 1, 0)]


def test_a_power_cut_in_the_upgrade_leaves_the_old_store(path):
    before = [report(seq) for seq in range(9)]
    store_of_version_3(path, before)
    whole = path.read_bytes()
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE lives (in_the_way)")
    with pytest.raises(InputError, match="cannot be used"):
        RecordStore(path)
    path.write_bytes(whole)
    with RecordStore(path) as store:
        assert list(store.records("bench")) == before


def test_a_failed_batch_stores_nothing_and_says_so(path):
    with RecordStore(path) as store:
        store.add([report(1)])
        with closing(sqlite3.connect(path)) as other:
            other.execute(
                "CREATE TRIGGER full BEFORE INSERT ON records WHEN new.seq = 3 "
                "BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
            )
        with pytest.raises(StorageError, match="disk is full"):
            store.add([report(2), report(3)])
        assert store.rows == store.count("bench") == 1


def other_version(path, version=99):
    RecordStore(path).close()
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"PRAGMA user_version = {version}")


def older_version(path):
    """A store as it was before records told their health in full."""
    other_version(path, 2)


def other_program(path):
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE bookmarks (url TEXT)")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: path.write_text("no database " * 100), "not a database"),
        (other_version, "version 99"),
        (older_version, "has version 2; this filmgauge reads version 5"),
        (other_program, "another program"),
        (lambda path: path.mkdir(), "directory"),
    ],
)
def test_refuses_a_file_that_is_no_store_and_leaves_it_alone(path, spoil, words):
    spoil(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(InputError, match=words):
        RecordStore(path)
    assert (path.read_bytes() if path.is_file() else None) == before
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_refuses_a_missing_directory(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        RecordStore(tmp_path / "missing" / "records.sqlite")


def test_a_second_process_is_told_that_the_store_is_in_use(path):
    code = (
        "import sys, pathlib; from filmgauge_host.telemetry.store import RecordStore;"
        "RecordStore(pathlib.Path(sys.argv[1]))"
    )
    with RecordStore(path):
        second = subprocess.run(
            [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=False
        )
    assert "in use by another filmgauge" in second.stderr
    RecordStore(path).close()


def test_a_file_is_read_while_another_process_writes_it(path):
    with RecordStore(path) as store, RecordFile(path) as reader:
        for seq in range(3):
            store.add([report(seq)])
            assert [each.key for each in reader.records("bench")][-1] == (0, 1, seq)
        assert reader.nodes() == ["bench"]
        with pytest.raises(StorageError, match="readonly"):
            reader.select("DELETE FROM records")
    with RecordFile(path) as reader:
        assert reader.count("bench") == 3


def test_a_file_that_is_only_read_must_be_there_and_be_a_store(path, tmp_path):
    with pytest.raises(InputError, match="there is no store"):
        RecordFile(path)
    path.write_text("no database " * 100)
    with pytest.raises(InputError, match="cannot be used"):
        RecordFile(path)
    older = tmp_path / "older.sqlite"
    store_of_version_3(older, [report(1)])
    with pytest.raises(InputError, match="version 3: open it once to write"):
        RecordFile(older)
    assert list(tmp_path.glob("*-writer")) == []

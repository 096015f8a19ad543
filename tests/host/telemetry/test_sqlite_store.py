"""The store as a SQLite file: its versions, its one writer, its readers."""

import re
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count, pairwise
from pathlib import Path

import pytest
from mqtt_nodes import record
from patience import PATIENCE_S
from store_records import HOUR_MS, NOON_MS, report, sent

from filmgauge.record.record import fields
from filmgauge_host.errors import InputError
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.telemetry.retention import Retention
from filmgauge_host.telemetry.sqlite_file import StorageError
from filmgauge_host.telemetry.store import Outcome, RecordFile, RecordStore


@pytest.fixture
def path(tmp_path):
    return tmp_path / "records.sqlite"


def older_store(path, version, records, has_attributes=True):
    """A store as version 3 had it, before lives, or 4, before records were dated."""
    new = {3: ("life", "resets", "refused", "restarts"), 4: ("refused", "restarts")}[version]
    columns = [name for name, *_ in fields() if name not in new]
    key = ", ".join(name for name in ("node", "life", "boot", "seq") if name in ["node", *columns])
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(
            "CREATE TABLE records (node TEXT NOT NULL, "
            + " ".join(f"{name} INTEGER," for name in columns)
            + " received_unix_ms INTEGER NOT NULL, history INTEGER NOT NULL, "
            f"PRIMARY KEY ({key})) WITHOUT ROWID"
        )
        if has_attributes:
            database.execute(
                "CREATE TABLE attributes (name TEXT PRIMARY KEY, value TEXT NOT NULL)"
            )
            database.execute("INSERT INTO attributes VALUES ('token', 'abc')")
        if version > 3:
            database.execute(
                "CREATE TABLE lives (node TEXT NOT NULL, life INTEGER NOT NULL, number INTEGER "
                "NOT NULL, live INTEGER NOT NULL, PRIMARY KEY (node, life)) WITHOUT ROWID"
            )
        for each in records:
            values = [getattr(each.record, name) for name in columns]
            row = (each.node, *values, each.received_unix_ms, int(each.history))
            database.execute(f"INSERT INTO records VALUES ({', '.join('?' * len(row))})", row)
            if version > 3:
                insert = "INSERT OR IGNORE INTO lives VALUES (?, ?, 1, 1)"
                database.execute(insert, (each.node, each.key[0]))
        database.execute(f"PRAGMA application_id = {0x464C4D47}")
        database.execute(f"PRAGMA user_version = {version}")


@pytest.mark.parametrize(("version", "has_attributes"), [(3, False), (3, True), (4, True)])
def test_a_store_of_a_version_before_loses_nothing(path, version, has_attributes):
    before = [
        report(seq, node, boot) for node in ("a", "b") for boot in (1, 2) for seq in range(9)
    ]
    before.append(ReceivedRecord("b", record(9, 2), 5, True))
    older_store(path, version, before, has_attributes)
    for _ in range(2):
        with RecordStore(path) as store:
            found = [each for node in ("a", "b") for each in store.records(node)]
            assert found == before
            assert store.rows == len(before)
            assert store.attribute("token") == ("abc" if has_attributes else None)
            assert store.add([before[0]]) == [Outcome.DUPLICATE]
            assert store.lives("a") == {0: True}
    with RecordStore(path) as store:
        store.add([report(0, "a", life=9)])
        assert [each.key for each in store.newest("a", 1)] == [(9, 1, 0)]
        assert store.rows == len(before) + 1


@pytest.mark.parametrize("version", [3, 4])
def test_records_of_a_version_before_are_dated_and_summarised(path, version):
    waited = [sent(seq, 1000, history=True) for seq in range(1, 9)]
    older_store(path, version, [sent(0, 0), *waited, sent(10, 600)])
    with RecordStore(path) as store:
        times = [row[0] - NOON_MS for row in store.readings("bench", [], 0, 2**62)]
        assert times == [60_000 * seq for seq in (*range(9), 10)]
        store.add([sent(9, 1000, history=True)])  # by the clock that the records have set
        Retention(store).summarise(NOON_MS + 2 * HOUR_MS)
        assert store.select("SELECT unix_ms, records FROM hourly") == [(NOON_MS, 11)]
        assert store.select("SELECT count(*) FROM unsummarised") == [(0,)]


def test_a_reader_pays_for_each_record_alike_however_many_it_has_read(path):
    with RecordStore(path) as store:
        store.add([sent(seq, 60 * seq) for seq in range(5000)])
    steps, at_page = count(), []
    with RecordFile(path) as store:
        store._database.set_progress_handler(lambda: next(steps) and None, 100)
        for number, _ in enumerate(store.readings("bench", ["voltage_uv"], 0, 2**62)):
            if number % 1000 == 999:
                at_page.append(next(steps))
    costs = [after - before for before, after in pairwise(at_page)]
    assert len(costs) == 4
    assert max(costs) < 1.2 * min(costs)


def test_the_log_of_a_store_shrinks_again_once_nobody_reads(path):
    log = path.with_name(path.name + "-wal")
    with RecordStore(path) as store:
        with RecordFile(path) as reader, reader.snapshot():
            reader.nodes()
            for number in range(10):
                store.set_attribute(f"long {number}", "x" * 2_000_000)
        assert log.stat().st_size > 16_000_000
        for number in range(10):
            store.set_attribute("short", str(number))
        assert log.stat().st_size < 8_500_000


def test_the_hours_to_summarise_are_looked_for_once_not_for_each_few(path):
    asked: list[str] = []
    with RecordStore(path) as store:
        store.add([sent(60 * hour, 3600 * hour) for hour in range(100)])
        store._reading._database.set_trace_callback(asked.append)
        Retention(store).summarise(NOON_MS + 200 * HOUR_MS)
        assert store.select("SELECT count(*) FROM hourly") == [(100,)]
    assert sum("FROM unsummarised WHERE unix_ms <=" in each for each in asked) == 2


@pytest.mark.parametrize("version", [3, 4])
def test_a_power_cut_in_the_upgrade_leaves_the_old_store(path, version):
    before = [report(seq) for seq in range(9)]
    older_store(path, version, before)
    whole = path.read_bytes()
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE daily (in_the_way)")
    with pytest.raises(InputError, match="cannot be used"):
        RecordStore(path)
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT count(*) FROM records").fetchone() == (9,)
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
        (older_version, "has version 2; this filmgauge reads version 6"),
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
    older_store(older, 3, [report(1)])
    with pytest.raises(InputError, match="version 3: open it once to write"):
        RecordFile(older)
    assert list(tmp_path.glob("*-writer")) == []


def test_the_copy_that_the_docs_tell_to_make_is_whole_while_a_monitor_writes(path, tmp_path):
    page = Path(__file__).parents[3] / "docs" / "store.md"
    (statement,) = re.findall(r'sqlite3 records\.sqlite "(.*)"', page.read_text())
    copy = tmp_path / "copy.sqlite"
    begun, copied = threading.Event(), threading.Event()

    def write() -> None:
        with RecordStore(path) as store:
            for seq in count():
                store.add([report(seq)])
                if seq == 200:
                    begun.set()
                if copied.is_set():
                    return

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        try:
            assert begun.wait(PATIENCE_S)
            with closing(sqlite3.connect(path)) as database:
                database.execute(statement.replace("copy.sqlite", str(copy)))
        finally:
            copied.set()
        writing.result(PATIENCE_S)
    with closing(sqlite3.connect(copy)) as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    with RecordStore(copy) as store:
        seqs = [each.key[2] for each in store.records("bench")]
        assert seqs == list(range(store.rows))
        assert len(seqs) > 200

import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from mqtt_nodes import record

from filmgauge_host.errors import InputError
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.telemetry.sqlite_file import StorageError
from filmgauge_host.telemetry.store import Outcome, RecordStore


def report(seq: int, node: str = "bench", boot: int = 1, **values: int) -> ReceivedRecord:
    return ReceivedRecord(
        node, record(seq, boot, **values), received_unix_ms=1_700_000_000_000 + seq
    )


@pytest.fixture
def path(tmp_path):
    return tmp_path / "records.sqlite"


def test_stores_each_record_once_and_keeps_it(path):
    reports = [report(seq) for seq in range(2500)]
    with RecordStore(path) as store:
        assert store.add(reports) == [Outcome.NEW] * 2500
        assert store.add(reports[:2]) == [Outcome.DUPLICATE] * 2
    with RecordStore(path) as store:
        assert store.rows == store.count("bench") == 2500
        assert list(store.records("bench")) == reports
        assert store.newest("bench", 2) == reports[-2:]


def test_same_key_with_other_content_keeps_the_first(path):
    first = report(1)
    with RecordStore(path) as store:
        outcomes = store.add([first, report(1, soc_ppm=1)])
        assert outcomes == [Outcome.NEW, Outcome.CONFLICT]
        assert list(store.records("bench")) == [first]


def test_orders_by_boot_and_seq_not_by_arrival(path):
    with RecordStore(path) as store:
        store.add([report(1, boot=2), report(9, boot=1), report(0, boot=2), report(5, "other")])
        assert [item.key for item in store.records("bench")] == [(1, 9), (2, 0), (2, 1)]
        assert store.boots("bench") == [(1, 9, 9, 1), (2, 0, 1, 2)]


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
        (older_version, "has version 2; this filmgauge reads version 3"),
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

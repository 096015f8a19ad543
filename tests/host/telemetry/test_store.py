import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from mqtt_nodes import record

from filmgauge.record.record import fields
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
        assert [item.key for item in store.records("bench")] == [(0, 1, 9), (0, 2, 0), (0, 2, 1)]
        assert store.boots("bench", 0) == [(1, 9, 9, 1), (2, 0, 1, 2)]


def keys(store: RecordStore, node: str = "bench") -> list[tuple[int, int, int]]:
    return [item.key for item in store.records(node)]


def test_a_new_life_comes_behind_the_old_one_whatever_its_numbers(path):
    old, new = 0xFFFF_0001, 5
    with RecordStore(path) as store:
        store.add([report(seq, boot=7, life=old) for seq in range(3)])
        store.add([report(seq, boot=1, life=new) for seq in range(2)])
        assert store.add([report(0, boot=1, life=new)]) == [Outcome.DUPLICATE]
        late = ReceivedRecord("bench", record(3, 7, life=old), 1_700_000_000_009, True)
        assert store.add([late, report(9, "other", life=old)]) == [Outcome.NEW] * 2
        wanted = [(old, 7, seq) for seq in range(4)] + [(new, 1, 0), (new, 1, 1)]
        assert keys(store) == wanted
        assert store.lives("bench") == {old: True, new: True}
        assert [item.key for item in store.newest("bench", 3)] == wanted[-3:]
        assert store.boots("bench", old) == [(7, 0, 3, 4)]
        assert store.boots("bench", new) == [(1, 0, 1, 2)]
    with RecordStore(path) as store:
        assert keys(store) == wanted


def test_a_life_of_which_only_the_past_comes_is_older_than_the_one_that_sends_it(path):
    def past(seq: int, life: int) -> ReceivedRecord:
        return ReceivedRecord("bench", record(seq, 1, life=life), 1_700_000_000_000, True)

    with RecordStore(path) as store:
        store.add([report(0, life=30)])  # as a node sends: the newest first, then its log
        store.add([past(0, 90), past(1, 90), past(0, 20)])
        assert list(store.lives("bench")) == [90, 20, 30]
        store.add([report(0, life=10), past(2, 90)])
        assert list(store.lives("bench")) == [90, 20, 30, 10]
        store.add([report(4, life=30)])  # of before, late
        assert list(store.lives("bench")) == [90, 20, 30, 10]
        store.add([report(3, life=20)])  # it was the past of nobody: it lives
        assert list(store.lives("bench")) == [90, 30, 10, 20]


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


def test_gaps_are_ranges_and_the_first_boot_may_begin_anywhere(path):
    def at(boot, *seqs, life=0):
        return [report(seq, boot=boot, life=life) for seq in seqs]

    with RecordStore(path) as store:
        store.add([*at(3, 5, 6, 9, 10, 20), *at(4, 2), *at(6, 0, 1), *at(1, 7, life=9)])
        store.add([report(50, "other")])
        assert store.gaps("bench") == [(0, 3, 7, 8), (0, 3, 11, 19), (0, 4, 0, 1)]
        store.add([*at(3, 12), *at(1, 9, life=9), *at(2, 1, life=9)])
        wanted = [(0, 3, 7, 8), (0, 3, 11, 11), (0, 3, 13, 19), (0, 4, 0, 1)]
        assert store.gaps("bench") == [*wanted, (9, 1, 8, 8), (9, 2, 0, 0)]
        assert store.gaps("other") == store.gaps("nobody") == []


def test_a_batch_with_repeats_in_it_has_the_outcome_of_each(path):
    first, other = report(1), report(1, soc_ppm=1)
    with RecordStore(path) as store:
        store.add([report(0)])
        batch = [first, report(0), first, other, report(2)]
        new, duplicate = Outcome.NEW, Outcome.DUPLICATE
        assert store.add(batch) == [new, duplicate, duplicate, Outcome.CONFLICT, new]
        assert store.rows == store.count("bench") == 3


def test_readings_of_a_clock_are_of_live_records_alone(path):
    late = ReceivedRecord("bench", record(4), 1_700_000_009_000, True)
    with RecordStore(path) as store:
        store.add([report(5), report(3), late, report(0, boot=2), report(3, "other")])
        readings = [(180, 1_700_000_000_003), (300, 1_700_000_000_005)]
        assert store.clock_readings("bench", 0, 1) == readings

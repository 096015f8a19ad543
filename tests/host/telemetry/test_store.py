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
from filmgauge_host.telemetry.store import Outcome, RecordFile, RecordStore


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


HOUR_MS = 3_600_000
NOON_MS = 1_700_049_600_000  # 2023-11-15 12:00 UTC


def sent(seq: int, came_s: float, history: bool = False, **values: int) -> ReceivedRecord:
    """Return a record measured 60 s times seq after a boot at NOON_MS."""
    return ReceivedRecord("bench", record(seq, **values), NOON_MS + round(came_s * 1000), history)


def measured_s(store) -> list[float]:
    rows = store.readings("bench", [], 0, 2**62)
    return [(row[0] - NOON_MS) / 1000 for row in rows]


def test_records_are_dated_by_when_they_were_measured(path):
    with RecordStore(path) as store:
        store.add([sent(0, 0), sent(5, 300)])
        store.add([sent(seq, 400, history=True) for seq in range(1, 5)])
        assert measured_s(store) == [0, 60, 120, 180, 240, 300]
    with RecordStore(path) as store:  # the clock is in the file
        store.add([sent(6, 9000, history=True)])
        assert measured_s(store)[-1] == 360


def test_what_a_late_arrival_had_dated_is_dated_anew(path):
    with RecordStore(path) as store:
        store.add([sent(0, 7200), sent(1, 7200)])  # both waited in the broker
        assert measured_s(store) == [7140, 7200]
        store.add([sent(120, 7201)])
        assert measured_s(store) == [1, 61, 7201]


def test_a_boot_of_which_only_the_past_comes_is_dated_by_the_latest_it_can_be(path):
    with RecordStore(path) as store:
        store.add([sent(seq, 600, history=True) for seq in range(3)])
        assert measured_s(store) == [480, 540, 600]


def test_a_series_has_every_record_where_they_are_few(path):
    with RecordStore(path) as store:
        store.add([sent(0, 0, voltage_uv=2_100_000), sent(1, 60, voltage_uv=None, soc_ppm=5)])
        rows = store.series("bench", ["voltage_v", "soc_pct", "seq"], NOON_MS, NOON_MS + 60_001, 2)
        assert rows == [(NOON_MS, 2.1, 81.2345, 0), (NOON_MS + 60_000, None, 0.0005, 1)]
        assert store.series("bench", ["seq"], NOON_MS, NOON_MS + 60_000, 2) == [(NOON_MS, 0)]
        assert store.series("bench", ["seq"], NOON_MS, NOON_MS, 2) == []
        assert store.series("nobody", ["seq"], 0, NOON_MS, 2) == []
        with pytest.raises(InputError, match="'soc' is no quantity of a record"):
            store.series("bench", ["soc"], 0, 1, 2)
        with pytest.raises(InputError, match="points must be 2 or more, not 1"):
            store.series("bench", ["soc_pct"], 0, 1, 1)


@pytest.mark.parametrize("points", [2, 7, 100])
def test_a_series_of_few_points_has_every_spike_and_the_order_of_time(path, points):
    spikes = {777: 1_000_000, 1234: 3_900_000}
    with RecordStore(path) as store:
        store.add(
            [
                sent(seq, 60 * seq, voltage_uv=spikes.get(seq, 2_000_000), soc_ppm=100 * seq)
                for seq in range(2000)
            ]
        )
        end = NOON_MS + 2000 * 60_000
        rows = store.series("bench", ["voltage_v", "soc_pct"], NOON_MS, end, points)
    assert len(rows) <= points
    voltages = [voltage for _, voltage, _ in rows]
    assert (min(voltages), max(voltages)) == (1.0, 3.9)
    times = [row[0] for row in rows]
    assert times == sorted(times)
    assert times[0] >= NOON_MS
    assert times[-1] < end
    charges = [charge for *_, charge in rows]  # what only rises still rises
    assert charges == sorted(charges)
    assert (charges[0], charges[-1]) == (0, 19.99)


def test_a_file_is_read_while_another_process_writes_it(path):
    with RecordStore(path) as store, RecordFile(path) as reader:
        for seq in range(3):
            store.add([report(seq)])
            assert [each.key for each in reader.records("bench")][-1] == (0, 1, seq)
        assert reader.names() == ["bench"]
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

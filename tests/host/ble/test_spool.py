"""What the bridge owes the broker: over lives, and in a file of the version before."""

import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from ble_nodes import record
from hypothesis import given
from hypothesis import strategies as st

from filmgauge_host.ble.spool import Spool
from filmgauge_host.telemetry.received_record import RecordKey, record_key

NODE = "node-1"


def numbers_left(spool: Spool) -> list[RecordKey]:
    return [record_key(each.record) for each in spool.pending(0, 1000)]


def acknowledge(spool: Spool, *keys: RecordKey) -> None:
    spool.acknowledge(
        [each.number for each in spool.pending(0, 1000) if record_key(each.record) in keys]
    )


def rows(path: Path) -> int:
    with closing(sqlite3.connect(path)) as database:
        return database.execute("SELECT count(*) FROM records").fetchone()[0]


def test_nothing_is_forgotten_while_something_of_an_earlier_life_waits(tmp_path: Path) -> None:
    old = [record(seq, 3, life=90) for seq in range(2)]
    new = [record(seq, 1, life=5) for seq in range(3)]
    with Spool(tmp_path / "spool") as spool:
        spool.add(NODE, new[-1:], live=True)  # the newest first, then the log
        spool.add(NODE, old, mark=record_key(old[-1]))
        spool.add(NODE, new[:2], mark=record_key(new[1]))
        spool.add(NODE, [], mark=record_key(new[-1]))
        acknowledge(spool, *map(record_key, new))
        assert spool.acknowledged_to(NODE) == (0, 0, 0)
        acknowledge(spool, record_key(old[0]))
        assert spool.acknowledged_to(NODE) == (0, 0, 0)
        acknowledge(spool, record_key(old[1]))
        assert spool.acknowledged_to(NODE) == (5, 1, 2)
    assert rows(tmp_path / "spool") == 0  # none stays behind its life


@given(st.lists(st.tuples(st.sampled_from([7, 90, 3]), st.booleans()), max_size=30), st.data())
def test_what_is_acknowledged_is_never_more_than_what_the_broker_has(
    steps: list[tuple[int, bool]], data: st.DataObject
) -> None:
    """The log of any lives, in their order, with the broker's answers in any."""
    order = [7, 90, 3]
    log = [record(at, 1, life=life) for at, (life, _) in enumerate(steps)]
    log.sort(key=lambda each: (order.index(record_key(each)[0]), each.values()[1]))
    with TemporaryDirectory() as folder, Spool(Path(folder) / "spool") as spool:
        read = data.draw(st.integers(0, len(log)))
        for each in log[:read]:
            spool.add(NODE, [each], mark=record_key(each))
        keys = [record_key(each) for each in log[:read]]
        arrived = data.draw(st.sets(st.sampled_from(keys)) if keys else st.just(set()))
        acknowledge(spool, *arrived)
        upto = spool.acknowledged_to(NODE)
        if upto[1] and upto in keys:
            assert set(keys[: keys.index(upto) + 1]) <= arrived
        assert set(numbers_left(spool)) == set(keys) - arrived


def test_a_spool_of_the_version_before_owes_the_same(tmp_path: Path) -> None:
    path = tmp_path / "spool"
    path.touch(mode=0o600)
    made = [record(seq) for seq in range(6)]
    with closing(sqlite3.connect(path)) as database, database:
        database.executescript(
            """
            CREATE TABLE records (number INTEGER PRIMARY KEY AUTOINCREMENT, node TEXT NOT NULL,
                boot INTEGER NOT NULL, seq INTEGER NOT NULL, live INTEGER NOT NULL,
                acknowledged INTEGER NOT NULL DEFAULT 0, record BLOB NOT NULL,
                UNIQUE (node, boot, seq));
            CREATE INDEX waiting ON records (number) WHERE NOT acknowledged;
            CREATE TABLE nodes (node TEXT PRIMARY KEY, address TEXT NOT NULL,
                boot INTEGER NOT NULL, seq INTEGER NOT NULL) WITHOUT ROWID;
            INSERT INTO nodes VALUES ('node-1', 'C1:02', 1, 3);
            PRAGMA application_id = 1179405651;
            PRAGMA user_version = 1;
            """
        )
        for each in made[2:]:
            _, boot, seq = record_key(each)
            row = (NODE, boot, seq, 0, int(seq == 5), each.to_bytes())
            database.execute(
                "INSERT INTO records (node, boot, seq, live, acknowledged, record) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                row,
            )
    for _ in range(2):
        with Spool(path) as spool:
            assert [each.record for each in spool.pending(0, 9)] == made[2:5]
            assert spool.mark(NODE) == (0, 1, 3)
            assert spool.claim_name(NODE, "C9:99") == "C1:02"
            assert spool.acknowledged_to(NODE) == (0, 1, 1)
            assert spool.add(NODE, made[5:]) == 0  # it went already


def test_a_spool_without_counters_gets_them(tmp_path: Path) -> None:
    path, key = tmp_path / "spool", bytes(16)
    with Spool(path) as spool:
        spool.add(NODE, [record(1)])
    with closing(sqlite3.connect(path)) as database:
        database.executescript("DROP TABLE commands; DROP TABLE adverts; PRAGMA user_version = 2")
    with Spool(path) as spool:
        assert numbers_left(spool) == [record_key(record(1))]
        assert (spool.commands_sent(NODE), spool.advert_counter("C1:01", key)) == (0, None)
        spool.count_command(NODE)
        spool.save_advert_counter("C1:01", key, 7)
        spool.mark_advert_published("C1:01", key, 6)
    with Spool(path) as spool:
        assert (spool.commands_sent(NODE), spool.advert_counter("C1:01", key)) == (1, 7)
        assert spool.published_advert("C1:01", key) == 6
        assert spool.advert_counter("C1:01", bytes(15) + b"\1") is None
    assert key.hex().encode() not in path.read_bytes()

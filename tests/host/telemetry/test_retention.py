"""Hours, days and the end of single records, on both databases, against plain sums."""

import random
from statistics import fmean

import pytest
from click.testing import CliRunner
from mqtt_nodes import record
from patience import until
from store_records import HOUR_MS, NOON_MS, sent

from filmgauge_host.cli.app import main
from filmgauge_host.telemetry.ingest_store import Outcome
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.telemetry.retention import Retention, RetentionThread
from filmgauge_host.telemetry.store_writer import StoreWriter
from filmgauge_host.telemetry.trusted_clock import TrustedClock

DAY_MS = 24 * HOUR_MS
MINUTE_MS = 60_000
YEAR_MS = 365 * DAY_MS


def drawn(seq: int) -> ReceivedRecord:
    """A record a minute from noon on; a seventh of them has no voltage."""
    rng = random.Random(seq)
    voltage = rng.randrange(1_000_000, 4_000_000) if seq % 7 else None
    values = {"voltage_uv": voltage, "current_pa": rng.randrange(-5_000_000, 5_000_000)}
    return sent(seq, 60 * seq, **values)  # type: ignore[arg-type]


def expected(records: list[ReceivedRecord], field: str) -> tuple:
    """n, least, mean, greatest and last of a field."""
    values = [v for r in records if (v := r.value(field)) is not None]
    if not values:
        return 0, None, None, None, None
    return len(values), min(values), pytest.approx(fmean(values)), max(values), values[-1]


def summary(store: StoreWriter, table: str, begin_ms: int, field: str) -> tuple:
    names = ", ".join(f"{field}_{name}" for name in ("n", "min", "mean", "max", "last"))
    query = f"SELECT {names} FROM {table} WHERE node = 'bench' AND unix_ms = ?"
    (row,) = store.select(query, (begin_ms,))
    return tuple(row)


def spans(store: StoreWriter, table: str) -> list[tuple[int, int]]:
    query = f"SELECT unix_ms - {NOON_MS}, records FROM {table} ORDER BY unix_ms"
    return [tuple(row) for row in store.select(query)]


def test_hours_and_days_have_what_their_records_have(opened) -> None:
    records = [drawn(seq) for seq in range(1000)]  # 16 hours and 40 minutes: into the next day
    with opened() as store:
        store.add(records)
        Retention(store).summarise(NOON_MS + 1000 * MINUTE_MS)
        # the last hour is not over, and of the one before ten minutes might be on their way
        assert spans(store, "hourly") == [(k * HOUR_MS, 60) for k in range(16)]
        Retention(store).summarise(NOON_MS + 2 * DAY_MS)
        assert spans(store, "hourly")[-1] == (16 * HOUR_MS, 40)
        midnight = NOON_MS + 12 * HOUR_MS
        assert spans(store, "daily") == [(-12 * HOUR_MS, 720), (12 * HOUR_MS, 280)]
        for field in ("voltage_uv", "current_pa", "to_empty_s"):
            hour = summary(store, "hourly", NOON_MS + HOUR_MS, field)
            assert hour == expected(records[60:120], field)
            assert summary(store, "daily", midnight, field) == expected(records[720:], field)


def test_a_thread_does_it_beside_what_arrives(opened) -> None:
    records = [drawn(seq) for seq in range(300)]
    with opened() as store:
        store.add(records[:240])
        clock = TrustedClock(store, lambda: NOON_MS + 300 * MINUTE_MS, lambda: 0)
        with RetentionThread(Retention(store), first_s=0.0, clock=clock):
            for received in records[240:]:
                assert store.add([received]) == [Outcome.NEW]
            until(lambda: store.select("SELECT count(*) FROM hourly")[0][0] > 0)
        assert store.count("bench") == 300
        Retention(store).run(NOON_MS + YEAR_MS)
        assert store.count("bench") == 0
        assert store.boots("bench", 0) == [(1, 0, 299, 300)]
        assert sum(number for _, number in spans(store, "hourly")) == 300


def test_a_retention_that_is_stopped_leaves_the_rest_for_another_time(opened) -> None:
    with opened() as store:
        store.add([drawn(seq) for seq in range(240)])
        with RetentionThread(stopped := Retention(store)):
            pass
        stopped.run(NOON_MS + YEAR_MS)
        assert spans(store, "hourly") == []
        assert store.count("bench") == 240


def test_what_comes_late_is_in_its_hour_and_its_day(opened) -> None:
    records = [drawn(seq) for seq in range(180)]
    late = [ReceivedRecord("bench", r.record, NOON_MS + DAY_MS, True) for r in records[70:100]]
    with opened() as store:
        store.add([*records[:70], *records[100:]])
        Retention(store).summarise(NOON_MS + 6 * HOUR_MS)
        assert summary(store, "hourly", NOON_MS + HOUR_MS, "current_pa")[0] == 30
        assert store.add(late) == [Outcome.NEW] * 30
        Retention(store).summarise(NOON_MS + 2 * DAY_MS)
        hour = summary(store, "hourly", NOON_MS + HOUR_MS, "current_pa")
        assert hour == expected(records[60:120], "current_pa")
        day = summary(store, "daily", NOON_MS - 12 * HOUR_MS, "current_pa")
        assert day == expected(records, "current_pa")
        assert store.select("SELECT * FROM unsummarised") == []


def test_old_records_go_and_leave_their_numbers_and_their_hours(opened) -> None:
    records = [drawn(seq) for seq in range(600) if seq not in (50, 51, 400)]
    with opened() as store:
        store.add(records)
        missing = store.gaps("bench")
        Retention(store, keep_raw_s=86400).run(NOON_MS + DAY_MS + 5 * HOUR_MS)
        assert store.count("bench") == 299
        assert store.select("SELECT first_seq, last_seq FROM removed") == [(0, 49), (52, 299)]
        assert store.gaps("bench") == missing
        assert store.boots("bench", 0) == [(1, 0, 599, 597)]
        assert sum(number for _, number in spans(store, "hourly")) == 597
        assert store.add(records[:2]) == [Outcome.DUPLICATE] * 2
        assert store.add([sent(50, 3000), sent(0, 0, soc_ppm=1)]) == [
            Outcome.NEW,
            Outcome.DUPLICATE,  # what it was, nobody knows any more
        ]
    with opened() as store:
        assert store.add(records[:2]) == [Outcome.DUPLICATE] * 2
        Retention(store, keep_raw_s=86400).run(NOON_MS + DAY_MS + 10 * HOUR_MS)
        assert store.select("SELECT first_seq, last_seq FROM removed") == [
            (0, 50),
            (52, 399),
            (401, 599),
        ]
        assert store.rows == store.count("bench") == 0


def test_what_comes_too_late_for_its_records_is_added_to_its_hour(opened) -> None:
    records = [drawn(seq) for seq in range(120)]
    late = [ReceivedRecord("bench", r.record, NOON_MS + YEAR_MS, True) for r in records[20:30]]
    with opened() as store:
        store.add([*records[:20], *records[30:]])
        Retention(store).run(NOON_MS + 120 * DAY_MS)
        assert store.count("bench") == 0
        assert store.add(late) == [Outcome.NEW] * 10
        Retention(store).run(NOON_MS + YEAR_MS + 89 * DAY_MS)
        assert store.count("bench") == 10  # until they are old as what has come
        for _ in range(2):
            Retention(store).run(NOON_MS + YEAR_MS + 91 * DAY_MS)
            assert store.count("bench") == 0
            n, least, mean, greatest, _ = summary(store, "hourly", NOON_MS, "current_pa")
            assert (n, least, mean, greatest) == expected(records[:60], "current_pa")[:4]
        day = summary(store, "daily", NOON_MS - 12 * HOUR_MS, "current_pa")
        assert day[:4] == expected(records, "current_pa")[:4]
        assert store.add(late) == [Outcome.DUPLICATE] * 10


@pytest.mark.parametrize("seed", range(3))
def test_in_whatever_order_things_happen_nothing_is_counted_twice_or_lost(opened, seed) -> None:
    rng = random.Random(seed)
    records = [drawn(seq) for seq in range(400)]
    parts = [records[at : at + 40] for at in range(0, 400, 40)]
    now_ms = NOON_MS + 400 * MINUTE_MS
    with opened() as store:
        rng.shuffle(parts)
        store.add([records[0]])  # its clock is set before the rest comes out of order
        for part in parts:
            now_ms += rng.randrange(DAY_MS // 2)
            history = [ReceivedRecord("bench", r.record, now_ms, True) for r in part]
            store.add(rng.sample(history, len(history)) + rng.sample(history, 3))
            if rng.random() < 0.7:
                Retention(store, keep_raw_s=rng.choice((1, 3)) * 86400).run(now_ms)
        Retention(store).run(now_ms + YEAR_MS)
        assert store.count("bench") == 0
        assert store.gaps("bench") == []
        assert store.select("SELECT * FROM unsummarised") == []
        for hour in range(6):
            begin, of_hour = NOON_MS + hour * HOUR_MS, records[60 * hour : 60 * hour + 60]
            for field in ("voltage_uv", "current_pa"):
                assert summary(store, "hourly", begin, field)[:4] == expected(of_hour, field)[:4]


def test_what_comes_late_keeps_nothing_else(opened) -> None:
    records = [drawn(seq) for seq in range(0, 7200, 20)]
    late = ReceivedRecord("bench", drawn(30).record, NOON_MS + 4 * DAY_MS, True)
    with opened() as store:
        store.add(records[:144])
        Retention(store, keep_raw_s=86400).run(NOON_MS + 2 * DAY_MS)
        store.add([late, *records[144:]])
        Retention(store, keep_raw_s=86400).run(NOON_MS + 5 * DAY_MS)
        assert store.count("bench") == 72 + 1
        rows = store.series("bench", ["seq"], NOON_MS, NOON_MS + HOUR_MS, 100)
        assert 30 in [seq for _, seq in rows]  # as a record of its own


@pytest.mark.parametrize("leap_ms", [-2 * HOUR_MS, -120 * DAY_MS])
@pytest.mark.parametrize("wrong", [range(1, 2), range(40, 41), range(40, 50)])
def test_a_clock_that_was_behind_for_a_while_deletes_nothing(opened, leap_ms, wrong) -> None:
    # a node reports every 10 minutes; of an earlier boot all is old
    every_ms = 10 * MINUTE_MS
    with opened() as store:
        store.add([sent(seq, 600 * seq - 120 * 86400, boot=1) for seq in range(20)])
        retention, seq, said = Retention(store), 0, []

        def now_ms() -> int:
            return NOON_MS + seq * every_ms + leap_ms * (seq in wrong)

        trusted = TrustedClock(store, now_ms, lambda: seq * every_ms, said.append)
        for seq in range(60):
            made = record(seq, boot=2, up_s=600 * seq)
            assert store.add([ReceivedRecord("bench", made, now_ms())]) == [Outcome.NEW]
            if seq % 20 < 2 or seq in wrong or seq - 1 in wrong:
                retention.run(trusted.now_ms())
        dated = dict(store.select("SELECT seq, unix_ms FROM records WHERE boot = 2"))
        assert dated == {seq: NOON_MS + seq * every_ms for seq in range(60)}
        retention.run(NOON_MS + DAY_MS)
        assert sum(number for at, number in spans(store, "hourly") if at >= 0) == 60
        assert sum(number for _, number in spans(store, "hourly")) == 80
        assert store.count("bench") == 60


def test_a_clock_that_is_ahead_for_a_while_deletes_nothing_and_is_said_once(opened) -> None:
    steady_ms, leap_ms, said = 0, 0, []
    records = [drawn(seq) for seq in range(600)]
    with opened() as store:
        store.add(records)

        def clock() -> TrustedClock:
            return TrustedClock(
                store, lambda: NOON_MS + steady_ms + leap_ms, lambda: steady_ms, said.append
            )

        trusted, retention = clock(), Retention(store, keep_raw_s=86400)
        for steady_ms in range(0, 10 * HOUR_MS, 30 * MINUTE_MS):
            leap_ms = YEAR_MS if HOUR_MS <= steady_ms < 6 * HOUR_MS else 0
            retention.run(trusted.now_ms())
        assert store.count("bench") == 600
        assert len(said) == 2
        assert said[0].startswith("the clock of this machine was set forward by 365 days")
        assert said[1].startswith("the clock of this machine was set back by 365 days")
        # while the monitor was away the clock was set wrong
        leap_ms = YEAR_MS
        trusted = clock()
        retention.run(trusted.now_ms())
        assert store.count("bench") == 600
        for _ in range(2):  # and keeps that time, over another restart too
            trusted = clock()
            for _ in range(5):
                steady_ms += 150 * MINUTE_MS
                retention.run(trusted.now_ms())
        assert store.count("bench") == 0
        assert len(said) == 2


def test_a_clock_that_is_set_right_is_believed_in_time(opened) -> None:
    steady_ms, leap_ms, said = 0, 0, []
    with opened() as store:
        trusted = TrustedClock(
            store, lambda: NOON_MS + steady_ms + leap_ms, lambda: steady_ms, said.append
        )
        assert trusted.now_ms() == NOON_MS
        steady_ms, leap_ms = HOUR_MS, 40_000  # within what a correction of seconds is
        assert trusted.now_ms() == NOON_MS + HOUR_MS + 40_000
        leap_ms += 3 * DAY_MS
        assert trusted.now_ms() == NOON_MS + HOUR_MS + 40_000
        steady_ms += DAY_MS - MINUTE_MS
        assert trusted.now_ms() == NOON_MS + steady_ms + 40_000
        steady_ms += MINUTE_MS
        assert trusted.now_ms() == NOON_MS + steady_ms + leap_ms
        assert len(said) == 1


def test_a_curve_goes_on_where_records_end(opened) -> None:
    spikes = {100: 1_100_000, 900: 3_900_000}
    made = [
        sent(seq, 60 * seq, voltage_uv=spikes.get(seq, 2_000_000), soc_ppm=100 * seq)
        for seq in range(1200)
    ]
    end_ms = NOON_MS + 1200 * MINUTE_MS
    with opened() as store:
        store.add(made)
        Retention(store, keep_raw_s=86400).run(NOON_MS + DAY_MS + 10 * HOUR_MS)
        assert store.count("bench") == 600
        names = ["voltage_v", "soc_pct", "seq"]
        rows = store.series("bench", names, NOON_MS, end_ms, 50)
        assert len(rows) <= 50
        voltages = [row[1] for row in rows]
        assert (min(voltages), max(voltages)) == (1.1, 3.9)
        charges = [row[2] for row in rows]
        assert charges == sorted(charges)
        assert (charges[0], charges[-1]) == (0, 11.99)
        assert [row[3] is None for row in rows[:2]] == [True, True]  # hours have no numbers
        assert rows[-1][3] == 1199
        times = [row[0] for row in rows]
        assert times == sorted(times)
        late = sent(50, 3000, history=True, voltage_uv=900_000)
        store.add([ReceivedRecord("bench", late.record, end_ms, True)])  # a number it has
        assert store.series("bench", names, NOON_MS, end_ms, 50) == rows


def test_a_curve_has_late_records_before_they_are_summarised(opened) -> None:
    made = [sent(seq, 60 * seq, voltage_uv=2_000_000) for seq in range(120) if seq != 30]
    with opened() as store:
        store.add(made)
        Retention(store).run(NOON_MS + 120 * DAY_MS)
        late = sent(30, 86400, history=True, voltage_uv=1_500_000)
        assert store.add([late]) == [Outcome.NEW]
        rows = store.series("bench", ["voltage_v"], NOON_MS, NOON_MS + 2 * HOUR_MS, 10)
        assert min(value for _, value in rows) == 1.5


def test_how_long_to_keep_records_has_a_bound() -> None:
    for command in (["monitor"], ["ingest", "--store", "r.sqlite"]):
        result = CliRunner().invoke(main, [*command, "--keep-raw", "23h"])
        assert result.exit_code == 2
        assert "'23h' must be 1d or more" in result.stderr

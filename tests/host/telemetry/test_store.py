"""A store, in SQLite and in PostgreSQL: the same questions, the same answers."""

import pytest
from mqtt_nodes import record
from store_records import NOON_MS, report, sent

from filmgauge_host.errors import InputError
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.telemetry.store import Outcome
from filmgauge_host.telemetry.store_reader import StoreReader


def test_stores_each_record_once_and_keeps_it(opened):
    reports = [report(seq) for seq in range(2500)]
    with opened() as store:
        assert store.add(reports) == [Outcome.NEW] * 2500
        assert store.add(reports[:2]) == [Outcome.DUPLICATE] * 2
    with opened() as store:
        assert store.rows == store.count("bench") == 2500
        assert list(store.records("bench")) == reports
        assert store.newest("bench", 2) == reports[-2:]


def test_same_key_with_other_content_keeps_the_first(opened):
    first = report(1)
    with opened() as store:
        outcomes = store.add([first, report(1, soc_ppm=1)])
        assert outcomes == [Outcome.NEW, Outcome.CONFLICT]
        assert list(store.records("bench")) == [first]


def test_orders_by_boot_and_seq_not_by_arrival(opened):
    with opened() as store:
        store.add([report(1, boot=2), report(9, boot=1), report(0, boot=2), report(5, "other")])
        assert [item.key for item in store.records("bench")] == [(0, 1, 9), (0, 2, 0), (0, 2, 1)]
        assert store.boots("bench", 0) == [(1, 9, 9, 1), (2, 0, 1, 2)]


def keys(store: StoreReader, node: str = "bench") -> list[tuple[int, int, int]]:
    return [item.key for item in store.records(node)]


def test_a_new_life_comes_behind_the_old_one_whatever_its_numbers(opened):
    old, new = 0xFFFF_0001, 5
    with opened() as store:
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
    with opened() as store:
        assert keys(store) == wanted


def test_a_life_of_which_only_the_past_comes_is_older_than_the_one_that_sends_it(opened):
    def past(seq: int, life: int) -> ReceivedRecord:
        return ReceivedRecord("bench", record(seq, 1, life=life), 1_700_000_000_000, True)

    with opened() as store:
        store.add([report(0, life=30)])  # as a node sends: the newest first, then its log
        store.add([past(0, 90), past(1, 90), past(0, 20)])
        assert list(store.lives("bench")) == [90, 20, 30]
        store.add([report(0, life=10), past(2, 90)])
        assert list(store.lives("bench")) == [90, 20, 30, 10]
        store.add([report(4, life=30)])  # of before, late
        assert list(store.lives("bench")) == [90, 20, 30, 10]
        store.add([report(3, life=20)])  # it was the past of nobody: it lives
        assert list(store.lives("bench")) == [90, 30, 10, 20]


def test_gaps_are_ranges_and_the_first_boot_may_begin_anywhere(opened):
    def at(boot, *seqs, life=0):
        return [report(seq, boot=boot, life=life) for seq in seqs]

    with opened() as store:
        store.add([*at(3, 5, 6, 9, 10, 20), *at(4, 2), *at(6, 0, 1), *at(1, 7, life=9)])
        store.add([report(50, "other")])
        assert store.gaps("bench") == [(0, 3, 7, 8), (0, 3, 11, 19), (0, 4, 0, 1)]
        store.add([*at(3, 12), *at(1, 9, life=9), *at(2, 1, life=9)])
        wanted = [(0, 3, 7, 8), (0, 3, 11, 11), (0, 3, 13, 19), (0, 4, 0, 1)]
        assert store.gaps("bench") == [*wanted, (9, 1, 8, 8), (9, 2, 0, 0)]
        assert store.gaps("other") == store.gaps("nobody") == []


def test_a_batch_with_repeats_in_it_has_the_outcome_of_each(opened):
    first, other = report(1), report(1, soc_ppm=1)
    with opened() as store:
        store.add([report(0)])
        batch = [first, report(0), first, other, report(2)]
        new, duplicate = Outcome.NEW, Outcome.DUPLICATE
        assert store.add(batch) == [new, duplicate, duplicate, Outcome.CONFLICT, new]
        assert store.rows == store.count("bench") == 3


def test_a_boot_is_anchored_by_a_live_record_alone(opened):
    late = ReceivedRecord("bench", record(4, boot=3), 1_700_000_009_000, True)
    with opened() as store:
        store.add([report(5), late, report(0, boot=2), report(3, "other")])
        assert store.anchored_boots("bench") == {(0, 1), (0, 2)}
        store.add([report(6, boot=3)])
        assert store.anchored_boots("bench") == {(0, 1), (0, 2), (0, 3)}


def measured_s(store) -> list[float]:
    rows = store.readings("bench", [], 0, 2**62)
    return [(row[0] - NOON_MS) / 1000 for row in rows]


def test_records_are_dated_by_when_they_were_measured(opened):
    with opened() as store:
        store.add([sent(0, 0), sent(5, 300)])
        store.add([sent(seq, 400, history=True) for seq in range(1, 5)])
        assert measured_s(store) == [0, 60, 120, 180, 240, 300]
    with opened() as store:  # the clock is in the file
        store.add([sent(6, 9000, history=True)])
        assert measured_s(store)[-1] == 360


def test_what_a_late_arrival_had_dated_is_dated_anew(opened):
    with opened() as store:
        store.add([sent(0, 7200), sent(1, 7200)])  # both waited in the broker
        assert measured_s(store) == [7140, 7200]
        store.add([sent(120, 7201)])
        assert measured_s(store) == [1, 61, 7201]


def test_a_boot_of_which_only_the_past_comes_is_dated_by_the_latest_it_can_be(opened):
    with opened() as store:
        store.add([sent(seq, 600, history=True) for seq in range(3)])
        assert measured_s(store) == [480, 540, 600]


def test_a_series_has_every_record_where_they_are_few(opened):
    with opened() as store:
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
def test_a_series_of_few_points_has_every_spike_and_the_order_of_time(opened, points):
    spikes = {777: 1_000_000, 1234: 3_900_000}
    with opened() as store:
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

import time

import pytest
from mqtt_nodes import record

from filmgauge_host.telemetry.messages import LastRecord, Rejected, Status
from filmgauge_host.telemetry.nodes import IngestStatistics, NodeSnapshot, NodeTracker
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.telemetry.retention import Retention
from filmgauge_host.telemetry.store import RecordStore

NOW = 1_700_000_000_000
DAY_MS = 86_400_000
ONLINE = Status("a", "online", None, NOW)


@pytest.mark.parametrize(
    ("state", "next_report_s", "age_s", "expected"),
    [
        ("online", 60.0, 100, "online"),
        ("online", 60.0, 101, "late"),  # 60 * 1.5 + 10 = 100
        ("sleeping", 300.0, 460, "sleeping"),
        ("sleeping", 300.0, 461, "late"),
        ("online", None, 460, "online"),  # without a word: as if 300
        ("online", None, 461, "late"),
        ("offline", 60.0, 1, "offline"),
    ],
)
def test_late_is_judged_by_the_announced_report(state, next_report_s, age_s, expected):
    status = Status("a", state, next_report_s, NOW)
    node = NodeSnapshot("a", last_seen_s=1000.0 - age_s, status=status)
    assert node.state(1000.0) == expected


def test_a_node_that_was_never_heard_is_unknown():
    assert NodeSnapshot("a").state(1000.0) == "unknown"


@pytest.mark.parametrize("history", [False, True])
def test_an_old_record_never_replaces_a_newer_one(tmp_path, history):
    newer = ReceivedRecord("a", record(9, boot=2), NOW)
    older = ReceivedRecord("a", record(50, boot=1), NOW + 5000, history)
    with RecordStore(tmp_path / "records.sqlite") as store:
        tracker = NodeTracker(store)
        tracker.load(ONLINE)
        for received in (newer, older):
            tracker.apply_all([(received, store.add([received])[0], 5.0)])
        assert tracker.snapshots()["a"].latest == newer
        again = NodeTracker(store)
        again.load(ONLINE)
        again.apply_all([(ONLINE, None, time.monotonic())])
        assert again.snapshots()["a"].latest == newer
        seen_s = again.snapshots()["a"].last_seen_s
        assert seen_s == pytest.approx(time.monotonic() - (time.time() - NOW / 1000), abs=60)


@pytest.mark.parametrize("lives", [(90, 3), (3, 90), (0, 3)])
def test_a_node_that_counts_boot_1_again_is_shown_live_and_loses_nothing(tmp_path, lives):
    old, new = lives
    before = [ReceivedRecord("a", record(seq, 7, life=old), NOW) for seq in range(21)]
    after = [ReceivedRecord("a", record(seq, 1, life=new), NOW) for seq in range(26)]
    late = ReceivedRecord("a", record(21, 7, life=old), NOW, True)
    with RecordStore(tmp_path / "records.sqlite") as store:
        tracker = NodeTracker(store)
        tracker.load(ONLINE)
        for received in (*before, *after, late):
            tracker.apply_all([(received, store.add([received])[0], 5.0)])
        again = NodeTracker(store)
        again.load(ONLINE)
        again.apply_all([(ONLINE, None, time.monotonic())])
        for each in (tracker, again):
            node = each.snapshots()["a"]
            assert node.latest == after[-1]
            assert node.lives == 2
            assert node.statistics.lost == 0
        assert tracker.snapshots()["a"].statistics.received == 48
        assert len(list(store.records("a"))) == 48


@pytest.mark.parametrize("step_s", [-3600 * 24 * 365, -3600, 3600, 3600 * 24 * 365])
def test_a_wall_clock_that_is_set_makes_nobody_late(tmp_path, monkeypatch, step_s):
    with RecordStore(tmp_path / "records.sqlite") as store:
        tracker = NodeTracker(store)
        tracker.load(ONLINE)
        wall = time.time()
        for seq, clock_s in enumerate((wall, wall + step_s)):
            monkeypatch.setattr(time, "time", lambda clock_s=clock_s: clock_s)
            received = ReceivedRecord("a", record(seq), round(clock_s * 1000))
            tracker.apply_all([(received, store.add([received])[0], 100.0 + 300.0 * seq)])
        node = tracker.snapshots()["a"]
        assert node.state(401.0) == "online"
        assert node.state(400.0 + 461) == "late"
        again = NodeTracker(store)  # what a run before has stored, of a clock that was ahead
        again.load(ONLINE)
        again.apply_all([(ONLINE, None, 5.0)])
        seen_s = again.snapshots()["a"].last_seen_s
        assert seen_s is not None
        assert seen_s <= time.monotonic()


RETAINED = Status("a", "sleeping", 60.0, NOW, is_retained=True)


def test_what_the_broker_has_kept_says_nothing_of_when(tmp_path):
    with RecordStore(tmp_path / "records.sqlite") as store:
        tracker = NodeTracker(store)
        tracker.load(RETAINED)
        tracker.apply_all([(RETAINED, None, 5.0)])
        node = tracker.snapshots()["a"]
        assert node.last_seen_s is None
        assert node.state(6.0) == "unknown"
        tracker.apply_all([(ONLINE, None, 7.0)])
        assert tracker.snapshots()["a"].state(8.0) == "online"


def test_a_node_whose_records_are_gone_by_age_is_late_and_shown_as_it_was(opened):
    made = [
        ReceivedRecord("a", record(seq, 3, life=7, soc_ppm=500_000 + seq, up_s=seq), NOW + seq)
        for seq in range(5)
    ]
    with opened() as store:
        store.add(made)
        Retention(store).run(NOW + 100 * DAY_MS)
        assert store.count("a") == 0
        tracker = NodeTracker(store)
        tracker.load(RETAINED)
        tracker.apply_all([(RETAINED, None, time.monotonic())])
        node = tracker.snapshots()["a"]
        assert node.state(time.monotonic()) == "late"
        hour_ms = NOW // 3_600_000 * 3_600_000
        past_s = time.time() - hour_ms / 1000
        assert node.last_seen_s == pytest.approx(time.monotonic() - past_s, abs=60)
        latest = node.latest
        assert latest is not None
        assert latest.key == (7, 3, 4)
        assert latest.value("soc_ppm") == 500_004
        assert (latest.value("faults"), latest.history) == (None, True)
        assert latest.received_unix_ms == hour_ms
        # which the broker may have whole, without knowing when it came
        whole = LastRecord(ReceivedRecord("a", made[-1].record, NOW + 100 * DAY_MS, True))
        tracker.apply_all([(whole, None, time.monotonic())])
        node = tracker.snapshots()["a"]
        assert node.latest is not None
        assert node.latest.record == made[-1].record
        assert node.latest.received_unix_ms == hour_ms
        assert node.state(time.monotonic()) == "late"


def last(seq: int, life: int = 0, boot: int = 1) -> LastRecord:
    return LastRecord(ReceivedRecord("a", record(seq, boot, life=life), NOW, True))


def test_the_retained_record_is_shown_until_the_record_itself_comes(tmp_path):
    with RecordStore(tmp_path / "records.sqlite") as store:
        tracker = NodeTracker(store)
        tracker.load(last(9))
        tracker.apply_all([(last(9), None, 5.0)])
        node = tracker.snapshots()["a"]
        assert node.latest == last(9).received
        assert node.last_seen_s is None
        assert node.state(6.0) == "unknown"
        assert node.statistics == IngestStatistics()
        live = ReceivedRecord("a", record(9), NOW + 1)
        older = ReceivedRecord("a", record(8), NOW + 2, True)
        for received in (live, older):
            tracker.apply_all([(received, store.add([received])[0], 7.0), (last(9), None, 7.0)])
        node = tracker.snapshots()["a"]
        assert node.latest == live
        assert node.last_seen_s == 7.0
        assert node.statistics == IngestStatistics(received=2)


@pytest.mark.parametrize(
    ("retained", "shown"),
    [(last(9, 3), False), (last(11, 3), True), (last(99, 2), False), (last(0, 7), True)],
    ids=["older", "newer", "of an older life", "of a life that is new"],
)
def test_the_retained_record_never_hides_a_newer_one(tmp_path, retained, shown):
    stored = [ReceivedRecord("a", record(10, life=life), NOW) for life in (2, 3)]
    with RecordStore(tmp_path / "records.sqlite") as store:
        tracker = NodeTracker(store)
        for received in stored:
            tracker.load(received)
            tracker.apply_all([(received, store.add([received])[0], 5.0)])
        tracker.apply_all([(retained, None, 6.0)])
        assert tracker.snapshots()["a"].latest == (retained.received if shown else stored[1])


def test_strangers_that_send_nothing_of_use_are_counted_up_to_a_bound(tmp_path):
    with RecordStore(tmp_path / "records.sqlite") as store:
        tracker = NodeTracker(store)
        for number in range(1000):
            refused = Rejected(f"x{number}", "topic", f"reason {number}", NOW)
            tracker.load(refused)
            tracker.apply_all([(refused, None, 5.0)] * 2)
        found = tracker.snapshots()
        assert len(found) == 100
        assert found["x7"].statistics.malformed == 2
        assert found["x7"].refusal.reason == "reason 7"
        tracker.load(last(1))
        tracker.apply_all([(last(1), None, 5.0)])
        assert tracker.snapshots()["a"].latest is not None

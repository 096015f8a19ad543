import pytest
from hypothesis import given
from hypothesis import strategies as st
from mqtt_nodes import record

from filmgauge_host.telemetry.node_time import BootClock, measured_times
from filmgauge_host.telemetry.received_record import ReceivedRecord
from filmgauge_host.telemetry.store import RecordStore

BOOTED = 1_700_000_000_000


def sent(up_s: int, received_unix_ms: int, history: bool = False, boot: int = 1) -> ReceivedRecord:
    return ReceivedRecord("a", record(up_s, boot, up_s=up_s), received_unix_ms, history)


def at(clock: BootClock, up_s: int) -> tuple[int | None, str]:
    return clock.measured(sent(up_s, BOOTED + 10**9, history=True))


def test_history_lies_between_the_live_records_of_its_boot():
    clock = BootClock([(100, BOOTED + 100_000), (200, BOOTED + 200_010), (300, BOOTED + 300_010)])
    assert at(clock, 100) == (BOOTED + 100_000, "anchored")
    assert at(clock, 150) == (BOOTED + 150_005, "anchored")
    assert at(clock, 250) == (BOOTED + 250_010, "anchored")
    assert at(clock, 10) == (BOOTED + 10_000, "anchored")
    assert at(clock, 400) == (BOOTED + 400_010, "anchored")
    assert clock.measured(sent(200, BOOTED + 200_010)) == (BOOTED + 200_010, "live")


def test_a_boot_that_was_never_heard_live_has_no_time():
    assert at(BootClock([]), 5) == (None, "unknown")


def test_what_waited_in_a_broker_moves_nothing():
    hour = 3600
    live = [(up_s, BOOTED + up_s * 1000 + 40) for up_s in range(0, 10 * hour, 300)]
    fetched = BOOTED + 10 * hour * 1000  # all that came in four hours at once
    late = [(up_s, fetched if 3 * hour < up_s < 7 * hour else ms) for up_s, ms in live]
    clock = BootClock(late)
    for up_s, came in live:
        assert at(clock, up_s) == (came, "anchored")
    assert clock.measured(sent(5 * hour, fetched)) == (BOOTED + 5 * hour * 1000 + 40, "anchored")


@given(
    st.floats(-0.015, 0.015),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 2000)), min_size=1, max_size=40),
    st.lists(st.integers(0, 10**6), max_size=5),
)
def test_the_error_is_that_of_delays_and_drift_whatever_the_oscillator(drift, live, backlog):
    def true_ms(up_s: int) -> float:
        return BOOTED + up_s * 1000 * (1 + drift)

    clock = BootClock((up_s, round(true_ms(up_s)) + delay_ms) for up_s, delay_ms in live)
    ends = sorted(up_s for up_s, _ in live)
    for up_s in (*backlog, *ends):
        found, _ = at(clock, up_s)
        beyond_s = max(ends[0] - up_s, up_s - ends[-1], 0)
        # Of two anchors beside each other one may be left out for its delay of 2 s at most.
        nearest_s = 2.0 / (0.02 - abs(drift))
        bound_ms = 2001 + (beyond_s + nearest_s) * 1000 * abs(drift)
        assert abs(found - true_ms(up_s)) <= bound_ms


def test_each_boot_has_a_clock_of_its_own(tmp_path):
    with RecordStore(tmp_path / "records.sqlite") as store:
        batch = [
            sent(60, BOOTED + 60_000),
            sent(30, BOOTED + 60_001, history=True),
            sent(10, BOOTED + 500_000, boot=2),
            sent(5, BOOTED + 500_001, history=True, boot=2),
            sent(5, BOOTED + 500_002, history=True, boot=3),
        ]
        store.add(batch)
        times = {each.key[1:]: found for each, found in measured_times(store, store.records("a"))}
    assert times == {
        (1, 30): (BOOTED + 30_000, "anchored"),
        (1, 60): (BOOTED + 60_000, "live"),
        (2, 5): (BOOTED + 495_000, "anchored"),
        (2, 10): (BOOTED + 500_000, "live"),
        (3, 5): (None, "unknown"),
    }


@pytest.mark.parametrize("order", [1, -1])
def test_the_order_of_readings_changes_nothing(order):
    readings = [
        (0, BOOTED),
        (100, BOOTED + 100_900),
        (100, BOOTED + 100_300),
        (200, BOOTED + 200_000),
    ]
    clock = BootClock(readings[::order])
    assert at(clock, 100) == (BOOTED + 100_300, "anchored")

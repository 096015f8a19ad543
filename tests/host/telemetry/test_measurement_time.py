"""When a record was measured: by its boot's clock, whatever waited where."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filmgauge_host.telemetry.measurement_time import BootClock, quality

BEGAN_MS = 1_700_000_000_000


def dated(*events: tuple[int, int, bool]) -> tuple[BootClock, list[int]]:
    """Let (up_s, seconds after the boot at which it came, live) come in turn."""
    clock, times = None, []
    for up_s, came_s, is_live in events:
        received = BEGAN_MS + 1000 * came_s
        if clock is None:
            clock = BootClock.first(up_s, received, is_live)
            times.append(received)
        else:
            times.append(clock.date(up_s, received, is_live))
    assert clock is not None
    return clock, [(each - BEGAN_MS) // 1000 for each in times]


def test_what_comes_at_once_is_dated_by_its_arrival_and_sets_the_clock() -> None:
    assert dated((0, 1, True), (300, 301, True), (600, 604, True))[1] == [1, 301, 604]


def test_what_had_waited_on_the_node_or_in_the_broker_is_dated_by_the_clock() -> None:
    live, late, waited = (0, 0, True), (300, 900, False), (600, 9000, True)
    assert dated(live, late, waited)[1] == [0, 300, 600]


def test_a_clock_that_was_set_by_what_had_waited_is_set_back() -> None:
    # an hour's records wait in the broker, then one comes as it is made
    waited = [(up_s, 3600, True) for up_s in range(0, 3600, 300)]
    clock, _ = dated(*waited, (3600, 3601, True))
    assert clock.is_corrected
    assert [clock.at(up_s) for up_s in (0, 300)] == [BEGAN_MS + 1000, BEGAN_MS + 301_000]
    assert clock.is_misdated(0, BEGAN_MS + 3_600_000)
    assert not clock.is_misdated(3300, BEGAN_MS + 3_301_000)


HOUR_S = 3600


@pytest.mark.parametrize("leap_s", [-2 * HOUR_S, -120 * 86_400, 2 * HOUR_S, 365 * 86_400])
def test_one_wrong_reading_of_the_hosts_clock_moves_nothing(leap_s) -> None:
    good = [(up_s, up_s, True) for up_s in range(0, 6000, 600)]
    wrong, back = (6000, 6000 + leap_s, True), (5700, 6001 + leap_s, False)
    clock, times = dated(*good, wrong, back, (6600, 6600, True), (6900, 6900, True))
    assert times == [*range(0, 6000, 600), 6000, 5700, 6600, 6900]
    assert not clock.is_corrected


@pytest.mark.parametrize("leap_s", [-300 * 86_400, 365 * 86_400])
def test_a_clock_that_a_wrong_reading_has_set_is_set_by_those_that_agree(leap_s) -> None:
    rest = [(up_s, up_s, True) for up_s in (600, 1200, 1800, 2400)]
    clock, times = dated((0, leap_s, True), *rest)
    assert times == [leap_s, leap_s + 600, leap_s + 1200, 1800, 2400]
    assert clock.is_set_forward == (leap_s < 0)
    assert clock.is_set_back == (leap_s > 0)


@pytest.mark.parametrize(
    "late",
    [
        [(up_s, 9000, True) for up_s in range(600, 6000, 600)],  # they had waited in the broker
        [(up_s, up_s + 9000, True) for up_s in range(600, 1200, 10)],  # not for long enough
        [(up_s, up_s + 9000, False) for up_s in range(600, 6000, 600)],  # on the node
        [(600, 9600, True), (1200, 1200, True), (1800, 10_800, True), (2400, 11_400, True)],
    ],
)
def test_what_is_only_late_does_not_set_a_clock_forward(late) -> None:
    clock, times = dated((0, 0, True), *late)
    assert times == [0, *(up_s for up_s, *_ in late)]
    assert not clock.is_corrected


def test_what_a_clock_dated_that_was_behind_is_dated_anew() -> None:
    came = [(0, -7200, True), *((up_s, up_s, True) for up_s in (600, 1203, 1800))]
    clock, times = dated(*came)
    again = [
        (clock.date_again(up_s, BEGAN_MS + 1000 * at, BEGAN_MS + 1000 * came_s, True) - BEGAN_MS)
        // 1000
        for (up_s, came_s, _), at in zip(came, times, strict=True)
    ]
    assert again == [0, 600, 1203, 1800]


@given(st.floats(-0.015, 0.015), st.lists(st.integers(60, 7200), min_size=1, max_size=50))
def test_a_clock_that_runs_wrong_by_what_is_allowed_is_followed(error, steps) -> None:
    true_s, events = 0, [(0, 0, True)]
    for step in steps:
        true_s += step
        events.append((round(true_s * (1 + error)), true_s, True))
    clock, times = dated(*events)
    assert times == [came_s for _, came_s, _ in events]
    assert not clock.is_corrected


def test_a_clock_that_runs_wrong_dates_right_what_a_node_kept_in_a_silence() -> None:
    # It loses one second of a hundred. Of a week nobody listened; then it sends what is newest,
    # the log, and goes on, while more of the log comes.
    week_s, late_s = 604_800, 605_500
    true_s = range(0, week_s, 86_400)
    log = [(round(0.99 * at), late_s, False) for at in true_s]
    live = [(0, 0, True), (round(0.99 * week_s), week_s, True)]
    _, times = dated(*live, *log[:4], (round(0.99 * (week_s + 300)), week_s + 300, True), *log[4:])
    assert times[2:6] + times[7:] == pytest.approx(list(true_s), abs=1)


@pytest.mark.parametrize(
    ("received_s", "is_live", "is_anchored", "expected"),
    [
        (0, True, True, "live"),
        (9, True, True, "anchored"),  # it had waited in the broker
        (9, False, True, "anchored"),
        (0, False, True, "anchored"),  # the backlog came at once: still no proof
        (0, False, False, "latest"),
    ],
)
def test_how_a_time_is_known(received_s, is_live, is_anchored, expected) -> None:
    received_ms = BEGAN_MS + 1000 * received_s
    assert quality(BEGAN_MS, received_ms, is_live, is_anchored) == expected

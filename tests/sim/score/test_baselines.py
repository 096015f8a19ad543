"""Baselines on cases whose answer is known by hand."""

import pytest

from filmgauge_sim.cell import load_parameters
from filmgauge_sim.cell.open_circuit import OpenCircuit
from filmgauge_sim.score.baselines import (
    ChargeCount,
    CountingGauge,
    FullCounter,
    KalmanGauge,
    LearningCounter,
    MeanCurve,
    ResettingGauge,
    RestTableGauge,
)
from filmgauge_sim.score.sensor_model import Interrupt, Reading, ReadingKind

SET = load_parameters("evp-li")
CAPACITY = SET.capacity_uah_cm2
PER_UA = 12800  # counts a second of 1 uA through 1 kohm
EVERY = [CountingGauge, ResettingGauge, RestTableGauge, KalmanGauge]


def made(kind, start=0.5):
    return kind(SET, 1.0, 1_000_000, start)


def reading(
    current_ua, seconds=60.0, voltage=2.15, interrupt=Interrupt.TIMER, kind=ReadingKind.CONNECTED
):
    return Reading(
        kind,
        round(seconds * 1e3),
        round(current_ua * PER_UA * seconds),
        round(current_ua * PER_UA),
        round(voltage * 1e6),
        2500,
        0,
        0,
        interrupt,
    )


@pytest.mark.parametrize("kind", [CountingGauge, ResettingGauge, RestTableGauge])
def test_a_counter_counts(kind):
    gauge = made(kind, 0.8)
    for _ in range(60):
        gauge.update(reading(-CAPACITY / 10))
    assert gauge.soc() == pytest.approx(0.7, abs=1e-6)
    assert gauge.available_uah(1.0, 6000) == pytest.approx(0.7 * CAPACITY, rel=1e-5)


@pytest.mark.parametrize("kind", EVERY)
def test_a_state_of_charge_stays_between_its_ends(kind):
    for current in (CAPACITY, -CAPACITY):
        gauge = made(kind)
        for _ in range(240):
            gauge.update(reading(current))
        assert 0.0 <= gauge.soc() <= 1.0


@pytest.mark.parametrize("kind", EVERY)
def test_a_shared_count_is_that_of_its_own(kind):
    charge = ChargeCount(1_000_000)
    alone, shared = made(kind), kind(SET, 1.0, 1_000_000, 0.5, charge)
    lost = Reading(ReadingKind.LOST, 60_000)
    for each in (reading(-1.0), reading(0.001), lost, reading(2.0, interrupt=Interrupt.DONE)):
        alone.update(each)
        charge.add(each)
        shared.follow(each)
        assert shared.soc() == alone.soc()
        assert shared.time_to_empty_h(2500) == alone.time_to_empty_h(2500)


@pytest.mark.parametrize("kind", EVERY)
def test_a_lost_reading_changes_nothing(kind):
    gauge = made(kind, 0.37)
    gauge.update(Reading(ReadingKind.LOST, 60_000))
    assert gauge.soc() == 0.37


@pytest.mark.parametrize("kind", EVERY)
def test_time_to_empty_is_charge_over_recent_current(kind):
    gauge = made(kind, 0.9)
    assert gauge.time_to_empty_h(2500) is None
    for _ in range(6 * 60):
        gauge.update(reading(-CAPACITY / 20, voltage=1.8))
    # Six hours of a mean with a time constant of one: 0.25 % are missing.
    assert gauge.time_to_empty_h(2500) == pytest.approx(gauge.soc() * 20.0, rel=0.004)


def test_the_ends_reset():
    gauge = made(ResettingGauge, 0.3)
    gauge.update(reading(CAPACITY / 50, interrupt=Interrupt.HIGH))
    assert gauge.soc() == pytest.approx(0.3, abs=1e-3)
    gauge.update(reading(CAPACITY / 50, interrupt=Interrupt.DONE))
    assert gauge.soc() == 1.0
    gauge.update(reading(-1.2 * CAPACITY, seconds=1.0, interrupt=Interrupt.LOW))
    assert gauge.soc() > 0.9  # an overload ends no discharge
    gauge.update(reading(-CAPACITY / 10, interrupt=Interrupt.LOW))
    assert gauge.soc() == 0.0
    plain = made(CountingGauge, 0.3)
    plain.update(reading(CAPACITY / 50, interrupt=Interrupt.DONE))
    assert plain.soc() < 0.31


def test_the_table_is_read_after_an_hour_of_rest():
    gauge = made(RestTableGauge, 0.9)
    halfway_v = OpenCircuit(SET).voltage_v(0.5)
    for _ in range(59):
        gauge.update(reading(0.0, voltage=halfway_v))
    assert gauge.soc() == 0.9
    gauge.update(reading(0.0, voltage=halfway_v))
    assert gauge.soc() == pytest.approx(0.5, abs=1e-3)
    gauge.update(reading(-CAPACITY / 10, voltage=1.0))
    assert gauge.soc() == pytest.approx(0.5, abs=2e-3)


def test_hysteresis_misleads_the_table():
    gauge = made(RestTableGauge, 0.5)
    for _ in range(60):
        gauge.update(reading(0.0, voltage=OpenCircuit(SET).voltage_v(0.5) - 0.2))
    assert gauge.soc() < 0.1


def test_the_table_inverts_itself():
    table = MeanCurve(SET, 1001)
    for soc in (0.0, 0.004, 0.25, 0.5, 0.75, 0.999, 1.0):
        voltage, _ = table.voltage_v(soc)
        assert table.soc(voltage) == pytest.approx(soc, abs=1e-9)
    assert (table.soc(0.0), table.soc(5.0)) == (0.0, 1.0)


def test_the_filter_finds_the_end_from_a_wrong_start():
    """At the empty end the curve is steep: the filter has to see that its start was too high."""
    gauge, true = made(KalmanGauge, 0.10), 0.004
    curve = OpenCircuit(SET)
    for _ in range(600):
        gauge.update(reading(0.0, voltage=curve.voltage_v(true)))
    assert gauge.soc() < 0.05
    assert gauge.sigma() < 0.05


def test_the_filter_without_information_is_a_counter():
    filtered, counted = made(KalmanGauge, 0.5), made(CountingGauge, 0.5)
    table = MeanCurve(SET, 1001)
    for _ in range(120):
        each = reading(-0.02 * CAPACITY)
        counted.update(each)
        expected_v, _ = table.voltage_v(counted.soc())
        filtered.update(reading(-0.02 * CAPACITY, voltage=expected_v - 0.2))
    assert filtered.soc() == pytest.approx(counted.soc(), abs=0.02)


def test_a_full_counter_knows_the_full_end_alone():
    gauge = made(FullCounter, 0.5)
    gauge.update(reading(CAPACITY / 50, interrupt=Interrupt.DONE))
    assert gauge.soc() == 1.0
    for _ in range(60):
        gauge.update(reading(-CAPACITY / 10))
    gauge.update(reading(-CAPACITY / 10, interrupt=Interrupt.LOW))
    assert gauge.soc() == pytest.approx(0.9 - 1 / 600, abs=1e-6)


def test_a_learning_counter_takes_what_came_between_the_ends_for_its_capacity():
    gauge = made(LearningCounter, 0.5)
    gauge.update(reading(-CAPACITY / 10, interrupt=Interrupt.LOW))
    assert gauge.full_uah() == CAPACITY  # the first end may have come from anywhere
    gauge.update(reading(CAPACITY / 50, interrupt=Interrupt.DONE))
    for _ in range(8 * 60 - 1):
        gauge.update(reading(-CAPACITY / 10))
    gauge.update(reading(-CAPACITY / 10, interrupt=Interrupt.LOW))
    assert gauge.soc() == 0.0
    assert gauge.full_uah() == pytest.approx(0.8 * CAPACITY, rel=1e-6)
    for _ in range(4 * 60):
        gauge.update(reading(CAPACITY / 10))
    assert gauge.soc() == pytest.approx(0.5, abs=1e-6)
    assert gauge.full_uah() == pytest.approx(0.8 * CAPACITY, rel=1e-6)


def test_a_learning_counter_learns_nothing_from_an_overload():
    gauge = made(LearningCounter, 0.5)
    gauge.update(reading(CAPACITY / 50, interrupt=Interrupt.DONE))
    gauge.update(reading(-CAPACITY / 2, interrupt=Interrupt.LOW))
    assert gauge.soc() > 0.98
    assert gauge.full_uah() == CAPACITY

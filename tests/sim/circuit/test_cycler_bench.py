"""The bench circuit: the cycler's steps, the charge balance and what the sensors see of it."""

import math
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filmgauge_sim.cell import FilmCell, load_parameters
from filmgauge_sim.circuit.ambient import Ambient
from filmgauge_sim.circuit.cycler_bench import CurrentStep, Cycler, CyclerBench
from filmgauge_sim.circuit.sensor_pair import SensorPair
from filmgauge_sim.parts.bus import I2CBus
from filmgauge_sim.parts.ina228 import Ina228
from filmgauge_sim.parts.tmp117 import Tmp117

GATE = 10
HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
UAUS_PER_UAH = 3.6e9  # uA us
COUNT_PC = 78.125  # INA228: 78.125 nV across 1000 ohm for 1 s
# The balance is that of the circuit: what the cell loses by itself has tests of its own.
PARAMETERS = replace(load_parameters("evp-li"), charge_acceptance=1.0, self_discharge_per_year=0.0)
CAPACITY_UAH = PARAMETERS.capacity_uah_cm2  # of 1 cm2
FIFTH = CAPACITY_UAH / 5


class Watched(Cycler):
    """Notes when each step ends and at which voltage."""

    def __init__(self, steps: list[CurrentStep]):
        super().__init__(steps)
        self.ended: list[tuple[int, CurrentStep, float]] = []
        self.bench: CyclerBench

    def next_step(self, now_us: int) -> None:
        self.ended.append((now_us, self.step, self.bench.truth().voltage_v))
        super().next_step(now_us)


def bench_of(
    steps: list[CurrentStep],
    stoichiometry: float = 0.5,
    ambient: Ambient | None = None,
    load_ohm: float | None = None,
):
    """Return a bench with an ideal sensor at 1000 ohm, and its cycler."""
    cycler = Watched(steps)
    cycler.bench = CyclerBench(
        cell=FilmCell(PARAMETERS, 1.0, stoichiometry),
        cycler=cycler,
        ambient=ambient or Ambient(),
        sensing=SensorPair(Ina228(1000.0), Tmp117(offset_c=0.0), I2CBus()),
        gate_pin=GATE,
        load_ohm=load_ohm,
    )
    return cycler.bench, cycler


CYCLE = [
    CurrentStep("charge", FIFTH, until_v=4.0),
    CurrentStep("rest", 0.0, duration_us=HOUR_US),
    CurrentStep("discharge", -FIFTH, until_v=1.0),
    CurrentStep("rest", 0.0, duration_us=2 * HOUR_US),
]


def start_sensor(bench: CyclerBench) -> None:
    """Set the INA228 up as the firmware does: 40 mV, one to one, continuous, 20.7 ms a result."""
    for register, value in ((0x00, 0x8000), (0x00, 0x0010), (0x02, 4096), (0x01, 0xBBE9)):
        bench.bus.write(0x40, register, value.to_bytes(2, "big"), bench.truth().now_us)


def charge_counts(bench: CyclerBench) -> int:
    raw = bench.bus.read(0x40, 0x0A, 5, bench.truth().now_us)
    return int.from_bytes(raw, "big", signed=True)


def test_no_steps_rest_for_ever():
    bench, cycler = bench_of([])
    bench.advance_to(30 * DAY_US)
    assert bench.truth().current_ua == 0.0
    assert bench.truth().stoichiometry == 0.5
    assert cycler.ended == []


def test_steps_follow_each_other_round_and_round():
    bench, cycler = bench_of(CYCLE)
    bench.advance_to(3 * DAY_US)
    assert len(cycler.ended) >= 8
    for at, (_, step, _) in enumerate(cycler.ended):
        assert step == CYCLE[at % 4]


def test_a_voltage_limit_is_met():
    bench, cycler = bench_of(CYCLE)
    bench.advance_to(3 * DAY_US)
    for _, step, voltage_v in cycler.ended:
        if step.until_v is not None:
            # The step ends at the microsecond after the crossing.
            assert voltage_v == pytest.approx(step.until_v, abs=1e-6)


def test_a_rest_lasts_its_hours():
    bench, cycler = bench_of(CYCLE)
    bench.advance_to(3 * DAY_US)
    for before, after in zip(cycler.ended, cycler.ended[1:], strict=False):
        if after[1].duration_us is not None:
            assert after[0] - before[0] == after[1].duration_us


def test_time_ends_a_step_before_its_voltage():
    step = CurrentStep("discharge", -FIFTH, duration_us=HOUR_US // 2, until_v=1.0)
    bench, cycler = bench_of([step, CurrentStep("rest", 0.0, duration_us=HOUR_US)])
    bench.advance_to(HOUR_US)
    assert [at_us for at_us, *_ in cycler.ended] == [HOUR_US // 2]


def test_a_step_whose_limit_is_passed_already_ends_at_once():
    steps = [
        CurrentStep("discharge", -FIFTH, until_v=3.9),
        CurrentStep("rest", 0.0, duration_us=HOUR_US),
    ]
    bench, cycler = bench_of(steps)
    bench.advance_to(10 * HOUR_US)
    assert cycler.ended[0][0] <= 1
    assert len(cycler.ended) in (19, 20)
    assert bench.truth().stoichiometry == pytest.approx(0.5, abs=1e-9)


def test_charge_is_conserved():
    bench, cycler = bench_of(CYCLE, ambient=Ambient(22.0, 4.0))
    bench.advance_to(3 * DAY_US)
    passed, since_us = 0.0, 0
    for at_us, step, _ in cycler.ended:
        passed += step.current_ua * (at_us - since_us)
        since_us = at_us
    passed += cycler.step.current_ua * (3 * DAY_US - since_us)
    change = bench.truth().stoichiometry - 0.5
    assert change * CAPACITY_UAH * UAUS_PER_UAH == pytest.approx(passed, rel=1e-9)


def test_the_gate_drains_the_cell():
    steps = [
        CurrentStep("charge", FIFTH, duration_us=HOUR_US),
        CurrentStep("rest", 0.0, duration_us=HOUR_US),
        CurrentStep("discharge", -FIFTH, duration_us=HOUR_US // 2),
    ]
    bench, _ = bench_of(steps)
    gate_uaus = 0.0
    closings = range(60_000_000, HOUR_US * 5 // 2 - 60_000_000, 60_000_000)
    for at_us in closings:
        bench.advance_to(at_us)
        voltage_v = bench.truth().voltage_v
        bench.set_pin(GATE, 1, at_us)
        bench.advance_to(at_us + 46_000)
        bench.set_pin(GATE, 0, at_us + 46_000)
        gate_uaus += voltage_v / 1e6 * 1e6 * 46_000
    bench.advance_to(HOUR_US * 5 // 2)
    passed = FIFTH * HOUR_US - FIFTH * HOUR_US / 2 - gate_uaus
    change = bench.truth().stoichiometry - 0.5
    assert change * CAPACITY_UAH * UAUS_PER_UAH == pytest.approx(passed, rel=1e-9)


def test_other_pins_do_nothing():
    bench, _ = bench_of([])
    bench.set_pin(GATE + 1, 1, 0)
    bench.advance_to(DAY_US)
    assert bench.truth().stoichiometry == 0.5


def test_the_gate_is_not_seen_by_the_shunt():
    bench, _ = bench_of([])
    start_sensor(bench)
    voltage_v = bench.truth().voltage_v
    bench.set_pin(GATE, 1, 0)
    bench.advance_to(HOUR_US)
    assert charge_counts(bench) == 0
    drained = (0.5 - bench.truth().stoichiometry) * CAPACITY_UAH
    assert drained == pytest.approx(voltage_v)  # uAh: a uA a volt for an hour


def test_the_accumulator_is_the_integral_of_the_cyclers_current():
    bench, cycler = bench_of(CYCLE)
    start_sensor(bench)
    minutes = DAY_US // 60_000_000
    for minute in range(1, minutes + 1):
        bench.advance_to(minute * 60_000_000)
    passed, since_us = 0.0, 0
    for at_us, step, _ in cycler.ended:
        passed += step.current_ua * (at_us - since_us)
        since_us = at_us
    passed += cycler.step.current_ua * (DAY_US - since_us)
    # Half a count of rounding in each second, and a conversion cut in two at each step's end.
    rounding = 0.5 * DAY_US / 1e6
    edges = (len(cycler.ended) + 2) * 0.05 * FIFTH * 1e6 / COUNT_PC
    assert abs(charge_counts(bench) - passed / COUNT_PC) <= rounding + edges


times = st.lists(st.integers(0, 30 * HOUR_US), max_size=12)


@settings(max_examples=40, deadline=None)
@given(times)
def test_any_split_of_the_time_gives_the_same_state(splits):
    whole, _ = bench_of(CYCLE, ambient=Ambient(22.0, 4.0))
    whole.advance_to(30 * HOUR_US)
    parts, _ = bench_of(CYCLE, ambient=Ambient(22.0, 4.0))
    for at_us in sorted(splits):
        parts.advance_to(at_us)
        parts.truth()  # settles the cell there
    parts.advance_to(30 * HOUR_US)
    one, other = whole.truth(), parts.truth()
    assert (one.phase, one.temperature_c) == (other.phase, other.temperature_c)
    assert other.stoichiometry == pytest.approx(one.stoichiometry, abs=1e-9)
    assert other.voltage_v == pytest.approx(one.voltage_v, abs=1e-6)


@settings(max_examples=12, deadline=None)  # each is three hours of a sensor
@given(st.lists(st.integers(0, 3 * HOUR_US), max_size=12))
def test_any_split_of_the_time_gives_the_same_sensor(splits):
    assert counts_after(tuple(sorted(splits))) == counts_after(())


@cache
def counts_after(stops: tuple[int, ...]) -> int:
    """Return what a sensor has counted in three hours, asked at some times between."""
    bench, _ = bench_of([CurrentStep("discharge", -7.0, duration_us=40 * HOUR_US)], 0.9)
    start_sensor(bench)
    for at_us in [*stops, 3 * HOUR_US]:
        bench.advance_to(at_us)
    return charge_counts(bench)


def test_going_back_changes_nothing():
    bench, _ = bench_of(CYCLE)
    bench.advance_to(HOUR_US)
    before = bench.truth()
    bench.advance_to(HOUR_US // 2)
    assert bench.truth() == before


def test_sensors_without_supply_count_nothing():
    bench, _ = bench_of([CurrentStep("discharge", -5.0, duration_us=DAY_US)])
    start_sensor(bench)
    bench.advance_to(HOUR_US)
    assert charge_counts(bench) != 0
    bench.power_sensors(False)
    bench.advance_to(2 * HOUR_US)
    bench.power_sensors(True)
    assert charge_counts(bench) == 0


@given(st.integers(0, 100 * DAY_US), st.floats(-40, 85), st.floats(0, 60), st.floats(0.5, 8760))
def test_ambient_is_a_sine_in_steps(now_us, mean_c, swing_c, period_h):
    ambient = Ambient(mean_c, swing_c, period_h)
    until_us = ambient.holds_until_us(now_us)
    assert until_us > now_us
    assert ambient.at_c(until_us - 1) == ambient.at_c(now_us)
    middle_h = (until_us - 300_000_000) / HOUR_US  # steps of ten minutes
    exact_c = mean_c - swing_c * math.cos(2 * math.pi * middle_h / period_h)
    assert ambient.at_c(now_us) == pytest.approx(exact_c, abs=1e-6)


def test_the_bench_follows_the_ambient():
    ambient = Ambient(22.0, 4.0)
    bench, _ = bench_of(CYCLE, ambient=ambient)
    for hour in range(1, 25):
        bench.advance_to(hour * HOUR_US + 1)
        assert bench.truth().temperature_c == ambient.at_c(hour * HOUR_US + 1)
    assert Ambient(22.0, 4.0).at_c(0) == pytest.approx(18.0, abs=0.01)
    assert Ambient(22.0, 4.0).at_c(12 * HOUR_US) == pytest.approx(26.0, abs=0.01)


rates = st.floats(0.05, 20.0)
any_step = st.one_of(
    st.builds(
        lambda rate, until_v: CurrentStep("charge", rate * CAPACITY_UAH, until_v=until_v),
        rates,
        st.sampled_from([2.0, 2.4, 4.0]),
    ),
    st.builds(
        lambda rate, until_v: CurrentStep("discharge", -rate * CAPACITY_UAH, until_v=until_v),
        rates,
        st.sampled_from([1.0, 2.3, 3.9]),
    ),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(any_step, min_size=1, max_size=3), st.floats(0.0, 1.0))
def test_steps_that_are_met_at_once_do_not_hold_up_time(steps, stoichiometry):
    bench, cycler = bench_of(steps, stoichiometry)
    bench.advance_to(HOUR_US // 2)
    # A round takes a second at least, or is followed by a minute of rest.
    assert len(cycler.ended) <= (len(steps) + 1) * 1800
    assert bench.truth().now_us == HOUR_US // 2


@settings(max_examples=20, deadline=None)
@given(st.sampled_from([-1.0, 1.0]), st.floats(0.1, 5.0), st.floats(0.2, 0.8))
def test_a_step_by_time_ends_at_the_window_of_the_cell(sign, rate, stoichiometry):
    action = "charge" if sign > 0 else "discharge"
    step = CurrentStep(action, sign * rate * CAPACITY_UAH, duration_us=100 * HOUR_US)
    bench, cycler = bench_of([step, CurrentStep("rest", 0.0, duration_us=HOUR_US)], stoichiometry)
    bench.advance_to(20 * HOUR_US)
    ends = [(at_us, voltage_v) for at_us, ended, voltage_v in cycler.ended if ended == step]
    assert bench.window_ends.count == len(ends) > 0
    assert bench.window_ends.first_h == pytest.approx(ends[0][0] / HOUR_US, abs=1e-4)
    # One that is beyond already, after the rest, ends at once.
    assert ends[0][1] == pytest.approx(4.0 if sign > 0 else 1.0, abs=1e-3)
    assert -0.01 < bench.truth().stoichiometry < 1.01


@pytest.mark.parametrize(("sign", "end_v"), [(1, 4.0), (-1, 1.0)])
def test_a_step_without_an_end_of_its_own_ends_at_the_window_which_is_no_event(
    sign: int, end_v: float
) -> None:
    step = CurrentStep("charge" if sign > 0 else "discharge", sign * 5 * FIFTH)
    bench, cycler = bench_of([step, CurrentStep("rest", 0.0, duration_us=9 * HOUR_US)], 0.5)
    bench.advance_to(4 * HOUR_US)
    ((_, ended, voltage_v),) = cycler.ended
    assert ended == step
    assert voltage_v == pytest.approx(end_v, abs=1e-3)
    assert bench.window_ends.count == 0


def test_where_the_voltage_leaps_the_window_ends_at_its_end_and_the_gate_draws_what_is_left():
    steps = [CurrentStep("discharge", -0.8, 99 * HOUR_US), CurrentStep("rest", 0.0)]
    bench = CyclerBench(
        cell=FilmCell(load_parameters("pre-li-boundary"), 1.0, 0.1),
        cycler=Cycler(steps),
        ambient=Ambient(),
        sensing=SensorPair(Ina228(1000.0), Tmp117(offset_c=0.0), I2CBus()),
        gate_pin=GATE,
    )
    bench.advance_to(20 * HOUR_US)
    assert (bench.window_ends.count, bench.window_ends.voltage_v) == (1, 1.0)
    bench.set_pin(GATE, 1, 20 * HOUR_US)
    shown = bench.truth()
    assert shown.current_ua < 0.0
    assert shown.voltage_v == pytest.approx(-1e-6 * shown.current_ua * bench.sensing.bus_input_ohm)


@pytest.mark.parametrize("load_ohm", [1e6, 3e6, 1e7])
def test_a_resistor_draws_what_ohms_law_says(load_ohm: float):
    bench, _ = bench_of([CurrentStep("rest", 0.0)], load_ohm=load_ohm)
    before = bench.truth()
    charge_uaus = 0.0
    for minute in range(60):
        bench.advance_to((minute + 1) * HOUR_US // 60)
        truth = bench.truth()
        assert truth.current_ua == pytest.approx(
            -truth.voltage_v / (load_ohm + 1e3) * 1e6, rel=2e-3
        )
        charge_uaus += truth.current_ua * HOUR_US / 60
    moved_uah = (truth.stoichiometry - before.stoichiometry) * CAPACITY_UAH
    assert moved_uah == pytest.approx(charge_uaus / UAUS_PER_UAH, rel=0.02)

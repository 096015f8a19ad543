"""What is done to a cell: charge in closed form, exact cut-offs, what the node reads."""

from itertools import pairwise
from random import Random

import pytest

from filmgauge_sim.cell import FilmCell, load_parameters
from filmgauge_sim.score.cell_run import CellRun, End, Faults, ProgrammeStep, Sampling
from filmgauge_sim.score.programmes import charged, discharged, rest, swings
from filmgauge_sim.score.random_cells import SensorErrors
from filmgauge_sim.score.sensor_model import MEASURING_S, Interrupt, ReadingKind, SensorModel

SET = load_parameters("evp-li")
CAPACITY = SET.capacity_uah_cm2
HOUR = 3600.0


class Driven:
    """A run and everything that its node saw."""

    def __init__(
        self, *steps, start=0.5, interval=60.0, zero=float("inf"), hours=1e3, errors=None, **faults
    ):
        cell = FilmCell(SET, 1.0, start, hysteresis=-1.0)
        sensors = SensorModel(errors or SensorErrors(), 1000.0, Random(1))
        sampling = Sampling(interval, zero)
        self.run = CellRun(
            cell, sensors, sampling, lambda now_s: 25.0, Faults(**faults), Random(2)
        )
        self.samples = []
        for sample in self.run.samples(steps, hours * HOUR):
            self.samples.append(sample)
        self.readings = [sample.reading for sample in self.samples]

    @property
    def counted_uah(self):
        return sum(reading.counts for reading in self.readings) * 78.125e-6 / 3600.0


def test_charge_moved_is_current_times_time():
    driven = Driven(ProgrammeStep(-0.5, 5 * HOUR), rest(60.0))
    drained = sum(reading.drained_pc for reading in driven.readings) / 3.6e9
    # A step may end while the node measures, which lengthens it by no more than that.
    assert driven.counted_uah == pytest.approx(-2.5, abs=0.5 * MEASURING_S / HOUR + 1e-6)
    given = (0.5 - driven.run.cell.stoichiometry) * CAPACITY
    year_s = 365.25 * 86400
    leak = 0.5 * CAPACITY * SET.self_discharge_per_year * 5 * HOUR / year_s
    assert given == pytest.approx(-driven.counted_uah + drained + leak, abs=1e-4)


def test_an_ideal_sensor_counts_what_passed():
    driven = Driven(ProgrammeStep(1.3, 3 * HOUR), ProgrammeStep(-2.0, 2 * HOUR))
    drained = sum(reading.drained_pc for reading in driven.readings) / 3.6e9
    assert driven.samples[-1].passed_uah == pytest.approx(driven.counted_uah - drained, rel=1e-3)


def test_samples_keep_to_the_grid_of_the_nodes_clock():
    driven = Driven(rest(2 * HOUR), interval=60.0, errors=SensorErrors(clock_error=0.02))
    times = [sample.now_s - MEASURING_S for sample in driven.samples]
    assert times == pytest.approx([60.0 / 1.02 * (n + 1) for n in range(len(times))])
    assert all(abs(reading.elapsed_ms - 60_000) <= 48 for reading in driven.readings)


@pytest.mark.parametrize("rate", [1 / 5, 1 / 10])
def test_a_discharge_ends_at_one_volt_and_wakes_the_node(rate):
    driven = Driven(*discharged(CAPACITY, rate))
    last = driven.samples[-1]
    assert last.end is End.LOW
    assert last.reading.interrupt is Interrupt.LOW
    assert last.reading.current_code == pytest.approx(-rate * CAPACITY * 12800, abs=1)
    # What was taken is what the cell gives by its own clock of charge, less the voltage input.
    probe = FilmCell(SET, 1.0, 0.5, hysteresis=-1.0)
    end = probe.next_crossing(-rate * CAPACITY, 25.0, 20 * HOUR, low_v=1.0)
    drained_s = sum(reading.drained_pc for reading in driven.readings) / 1e6 / (rate * CAPACITY)
    assert last.now_s == pytest.approx(end.time_s - drained_s, abs=5.0)


def test_the_limit_is_met_exactly():
    """Without a measurement between, the cell stands at its limit to a nanovolt."""
    cell = FilmCell(SET, 1.0, 0.3, hysteresis=-1.0)
    run = CellRun(
        cell,
        SensorModel(SensorErrors(), 1000.0, Random(0)),
        Sampling(1e9),
        lambda now_s: 25.0,
        Faults(),
        Random(0),
    )
    twin = cell.clone()
    (sample,) = run.samples(discharged(CAPACITY, 0.2), 1e9)
    end = twin.next_crossing(-0.2 * CAPACITY, 25.0, 1e6, low_v=1.0)
    assert sample.now_s - MEASURING_S == pytest.approx(end.time_s, abs=2e-6)


def test_a_charge_holds_four_volts_until_its_current_has_faded():
    driven = Driven(*charged(CAPACITY), interval=10.0, errors=SensorErrors(bus_input_ohm=1e15))
    kinds = [sample.reading.interrupt for sample in driven.samples]
    assert kinds.count(Interrupt.HIGH) == 1
    assert kinds[-1] is Interrupt.DONE
    held = driven.samples[kinds.index(Interrupt.HIGH) :]
    codes = [sample.reading.current_code for sample in held]
    assert codes[-1] == pytest.approx(CAPACITY / 50 * 12800, abs=2)
    assert max(codes) <= CAPACITY / 5 * 12800 + 1
    assert all(later <= sooner + 1 for sooner, later in pairwise(codes[5:]))
    assert all(abs(sample.reading.voltage_uv - 4e6) < 5e3 for sample in held)
    assert driven.run.cell.stoichiometry > 0.97


def test_an_open_switch_stops_the_current_for_one_interval():
    driven = Driven(ProgrammeStep(-1.0, 12 * HOUR), start=0.9, zero=3 * HOUR)
    opened = [m for m in driven.samples if m.reading.kind is ReadingKind.OPEN]
    assert len(opened) == 3
    assert all(abs(sample.reading.counts) <= 1 for sample in opened)
    assert all(sample.reading.current_code == 0 for sample in opened)
    expected = -(12.0 - 3 * (60.0 - MEASURING_S) / HOUR)
    assert driven.counted_uah == pytest.approx(expected, abs=1e-3)


def test_lost_readings_lose_no_charge():
    driven = Driven(ProgrammeStep(-0.5, 10 * HOUR), rest(HOUR), lost_share=0.2)
    lost = sum(reading.kind is ReadingKind.LOST for reading in driven.readings)
    assert 80 < lost < 190
    assert driven.counted_uah == pytest.approx(-5.0, abs=1e-2)


def test_a_lost_reading_before_an_open_switch_is_no_zero():
    driven = Driven(
        ProgrammeStep(-1.0, 12 * HOUR), start=0.9, interval=600.0, zero=0.5 * HOUR, lost_share=0.5
    )
    opened = [reading for reading in driven.readings if reading.kind is ReadingKind.OPEN]
    assert opened
    assert all(abs(reading.counts) <= 1 for reading in opened)


def test_stuck_readings_come_back_with_their_charge():
    driven = Driven(ProgrammeStep(-0.5, 10 * HOUR), stuck_from_s=3 * HOUR, stuck_s=HOUR)
    quiet = [reading for reading in driven.readings if reading.counts == 0]
    assert len(quiet) == pytest.approx(60, abs=1)
    assert len({(r.current_code, r.voltage_uv, r.temperature_cdeg) for r in quiet}) == 1
    assert driven.counted_uah == pytest.approx(-5.0, abs=1e-2)


def test_a_burst_that_is_cut_off_ends_no_discharge():
    driven = Driven(ProgrammeStep(-40.0, 3000.0, low_v=1.0, is_pulse=True), rest(60.0), start=0.1)
    wakes = [m for m in driven.samples if m.reading.interrupt is Interrupt.LOW]
    assert len(wakes) == 1
    assert wakes[0].end is None


def test_swings_stay_between_their_states():
    cell = FilmCell(SET, 1.0, 0.9, hysteresis=1.0)
    run = CellRun(
        cell,
        SensorModel(SensorErrors(), 1000.0, Random(0)),
        Sampling(300.0),
        lambda now_s: 25.0,
        Faults(),
        Random(0),
    )
    seen = [
        (sample.now_s, cell.stoichiometry, sample.end)
        for sample in run.samples(swings(run, CAPACITY, Random(4)), 6 * 86400.0)
    ]
    done = next(time_s for time_s, _, end in seen if end is End.FADED)
    later = [state for time_s, state, _ in seen if time_s > done + 86400.0]
    assert min(later) == pytest.approx(0.30, abs=0.01)
    assert max(later) == pytest.approx(0.80, abs=0.01)
    assert sum(end is not None for _, _, end in seen) == 2  # the limit and the end of the charge

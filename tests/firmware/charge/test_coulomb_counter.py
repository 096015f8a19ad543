"""Charge that the sensor counts through the sleep."""

from cell_profiles import cell
from expect import close
from samples import (
    MINUTE_MS,
    SHUNT_MOHM,
    UA,
    Board,
    Keys,
    Sample,
    count,
    currents_for_voltages,
)

from filmgauge.charge import charge_source
from filmgauge.charge.coulomb_counter import CoulombCounter
from filmgauge.charge.counting_sampler import ANEW, LOST
from filmgauge.charge.sampled_charge import SampledCharge
from filmgauge.gauge.fuel_gauge import FuelGauge
from filmgauge.gauge.ledger import GAP, MEASURED, RADIO, ZERO
from filmgauge.gauge.ledger_only import LedgerOnly
from filmgauge.record import FAULT_GAP
from filmgauge.state import State


def counter():
    return CoulombCounter(Board(), Keys())


def test_the_pin_of_the_supply_decides():
    assert isinstance(charge_source(Board(), Keys()), CoulombCounter)
    assert isinstance(charge_source(Board(), Keys(pin_sensors=0)), SampledCharge)


def test_a_counter_takes_the_current_that_it_sees():
    samples = [Sample(32 * UA, 2500000), Sample(0, 2900000)]
    assert currents_for_voltages(counter(), samples) == [32, 0]


def test_a_rest_is_no_stuck_sensor():
    for pa, missed in ((0, False), (-UA, True)):
        gauge, state, sample = FuelGauge(cell(), SHUNT_MOHM), State(), Sample(-UA)
        gauge.open(500000, 1000)
        charge = counter()
        count(charge, state, sample, gauge, 0)
        sample.moved_pc = -60 * UA
        count(charge, state, sample, gauge, MINUTE_MS)
        sample.current_pa = pa  # and the accumulator stays where it was
        count(charge, state, sample, gauge, MINUTE_MS)
        assert (gauge.ledger.line_pc(GAP) < 0) == missed


def test_an_open_switch_makes_a_count_the_zero():
    gauge, state, sample = FuelGauge(cell(), SHUNT_MOHM), State(), Sample(937)
    gauge.open(500000, 1000)
    charge = counter()
    count(charge, state, sample, gauge, 0)
    state.offset_running = 1
    sample.moved_pc = 937 * 60  # 0.937 nA for a minute, and none of it flowed
    before = gauge.ledger.stored_pc()
    assert count(charge, state, sample, gauge, MINUTE_MS) == 0
    assert gauge.ledger.stored_pc() == before
    assert gauge.ledger.line_pc(ZERO) == -gauge.ledger.line_pc(MEASURED) == -937 * 60


def test_an_accumulator_is_counted_and_its_restart_told():
    gauge = LedgerOnly()
    state = State()
    charge = counter()
    sample = Sample(5)
    sample.moved_pc = 546
    assert count(charge, state, sample, gauge, 0) == 0
    sample.moved_pc = 1000000
    assert count(charge, state, sample, gauge, 1000) == 0
    assert gauge.ledger.line_pc(MEASURED) == 1000546
    sample.carried_pc = 1  # of readings that were rounded down: the ledger's alone
    assert count(charge, state, sample, gauge, 1000) == 0
    assert gauge.ledger.line_pc(MEASURED) == 1000547
    sample.moved_pc, sample.gap = 3, LOST
    assert count(charge, state, sample, gauge, 1000) == FAULT_GAP
    sample.current_pa = None  # it does not answer: nothing is counted
    assert count(charge, state, sample, gauge, 1000) == 0
    assert gauge.ledger.line_pc(MEASURED) == 1000550


def test_a_count_that_is_gone_leaves_the_guess():
    for gap, unsure in ((0, False), (ANEW, False), (LOST, True)):
        gauge, state, sample = FuelGauge(cell(), SHUNT_MOHM), State(), Sample(-UA)
        gauge.open(500000, 1000)
        charge = counter()
        count(charge, state, sample, gauge, 0)
        sample.moved_pc = -60 * UA
        count(charge, state, sample, gauge, MINUTE_MS)
        count(charge, state, sample, gauge, MINUTE_MS)  # a minute in which nothing is counted
        guessed = gauge.ledger.line_pc(GAP)
        assert guessed == -60 * UA
        sample.moved_pc, sample.gap = -180 * UA, gap
        assert count(charge, state, sample, gauge, MINUTE_MS) == (FAULT_GAP if gap else 0)
        assert gauge.ledger.line_pc(GAP) == (guessed if gap == ANEW else 0)
        assert (gauge.sigma_ppm() > 90000) == unsure


def test_a_guess_follows_the_currents_that_are_seen():
    gauge, state, sample = FuelGauge(cell(), SHUNT_MOHM), State(), Sample(-UA)
    gauge.open(500000, 1000)
    charge = counter()
    count(charge, state, sample, gauge, 0)
    sample.guess_pa = 3 * UA
    count(charge, state, sample, gauge, MINUTE_MS)
    assert gauge.ledger.line_pc(GAP) == 180 * UA


def test_a_doubt_is_in_sigma_and_adds_up():
    sigmas = []
    for doubt_pc in (0, cell().full_pc() // 50):
        gauge, state, sample = FuelGauge(cell(), SHUNT_MOHM), State(), Sample(-UA)
        gauge.open(500000, 1000)
        charge = counter()
        for _ in range(5):
            sample.moved_pc, sample.doubt_pc = -60 * UA, doubt_pc
            count(charge, state, sample, gauge, MINUTE_MS)
        sigmas.append(gauge.sigma_ppm())
    assert sigmas[0] < 60000
    assert close(sigmas[1], 100000, relative=0.1)  # five times two per cent, to the same side


def test_what_is_not_usable_goes_with_no_voltage():
    charge = counter()
    charge.sampler = Sample(32 * UA, 2500000)
    charge.sampler.is_usable = False
    assert charge.current_for_voltage() is None


def test_an_accumulator_has_seen_the_radio():
    gauge, state, charge = LedgerOnly(), State(), counter()
    state.transmitted(14000)
    count(charge, state, Sample(0), gauge, MINUTE_MS)
    assert gauge.ledger.line_pc(RADIO) == 0
    assert not charge.quick_check(state, gauge, MINUTE_MS)

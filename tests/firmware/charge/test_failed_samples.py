"""Charge that is estimated from samples of which some are missing or wrong."""

from cell_profiles import cell
from samples import MINUTE_MS, SHUNT_MOHM, UA, Board, Keys, Sample, after, count

from filmgauge.charge.charge_memory import MEMORY_SIZE, clear_other
from filmgauge.charge.sampled_charge import SampledCharge
from filmgauge.gauge.fuel_gauge import FuelGauge
from filmgauge.gauge.ledger import MEASURED, SLEEP
from filmgauge.state import State


def estimated(**changes):
    return SampledCharge(Board(), Keys(pin_sensors=4, **changes))


def test_samples_that_fail_leave_the_charge_to_those_around_them():
    for before, after_it, moved in ((0, 30, 45), (30, 0, 45), (30, 30, 90), (0, 0, 0)):
        gauge, state, charge = FuelGauge(cell(), SHUNT_MOHM), State(), estimated()
        gauge.open(500000, 1000)
        for pa in (before * UA, before * UA, None, None, after_it * UA):
            count(charge, state, Sample(pa), gauge, MINUTE_MS if state.wakes else 0)
            state.wakes += 1
        # Three minutes between two samples, behind one that is known.
        known = before * 60 * UA
        assert gauge.ledger.line_pc(MEASURED) == known + moved * 60 * UA
        sigma_pc = gauge.sigma_ppm() * gauge.full_nah() * 3.6
        # None, or all of it, may have flowed over the three minutes.
        wide = max(before, after_it) * 180 * UA
        assert sigma_pc >= 0.7 * wide


def test_a_voltage_that_is_not_the_cells_is_no_measure_of_what_the_node_takes():
    sound = after(estimated(own_nw=5000), [Sample(0, 1850000)] * 3)[0]
    wrong = Sample(0, 25000)
    wrong.is_usable = False
    gauge = after(estimated(own_nw=5000), [Sample(0, 1850000), wrong, Sample(0, 1850000)])[0]
    assert gauge.ledger.line_pc(SLEEP) == sound.ledger.line_pc(SLEEP)


def told_after(currents, voltages, boots_anew):
    """Return what a gauge knows, and the currents of the voltages, after samples a minute apart;
    a board that boots anew makes the way of counting anew for each."""
    gauge, state, charge = FuelGauge(cell(), SHUNT_MOHM), State(), estimated(own_nw=5000)
    gauge.open(500000, 1000)
    buffer, of_voltages = bytearray(MEMORY_SIZE), []
    for i in range(len(currents)):
        if boots_anew and i:
            charge = estimated(own_nw=5000)
            charge.sampler = Sample()
            charge.unpack_from(buffer, 0)
        sample = Sample(currents[i], voltages[i])
        count(charge, state, sample, gauge, MINUTE_MS if state.wakes else 0)
        of_voltages.append(charge.current_for_voltage())
        charge.pack_into(buffer, 0)
        state.wakes += 1
    return gauge.soc_ppm(), gauge.sigma_ppm(), gauge.ledger.line_pc(SLEEP), of_voltages


def test_a_board_that_boots_anew_forgets_no_outage():
    for before, after_it in ((0, 30 * UA), (30 * UA, 0), (-20 * UA, 30 * UA)):
        currents = [before] * 3 + [None] * 20 + [after_it] * 3
        kept = told_after(currents, [2300000] * 26, False)
        assert told_after(currents, [2300000] * 26, True) == kept
        wide_ppm = 20 * 60 * 30 * UA // (cell().full_pc() // 1000000)
        assert kept[1] > wide_ppm // 2


def test_a_board_that_boots_anew_forgets_no_voltage_to_compare_with():
    idle_and_loaded = [0, 0, -9 * UA, 0, 0]
    held = [30 * UA, 30 * UA, 0, 0, 0]
    for currents, voltages in (
        (idle_and_loaded, [2100000, 2100000, 2010000, 2100000, 2100000]),
        (held, [2400000, 2410000, 2420000, 2430000, 2405000]),
    ):
        kept = told_after(currents, voltages, False)
        assert told_after(currents, voltages, True) == kept


def test_a_voltage_from_before_the_power_went_is_compared_with_none():
    charge, again, buffer = estimated(), estimated(), bytearray(MEMORY_SIZE)
    after(charge, [Sample(30 * UA, 2300000)] * 3)
    charge.pack_into(buffer, 0)
    again.sampler = Sample()
    again.unpack_from(buffer, 0)
    again.is_charging = 1
    count(again, State(), Sample(0, 2350000), FuelGauge(cell(), SHUNT_MOHM), 0)
    assert again.current_for_voltage() == 0


def test_a_memory_of_samples_by_an_earlier_version_is_one():
    """It had 25 bytes, and nothing said of what kind it was."""
    charge, buffer = estimated(), bytearray(MEMORY_SIZE)
    after(charge, [Sample(20 * UA, 2300000)])
    charge.pack_into(buffer, 0)
    buffer[25:] = bytes(MEMORY_SIZE - 25)
    before = bytes(buffer)
    assert not clear_other(buffer, 0, Keys(pin_sensors=4))
    assert bytes(buffer) == before
    buffer[0] = 7  # of an accumulator
    assert clear_other(buffer, 0, Keys(pin_sensors=4))
    assert not any(buffer)

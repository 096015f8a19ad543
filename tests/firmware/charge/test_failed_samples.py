"""Charge that is estimated from samples of which some are missing or wrong."""

from cell_profiles import cell
from samples import MINUTE_MS, SHUNT_MOHM, UA, Board, Keys, Sample, after, count

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

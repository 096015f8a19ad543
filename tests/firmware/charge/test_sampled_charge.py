"""Charge that is estimated from samples."""

from cell_profiles import cell
from samples import (
    MINUTE_MS,
    SHUNT_MOHM,
    UA,
    Board,
    Keys,
    Sample,
    after,
    count,
    currents_for_voltages,
)

from filmgauge.charge.charge_memory import MEMORY_SIZE
from filmgauge.charge.sampled_charge import SampledCharge
from filmgauge.gauge.fuel_gauge import FuelGauge
from filmgauge.gauge.ledger import GAP, INPUT, MEASURED, RADIO, SENSOR, SLEEP
from filmgauge.gauge.ledger_only import LedgerOnly
from filmgauge.record import FAULT_GAP
from filmgauge.state import State


def estimated(**changes):
    return SampledCharge(Board(), Keys(pin_sensors=4, **changes))


def taken_pc(gauge):
    """Return what the node has taken for itself, negative; the other booked lines stay empty."""
    assert gauge.ledger.line_pc(INPUT) == gauge.ledger.line_pc(GAP) == 0
    return gauge.ledger.line_pc(SLEEP) + gauge.ledger.line_pc(SENSOR)


def test_a_charge_is_the_trapezoid_of_its_samples():
    currents = (0, 10 * UA, 10 * UA, 30 * UA, 0)
    gauge, faults = after(estimated(own_nw=5000), [Sample(pa) for pa in currents])
    # (5 + 10 + 20 + 15) uA minutes, and what was taken while nothing charged is only of the start
    assert gauge.ledger.line_pc(MEASURED) == 50 * 60 * 1000000
    assert faults == 0


def test_a_discharge_is_not_counted_but_booked():
    samples = [Sample(-10 * UA, 2000000) for _ in range(11)]
    gauge, faults = after(estimated(own_nw=5000, wake_nj=100000, refill_ppm=800000), samples)
    assert gauge.ledger.line_pc(MEASURED) == 0
    # Ten minutes at 5 uW and ten wakes of 100 uJ, through 80 % at 2 V.
    expected_uc = (600 * 5.0 + 10 * 100.0) / 0.8 / 2.0
    assert abs(taken_pc(gauge) + expected_uc * 1e6) < 1e-6 * expected_uc * 1e6
    wakes_uc = 10 * 100.0 / 0.8 / 2.0
    assert abs(gauge.ledger.line_pc(SENSOR) + wakes_uc * 1e6) < 1e-6 * wakes_uc * 1e6
    assert faults == 0


def test_the_last_current_seen_tells_what_holds():
    def booked(currents):
        samples = [Sample(pa, 2000000) for pa in currents]
        return -taken_pc(after(estimated(own_nw=1000), samples)[0])

    one = booked((-10 * UA, -10 * UA))
    assert one > 0
    assert booked((0, 0)) == one  # nothing was seen yet: the node feeds from the cell
    assert booked((20 * UA, 0)) == 0  # between bursts of charging
    assert booked((20 * UA, -10 * UA)) == one // 2
    assert booked((-10 * UA, 20 * UA)) == one // 2
    assert booked((-10 * UA, 0, 0, 20 * UA)) == 2 * one + one // 2
    assert booked((20 * UA, 7800)) == 0  # no more than the offset of the sensor


def rest(voltage_uv):
    return Sample(0, voltage_uv)


def loaded(voltage_uv):
    return Sample(-10 * UA, voltage_uv)


def taken_at(samples, shares):
    """Assert that 5 uW were taken for so many minutes at each of the voltages, of V."""
    gauge, _ = after(estimated(own_nw=5000, refill_ppm=1000000), samples)
    expected_pc = sum(minutes * 60 * 5e6 / volts for minutes, volts in shares)
    assert abs(taken_pc(gauge) + expected_pc) < 1e-6 * expected_pc


def test_what_is_taken_is_taken_at_the_voltage_under_load():
    # Nobody has seen a drop yet: at rest the voltage is taken as it is.
    taken_at([rest(1900000), rest(1880000)], [(1, 1.88)])
    taken_at([loaded(1800000), rest(1900000)], [(1, 1.9)])
    # From rest to load it drops by 50 mV, and so it does from where it rests later.
    known = [rest(1900000), loaded(1850000)]
    taken_at(known + [rest(1880000)] * 2, [(1, 1.85), (2, 1.83)])
    # Only what follows a rest at once tells a drop: the cell discharges meanwhile.
    taken_at(known + [loaded(1800000), rest(1850000)], [(1, 1.85), (1, 1.8), (1, 1.8)])
    # A newer drop takes the place of the last.
    newer = [rest(1880000), loaded(1800000), rest(1870000)]
    taken_at(known + newer, [(1, 1.85), (1, 1.83), (1, 1.8), (1, 1.79)])


def test_the_drop_under_load_has_bounds():
    # 400 mV are no polarisation of a film; a cell that is higher under load rested too little.
    taken_at([rest(2200000), loaded(1800000), rest(1900000)], [(1, 1.8), (1, 1.7)])
    taken_at([rest(1800000), loaded(1850000), rest(1900000)], [(1, 1.85), (1, 1.9)])


def test_a_sample_of_a_charge_tells_no_drop():
    # 2.3 V while it charges and between two charges, each for a half of what is dark.
    charging = [Sample(20 * UA, 2300000), rest(2300000)]
    dark = [loaded(1800000), rest(1900000)]
    taken_at([rest(2000000)] + charging + dark, [(0.5, 2.3), (0.5, 1.8), (1, 1.9)])


def test_a_cell_that_is_held_may_be_charged_unseen():
    # Both have seen light; the one that has counted a charge, too, sees bursts of it no more.
    hour_ms = 3600000
    sigmas = []
    for currents in ((20 * UA, 20 * UA, 0), (0, 0, 0)):
        gauge, state, charge = FuelGauge(cell(), SHUNT_MOHM), State(), estimated(own_nw=5000)
        for pa in currents:
            count(charge, state, Sample(pa), gauge, hour_ms if state.wakes else 0)
            state.wakes += 1
        gauge.open(500000, 10000)
        gauge.flow(0, 0, 2500)
        charge.is_charging = 1
        for _ in range(9):
            count(charge, state, Sample(0), gauge, hour_ms)
        sigmas.append(gauge.described_sigma_ppm())
        assert gauge.ledger.line_pc(MEASURED) == (30 * 3600 * 1000000 if currents[0] else 0)
    # Nine times a tenth of 20 uA for an hour, or none of it: 2 uA h / sqrt(2) each, at random.
    doubt_ppm = 9**0.5 * 2e6 * 3600 / 2**0.5 / (gauge.full_nah() * 3600000) * 1e6
    unseen_ppm = (sigmas[0] ** 2 - sigmas[1] ** 2) ** 0.5
    assert abs(unseen_ppm - doubt_ppm) <= 0.01 * doubt_ppm


def test_a_voltage_above_the_plateau_of_a_charge_is_on_its_branch():
    charge, between = Sample(32 * UA, 2500000), Sample(0, 2400000)
    held, dark = Sample(0, 2900000), Sample(-10 * UA, 2100000)
    # Below what it had in the charge nobody knows the branch; above, only its end is there.
    assert currents_for_voltages(estimated(), [charge, between, held]) == [32, 0, 1]
    assert currents_for_voltages(estimated(), [held]) == [0]
    # After a discharge it is on the other branch, until it is charged again.
    assert currents_for_voltages(estimated(), [charge, held, dark, held]) == [32, 1, -10, 0]
    assert currents_for_voltages(estimated(), [charge, Sample(None, 2900000), Sample(0)]) == [
        32,
        None,
        None,
    ]


def test_without_a_voltage_the_budget_is_booked_all_the_same():
    gauge, _ = after(estimated(own_nw=5000), [Sample(None), Sample(None)])
    assert taken_pc(gauge) < 0


def test_what_is_estimated_widens_what_is_published():
    gauge = FuelGauge(cell(), SHUNT_MOHM)
    gauge.open(500000, 1000)
    full_pc = gauge.full_nah() * 3600000
    gauge.count(0, 0, 2500)
    charge = estimated(own_nw=5000)
    hour_ms = 3600000
    after(charge, [Sample(-10 * UA, 2000000) for _ in range(25)], hour_ms, gauge)
    taken = -taken_pc(gauge)
    # 5 % of a day's budget after a day, beside the 0.1 % of the start and what time adds.
    least = 0.05 * taken / full_pc * 1e6
    assert gauge.sigma_ppm() >= 0.95 * least
    before = gauge.sigma_ppm()
    after(charge, [Sample(2 * UA), Sample(0)], hour_ms, gauge)
    # One of both may hold for all of the hour: 2 uA h / sqrt(2).
    doubt_ppm = 2e6 * 3600 / 2**0.5 / full_pc * 1e6
    assert gauge.sigma_ppm() ** 2 >= before**2 + 0.99 * doubt_ppm**2


def test_what_is_booked_flows_like_any_current():
    # The same discharge, once counted by a sensor and once booked: the film lags the same.
    from filmgauge.gauge.available_charge import AvailableCharge  # loaded late, as on a board

    hour_ms = 3600000
    counted, booked = FuelGauge(cell(), SHUNT_MOHM), FuelGauge(cell(), SHUNT_MOHM)
    for gauge in (counted, booked):
        gauge.open(800000, 1000)
    for _ in range(12):
        counted.count(-3600000000, hour_ms, 2500)
        booked.book(-3600000000, SLEEP, 180000000)
        booked.flow(0, hour_ms, 2500)
    assert booked.ledger.line_pc(GAP) == 0  # exactly nothing is no stuck sensor here
    assert abs(booked.recent_pa - counted.recent_pa) <= 2
    assert abs(booked.stored_nah() - counted.stored_nah()) <= 1
    ready = [AvailableCharge(gauge).charge_nah(660000, 2500) for gauge in (counted, booked)]
    assert abs(ready[0] - ready[1]) <= 2
    assert abs(booked.health.mcycles() - counted.health.mcycles()) <= 1
    # 5 % of 12 uAh, all to the same side
    assert (
        booked.described_sigma_ppm()
        >= 0.95 * 0.05 * 12000 / booked.full_nah() * 1e6
        > counted.described_sigma_ppm()
    )


def test_nobody_knows_what_passed_without_power():
    gauge = LedgerOnly()
    state = State()
    charge = estimated(own_nw=5000)
    charge.sensor_known = 1  # from the journal
    assert count(charge, state, Sample(-10 * UA, 2000000), gauge, 5000) == FAULT_GAP
    assert taken_pc(gauge) == gauge.ledger.line_pc(MEASURED) == 0
    state.wakes = 1
    assert count(charge, state, Sample(-10 * UA, 2000000), gauge, 5000) == 0


def test_what_the_radio_takes_is_a_line_of_its_own():
    for pa, share in ((-10 * UA, 1), (20 * UA, 0)):
        gauge, state, charge = LedgerOnly(), State(), estimated(refill_ppm=800000)
        sample = Sample(pa, 2000000)
        for reports in (0, 3, 0, 1, 0):
            count(charge, state, sample, gauge, MINUTE_MS)
            state.wakes += 1
            for _ in range(reports):
                state.transmitted(14000)
        # Four times 14 uJ through 80 % at 2 V; in the light the harvester gives them.
        expected_pc = share * 4 * 14e6 / 0.8 / 2.0
        assert abs(gauge.ledger.line_pc(RADIO) + expected_pc) <= 1e-6 * expected_pc
        assert taken_pc(gauge) == 0


def test_what_the_radio_took_outlives_a_sleep():
    gauge, state, again = LedgerOnly(), State(), State()
    state.transmitted(3000000000)
    state.transmitted(3000000000)
    state.pack(gauge)
    again.buffer[:] = state.buffer
    again.unpack(gauge)
    assert again.radio_nj == 0xFFFFFFFF  # no more is kept; it is 4.3 J


def checked(currents, every, gauge=None):
    """Return the gauge and the wakes that sampled, of a node that samples when `every` wakes have
    passed or it must."""
    if gauge is None:
        gauge = FuelGauge(cell(), SHUNT_MOHM)
        gauge.open(500000, 10000)
    charge = estimated(own_nw=5000, wake_nj=200000, glance_nj=20000, refill_ppm=800000)
    state, sampled, last = State(), [], 0
    for wake in range(len(currents)):
        sample = Sample(currents[wake], 2000000)
        elapsed_ms = (wake - last) * MINUTE_MS
        state.wakes = wake
        charge.sampler = sample
        if not wake % every or not charge.quick_check(state, gauge, elapsed_ms):
            count(charge, state, sample, gauge, elapsed_ms)
            sampled.append(wake)
            last = wake
    return gauge, sampled


def test_checks_count_what_samples_would_have_counted():
    for charge_ua in (0, 15):
        currents = (
            [-10 * UA] * 4 + [charge_ua * UA, charge_ua * UA, 0] * 4 + [0] * 5 + [-10 * UA] * 4
        )
        each, sampled = checked(currents, 1)
        assert sampled == list(range(len(currents)))
        fewer, sampled = checked(currents, 12)
        assert len(sampled) < 8
        # Dawn is seen at the next even wake, dusk at once.
        assert sampled[-1] == 24
        measured = [gauge.ledger.line_pc(MEASURED) for gauge in (each, fewer)]
        assert abs(measured[0] - measured[1]) <= 3 * 15 * 60 * 1000000
        taken = [gauge.ledger.line_pc(SLEEP) for gauge in (each, fewer)]
        assert abs(taken[0] - taken[1]) <= 2 * 5e6 * 60 / 0.8 / 2.0


def test_a_calm_night_is_booked_to_the_last_joule():
    gauge, sampled = checked([-10 * UA] * 25, 12)
    assert sampled == [0, 12, 24]
    sleep_pc = 24 * 60 * 5e6 / 0.8 / 2.0
    assert abs(gauge.ledger.line_pc(SLEEP) + sleep_pc) <= 1e-6 * sleep_pc
    # Two samples, and in each twelve wakes five checks: every other wake, but for the sample's.
    awake_pc = (2 * 200e6 + 10 * 20e6) / 0.8 / 2.0
    assert abs(gauge.ledger.line_pc(SENSOR) + awake_pc) <= 1e-6 * awake_pc


def test_a_charge_that_comes_to_its_end_is_sampled():
    currents = [20 * UA] * 24
    for soc_ppm, sampled in ((500000, [0, 12]), (940000, list(range(24)))):
        gauge = FuelGauge(cell(), SHUNT_MOHM)
        gauge.open(soc_ppm, 10000)
        assert checked(currents, 12, gauge)[1] == sampled


def test_a_sensor_that_does_not_answer_is_no_calm():
    charge, state = estimated(), State()
    charge.sensor_known = 1
    charge.sampler = Sample(None)
    assert not charge.quick_check(state, LedgerOnly(), MINUTE_MS)


def test_what_a_sample_saw_outlives_a_sleep():
    charge, again, buffer = estimated(), estimated(), bytearray(MEMORY_SIZE)
    after(charge, [Sample(20 * UA, 2300000)])
    charge.memory.pack_into(buffer, 0)
    again.memory.unpack_from(buffer, 0)
    gauge = LedgerOnly()
    state = State()
    state.wakes = 1
    assert count(again, state, Sample(10 * UA, 2300000), gauge) == 0
    assert gauge.ledger.line_pc(MEASURED) == 15 * 60 * UA  # the trapezoid from 20 to 10 uA
    assert taken_pc(gauge) == 0

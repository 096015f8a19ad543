"""How charge gets into the ledger: counted by the sensor, or estimated from samples."""

from cells import cell

from filmgauge.charge.coulomb_counter import CoulombCounter, charge_source
from filmgauge.charge.sampled_charge import SampledCharge
from filmgauge.config import Config
from filmgauge.gauge.fuel_gauge import FuelGauge, LedgerOnly
from filmgauge.gauge.ledger import GAP, INPUT, MEASURED, RADIO, SENSOR, SLEEP, ZERO
from filmgauge.record.faults import FAULT_GAP
from filmgauge.state import State

SHUNT_MOHM = 1000000
UA = 12800  # counts of a current of 1 uA: 78.125 pA each
MINUTE_MS = 60000


class Sensor:
    charge_high = charge_low = 0


class Sample:
    """What a sampler has seen."""

    def __init__(self, code=None, voltage_uv=None, restarted=False):
        self.current = Sensor()
        self.glances = 0
        self.current_code = code
        self.voltage_uv = voltage_uv
        self.restarted = restarted

    def quick_current_code(self):
        self.glances += 1
        return self.current_code


def config(**changes):
    values = {"node": "n", "pin_scl": 1, "pin_sda": 2, "pin_gate": 3}
    values.update(changes)
    return Config(**values)


def estimated(**changes):
    return SampledCharge(config(pin_sensors=4, **changes))


def after(counting, samples, elapsed_ms=MINUTE_MS, gauge=None):
    """Return the gauge and the faults after samples at equal times; the first is of a boot."""
    gauge = gauge or LedgerOnly(SHUNT_MOHM)
    state = State()
    faults = 0
    for sample in samples:
        faults |= counting.count(state, sample, gauge, elapsed_ms if state.wakes else 0, 2500)
        state.wakes += 1
    return gauge, faults


def taken_pc(gauge):
    """Return what the node has taken for itself, negative; the other booked lines stay empty."""
    assert gauge.ledger.line_pc(INPUT) == gauge.ledger.line_pc(GAP) == 0
    return gauge.ledger.line_pc(SLEEP) + gauge.ledger.line_pc(SENSOR)


def test_the_pin_of_the_supply_decides():
    assert isinstance(charge_source(config()), CoulombCounter)
    assert isinstance(charge_source(config(pin_sensors=0)), SampledCharge)


def test_a_charge_is_the_trapezoid_of_its_samples():
    codes = (0, 10 * UA, 10 * UA, 30 * UA, 0)
    gauge, faults = after(estimated(own_nw=5000), [Sample(code) for code in codes])
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
    def booked(codes):
        samples = [Sample(code, 2000000) for code in codes]
        return -taken_pc(after(estimated(own_nw=1000), samples)[0])

    one = booked((-10 * UA, -10 * UA))
    assert one > 0
    assert booked((0, 0)) == one  # nothing was seen yet: the node feeds from the cell
    assert booked((20 * UA, 0)) == 0  # between bursts of charging
    assert booked((20 * UA, -10 * UA)) == one // 2
    assert booked((-10 * UA, 20 * UA)) == one // 2
    assert booked((-10 * UA, 0, 0, 20 * UA)) == 2 * one + one // 2
    assert booked((20 * UA, 100)) == 0  # no more than the offset of the sensor


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


def test_a_look_in_the_light_tells_no_drop():
    # 2.3 V while it charges and between two charges, each for a half of what is dark.
    charging = [Sample(20 * UA, 2300000), rest(2300000)]
    dark = [loaded(1800000), rest(1900000)]
    taken_at([rest(2000000)] + charging + dark, [(0.5, 2.3), (0.5, 1.8), (1, 1.9)])


def test_a_cell_that_is_held_may_be_charged_unseen():
    # Both have seen light; the one that has counted a charge, too, sees bursts of it no more.
    hour_ms = 3600000
    sigmas = []
    for codes in ((20 * UA, 20 * UA, 0), (0, 0, 0)):
        gauge, state, counting = FuelGauge(cell(), SHUNT_MOHM), State(), estimated(own_nw=5000)
        for code in codes:
            counting.count(state, Sample(code), gauge, hour_ms if state.wakes else 0, 2500)
            state.wakes += 1
        gauge.open(500000, 10000)
        gauge.flow(0, 0, 2500)
        state.charge_high = 1
        for _ in range(9):
            counting.count(state, Sample(0), gauge, hour_ms, 2500)
        sigmas.append(gauge.sigma_ppm())
        assert gauge.ledger.line_pc(MEASURED) == (30 * 3600 * 1000000 if codes[0] else 0)
    # Nine times a tenth of 20 uA for an hour, or none of it: 2 uA h / sqrt(2) each, at random.
    doubt_ppm = 9**0.5 * 2e6 * 3600 / 2**0.5 / (gauge.full_nah() * 3600000) * 1e6
    unseen_ppm = (sigmas[0] ** 2 - sigmas[1] ** 2) ** 0.5
    assert abs(unseen_ppm - doubt_ppm) <= 0.01 * doubt_ppm


def telling(counting, samples):
    """Return the currents that the voltages of samples at equal times go with, in uA."""
    state, gauge, told = State(), LedgerOnly(SHUNT_MOHM), []
    for sample in samples:
        counting.count(state, sample, gauge, MINUTE_MS if state.wakes else 0, 2500)
        code = counting.current_for_voltage(state, sample)
        told.append(None if code is None else code / UA)
        state.wakes += 1
    return told


def test_a_voltage_above_the_plateau_of_a_charge_is_on_its_branch():
    charge, between = Sample(32 * UA, 2500000), Sample(0, 2400000)
    held, dark = Sample(0, 2900000), Sample(-10 * UA, 2100000)
    # Below what it had in the charge nobody knows the branch; above, only its end is there.
    assert telling(estimated(), [charge, between, held]) == [32, 0, 1]
    assert telling(estimated(), [held]) == [0]
    # After a discharge it is on the other branch, until it is charged again.
    assert telling(estimated(), [charge, held, dark, held]) == [32, 1, -10, 0]
    assert telling(estimated(), [charge, Sample(None, 2900000), Sample(0)]) == [32, None, None]


def test_a_counter_takes_the_current_that_it_sees():
    samples = [Sample(32 * UA, 2500000), Sample(0, 2900000)]
    assert telling(CoulombCounter(), samples) == [32, 0]


def test_without_a_voltage_the_budget_is_booked_all_the_same():
    gauge, _ = after(estimated(own_nw=5000), [Sample(None), Sample(None)])
    assert taken_pc(gauge) < 0


def test_what_is_estimated_widens_what_is_published():
    gauge = FuelGauge(cell(), SHUNT_MOHM)
    gauge.open(500000, 1000)
    full_pc = gauge.full_nah() * 3600000
    gauge.count(0, 0, 2500)
    counting = estimated(own_nw=5000)
    hour_ms = 3600000
    after(counting, [Sample(-10 * UA, 2000000) for _ in range(25)], hour_ms, gauge)
    taken = -taken_pc(gauge)
    # 5 % of a day's budget after a day, beside the 0.1 % of the start and what time adds.
    least = 0.05 * taken / full_pc * 1e6
    assert gauge.sigma_ppm() >= 0.95 * least
    before = gauge.sigma_ppm()
    after(counting, [Sample(2 * UA), Sample(0)], hour_ms, gauge)
    # One of both may hold for all of the hour: 2 uA h / sqrt(2).
    doubt_ppm = 2e6 * 3600 / 2**0.5 / full_pc * 1e6
    assert gauge.sigma_ppm() ** 2 >= before**2 + 0.99 * doubt_ppm**2


def test_what_is_booked_flows_like_any_current():
    # The same discharge, once counted by a sensor and once booked: the film lags the same.
    hour_ms = 3600000
    counted, booked = FuelGauge(cell(), SHUNT_MOHM), FuelGauge(cell(), SHUNT_MOHM)
    for gauge in (counted, booked):
        gauge.open(800000, 1000)
    for _ in range(12):
        counted.count(-UA * 3600, hour_ms, 2500)
        booked.book(-3600000000, SLEEP, 180000000)
        booked.flow(0, hour_ms, 2500)
    assert booked.ledger.line_pc(GAP) == 0  # exactly nothing is no stuck sensor here
    assert abs(booked.recent_pa - counted.recent_pa) <= 2
    assert abs(booked.stored_nah() - counted.stored_nah()) <= 1
    ready = [gauge.available_nah(660000, 2500) for gauge in (counted, booked)]
    assert abs(ready[0] - ready[1]) <= 2
    assert abs(booked.health.mcycles() - counted.health.mcycles()) <= 1
    # 5 % of 12 uAh, all to the same side
    assert (
        booked.sigma_ppm() >= 0.95 * 0.05 * 12000 / booked.full_nah() * 1e6 > counted.sigma_ppm()
    )


def test_a_rest_is_no_stuck_sensor():
    for code, missed in ((0, False), (-UA, True)):
        gauge, state, sample = FuelGauge(cell(), SHUNT_MOHM), State(), Sample(-UA)
        gauge.open(500000, 1000)
        counting = CoulombCounter()
        counting.count(state, sample, gauge, 0, 2500)
        sample.current.charge_low -= 60 * UA
        counting.count(state, sample, gauge, MINUTE_MS, 2500)
        sample.current_code = code  # and the accumulator stays where it was
        counting.count(state, sample, gauge, MINUTE_MS, 2500)
        assert (gauge.ledger.line_pc(GAP) < 0) == missed


def test_an_open_switch_makes_a_count_the_zero():
    gauge, state, sample = FuelGauge(cell(), SHUNT_MOHM), State(), Sample(12)
    gauge.open(500000, 1000)
    counting = CoulombCounter()
    counting.count(state, sample, gauge, 0, 2500)
    state.offset_running = 1
    sample.current.charge_low += 12 * 60  # 0.9375 nA for a minute, and none of it flowed
    before = gauge.ledger.stored_pc()
    assert counting.count(state, sample, gauge, MINUTE_MS, 2500) == 0
    assert gauge.ledger.stored_pc() == before
    assert (
        gauge.ledger.line_pc(ZERO) == -gauge.ledger.line_pc(MEASURED) == -12 * 60 * 78125 // 1000
    )


def test_nobody_knows_what_passed_without_power():
    gauge = LedgerOnly(SHUNT_MOHM)
    state = State()
    state.sensor_known = 1  # from the journal
    counting = estimated(own_nw=5000)
    assert counting.count(state, Sample(-10 * UA, 2000000), gauge, 5000, 2500) == FAULT_GAP
    assert taken_pc(gauge) == gauge.ledger.line_pc(MEASURED) == 0
    state.wakes = 1
    assert counting.count(state, Sample(-10 * UA, 2000000), gauge, 5000, 2500) == 0


def test_an_accumulator_is_counted_and_its_restart_told():
    gauge = LedgerOnly(SHUNT_MOHM)
    state = State()
    counting = CoulombCounter()
    sample = Sample(5, restarted=True)
    sample.current.charge_low = 7
    assert counting.count(state, sample, gauge, 0, 2500) == 0
    sample.restarted = False
    sample.current.charge_low = 12807
    assert counting.count(state, sample, gauge, 1000, 2500) == 0
    assert gauge.ledger.line_pc(MEASURED) == 12807 * 78125 // 1000
    sample.restarted = True
    assert counting.count(state, sample, gauge, 1000, 2500) == FAULT_GAP
    sample.current_code = None  # it does not answer: nothing is counted, nothing forgotten
    assert counting.count(state, sample, gauge, 1000, 2500) == 0


def test_what_the_radio_takes_is_a_line_of_its_own():
    for code, share in ((-10 * UA, 1), (20 * UA, 0)):
        gauge, state, counting = LedgerOnly(SHUNT_MOHM), State(), estimated(refill_ppm=800000)
        sample = Sample(code, 2000000)
        for reports in (0, 3, 0, 1, 0):
            counting.count(state, sample, gauge, MINUTE_MS, 2500)
            state.wakes += 1
            for _ in range(reports):
                state.transmitted(14000)
        # Four times 14 uJ through 80 % at 2 V; in the light the harvester gives them.
        expected_pc = share * 4 * 14e6 / 0.8 / 2.0
        assert abs(gauge.ledger.line_pc(RADIO) + expected_pc) <= 1e-6 * expected_pc
        assert taken_pc(gauge) == 0


def test_what_the_radio_took_outlives_a_sleep():
    gauge, state, again = LedgerOnly(SHUNT_MOHM), State(), State()
    state.transmitted(3000000000)
    state.transmitted(3000000000)
    state.pack(gauge)
    again.buffer[:] = state.buffer
    again.unpack(gauge)
    assert again.radio_nj == 0xFFFFFFFF  # no more is kept; it is 4.3 J


def test_an_accumulator_has_seen_the_radio():
    gauge, state, counting = LedgerOnly(SHUNT_MOHM), State(), CoulombCounter()
    state.transmitted(14000)
    counting.count(state, Sample(0), gauge, MINUTE_MS, 2500)
    assert gauge.ledger.line_pc(RADIO) == 0
    assert not counting.quick_check(state, Sample(0), gauge, MINUTE_MS)


def glanced(codes, every, gauge=None):
    """Return gauge and looks of a node that looks when `every` wakes have passed or it must."""
    if gauge is None:
        gauge = FuelGauge(cell(), SHUNT_MOHM)
        gauge.open(500000, 10000)
    counting = estimated(own_nw=5000, wake_nj=200000, glance_nj=20000, refill_ppm=800000)
    state, looks, last = State(), [], 0
    for wake in range(len(codes)):
        sample = Sample(codes[wake], 2000000)
        elapsed_ms = (wake - last) * MINUTE_MS
        state.wakes = wake
        if not wake % every or not counting.quick_check(state, sample, gauge, elapsed_ms):
            counting.count(state, sample, gauge, elapsed_ms, 2500)
            looks.append(wake)
            last = wake
    return gauge, looks


def test_glances_count_what_looks_would_have_counted():
    for charge in (0, 15):
        codes = [-10 * UA] * 4 + [charge * UA, charge * UA, 0] * 4 + [0] * 5 + [-10 * UA] * 4
        each, looks = glanced(codes, 1)
        assert looks == list(range(len(codes)))
        fewer, looks = glanced(codes, 12)
        assert len(looks) < 8
        # Dawn is seen at the next even wake, dusk at once.
        assert looks[-1] == 24
        measured = [gauge.ledger.line_pc(MEASURED) for gauge in (each, fewer)]
        assert abs(measured[0] - measured[1]) <= 3 * 15 * 60 * 1000000
        taken = [gauge.ledger.line_pc(SLEEP) for gauge in (each, fewer)]
        assert abs(taken[0] - taken[1]) <= 2 * 5e6 * 60 / 0.8 / 2.0


def test_a_calm_night_is_booked_to_the_last_joule():
    gauge, looks = glanced([-10 * UA] * 25, 12)
    assert looks == [0, 12, 24]
    sleep_pc = 24 * 60 * 5e6 / 0.8 / 2.0
    assert abs(gauge.ledger.line_pc(SLEEP) + sleep_pc) <= 1e-6 * sleep_pc
    # Two looks, and in each twelve wakes five glances: every other wake, but for the look itself.
    awake_pc = (2 * 200e6 + 10 * 20e6) / 0.8 / 2.0
    assert abs(gauge.ledger.line_pc(SENSOR) + awake_pc) <= 1e-6 * awake_pc


def test_a_charge_that_comes_to_its_end_is_looked_at():
    codes = [20 * UA] * 24
    for soc_ppm, looks in ((500000, [0, 12]), (940000, list(range(24)))):
        gauge = FuelGauge(cell(), SHUNT_MOHM)
        gauge.open(soc_ppm, 10000)
        assert glanced(codes, 12, gauge)[1] == looks


def test_a_sensor_that_does_not_answer_is_no_calm():
    counting, state = estimated(), State()
    state.sensor_known = 1
    assert not counting.quick_check(state, Sample(None), LedgerOnly(SHUNT_MOHM), MINUTE_MS)

"""The gauge behind one interface, with a profile and without."""

from expect import close
from gauges import (
    FULL_PC,
    LINES,
    charge_pc,
    copied,
    lines,
    opened,
    plain_sum,
)

from filmgauge.gauge import ledger
from filmgauge.gauge.available_charge import AvailableCharge
from filmgauge.gauge.ledger import CORRECTED, INPUT, LEAK, LOSS, MEASURED
from filmgauge.gauge.ledger_only import LedgerOnly


def test_without_a_profile_nothing_is_judged():
    gauge = LedgerOnly()
    gauge.open(500000, 1000)
    gauge.add_gap()
    gauge.count(-3600, 60000, 2500)
    gauge.book(-100)
    gauge.observe(3000000, 1000, 0, 2500)
    assert gauge.soc_ppm() is None
    assert gauge.sigma_ppm() is None
    assert gauge.stored_nah() is None
    assert gauge.full_nah() is None
    expected = {MEASURED: -3600, INPUT: -100}
    assert lines(gauge) == [expected.get(line, 0) for line in LINES]


def test_numbers_of_a_known_cell():
    gauge = opened(500000)
    assert gauge.full_nah() == 13212
    assert gauge.stored_nah() == 6606
    assert gauge.soc_ppm() == 500000
    # 5 % of it, 25 % while no swing has told, and 0.4 % of the sensor
    assert close(gauge.full_sigma_nah(), 13212 * (0.05**2 + 0.25**2 + 0.004**2) ** 0.5, 1e-3)
    # 5 % of the charge and 5 % of the capacity at one half
    assert close(gauge.sigma_ppm(), (50000**2 + 25000**2) ** 0.5, 0.01)


def test_before_a_full_swing_the_profile_may_be_another_cells():
    # 25 % of the capacity, or ten times its spread, of what has moved since the charge was known
    for spread_ppm, doubt in ((50000, 0.25), (25000, 0.25), (5000, 0.05)):
        gauge = opened(500000, 10000, capacity_spread_ppm=spread_ppm)
        assert close(gauge.sigma_ppm(), gauge.described_sigma_ppm(), absolute=1)
        gauge.count(-4 * FULL_PC // 10, 3600000, 2500)
        apart = gauge.sigma_ppm() ** 2 - gauge.described_sigma_ppm() ** 2
        assert close(apart**0.5, 0.4 * doubt * 1e6, 1e-3)
        # Half of a cell was there when it began, of which nobody knows how large it is.
        available = AvailableCharge(gauge)
        available.charge_nah(100000, 2500)
        assert close(available.sigma_nah(), 13212 * doubt / 2, 0.2)


def test_counting_moves_the_state_of_charge():
    gauge = opened(500000)
    gauge.count(-FULL_PC // 4, 3600000, 2500)
    assert close(gauge.soc_ppm(), 250000, absolute=1)
    assert gauge.stored_nah() == 3303


def test_booking_is_a_line_of_its_own():
    for line in (INPUT, ledger.SLEEP, ledger.SENSOR, ledger.RADIO):
        gauge = opened(500000)
        before = lines(gauge)
        gauge.book(-3600000 * 606, line)
        assert gauge.stored_nah() == 6000
        before[line] -= 3600000 * 606
        assert lines(gauge) == before


def test_opens_once():
    gauge = opened(500000, 1000)
    sigma = gauge.sigma_ppm()
    gauge.open(900000, 5)
    assert gauge.soc_ppm() == 500000
    assert gauge.sigma_ppm() == sigma
    again = copied(gauge)
    again.open(900000, 5)
    assert again.soc_ppm() == 500000


def test_widening():
    gauge = opened(0, 30000)
    before = gauge.sigma_ppm()
    gauge.estimator.widen(40000)
    assert close(gauge.sigma_ppm(), (before**2 + 40000**2) ** 0.5, absolute=2)
    gauge.add_gap()  # a tenth of the capacity may have moved
    assert close(gauge.sigma_ppm(), (before**2 + 40000**2 + 100000**2) ** 0.5, absolute=2)


def test_an_open_switch_shows_the_sensors_zero_and_moves_nothing():
    gauge = opened(500000)
    stored, soc = gauge.ledger.stored_pc(), gauge.soc_ppm()
    for _ in range(20):
        gauge.zero(charge_pc(1400, 60000), 60000, 2500)
    # each look leaves less than a picocoulomb, by rounding
    assert 0 <= gauge.ledger.stored_pc() - stored < 20
    assert gauge.soc_ppm() == soc
    assert gauge.ledger.line_pc(MEASURED) > 1000000
    assert plain_sum(gauge)


def test_the_zero_is_taken_off_what_is_counted_later():
    gauge = opened(500000)
    for _ in range(20):
        gauge.zero(charge_pc(1400, 60000), 60000, 2500)
    before = gauge.ledger.stored_pc()
    for _ in range(60):
        gauge.count(charge_pc(-100000 + 1400, 60000), 60000, 2500)
    # 100 nA for an hour, the 1.4 nA of the sensor left out
    assert close(gauge.ledger.stored_pc() - before, -100000 * 3600, 5e-4)


def test_sigma_of_the_zero_becomes_sigma_of_the_charge():
    known, unknown = opened(0, 1000), opened(0, 1000)
    for _ in range(20):
        known.zero(charge_pc(1400, 60000), 60000, 2500)
    for gauge in (known, unknown):
        before = gauge.sigma_ppm()
        for _ in range(24):
            gauge.count(charge_pc(-1000, 3600000), 3600000, 2500)
        assert gauge.sigma_ppm() >= before
    assert known.sigma_ppm() < unknown.sigma_ppm()


def test_part_of_what_charges_is_booked_as_lost():
    gauge = opened(500000, 1000, acceptance_ppm=995000)
    gauge.count(100000000, 60000, 2500)  # 100 uC in a minute
    assert gauge.ledger.line_pc(MEASURED) == 100000000
    assert gauge.ledger.line_pc(LOSS) == -500000
    gauge.count(-100000000, 60000, 2500)  # a discharge loses nothing
    assert gauge.ledger.line_pc(LOSS) == -500000


def test_the_first_charge_of_a_new_cell_loses_more():
    gauge = opened(0, 1000, new_cell=1)
    gauge.count(100000000, 60000, 2500)
    assert gauge.ledger.line_pc(LOSS) == -33500000  # 1 - 0.665 of 100 uC
    assert close(gauge.full_nah(), 0.3 * 13212, absolute=1)


def test_self_discharge_is_booked_with_time():
    gauge = opened(500000, 1000, self_discharge_ppm_year=10000)
    stored = gauge.ledger.stored_pc()
    for _ in range(12):
        gauge.count(78, 31557600000 // 12, 2500)  # a month
    assert close(-gauge.ledger.line_pc(LEAK) / stored, 1 - (1 - 0.01 / 12) ** 12, 1e-3)


def test_self_discharge_is_faster_in_the_warmth():
    # through LiPON, whose activation energy the profile has: 53067 J/mol
    for cdeg, factor in ((5500, 7.0819), (-1000, 0.05801)):
        gauge = opened(500000, 1000, self_discharge_ppm_year=10000)
        expected_pc = gauge.ledger.stored_pc() * 0.01 / 12 * factor
        gauge.count(78, 31557600000 // 12, cdeg)
        assert close(-gauge.ledger.line_pc(LEAK), expected_pc, 5e-3)


def test_self_discharge_is_as_exact_in_seconds_as_in_one_step():
    changes = {"area_ucm2": 100000, "self_discharge_ppm_year": 10000}
    once, often = opened(500000, 1000, **changes), opened(500000, 1000, **changes)
    once.count(1, 500000, 2500)
    for _ in range(500):
        often.count(1, 1000, 2500)
    assert -once.ledger.line_pc(LEAK) > 250  # half a picocoulomb a second
    assert close(often.ledger.line_pc(LEAK), once.ledger.line_pc(LEAK), absolute=1)


def test_no_more_leaks_than_is_stored():
    gauge = opened(1000, 1000, self_discharge_ppm_year=1000000)
    gauge.count(1, 31557600000, 8000)
    assert gauge.ledger.stored_pc() == 0


def test_self_discharge_is_known_to_a_half():
    sure = opened(1000000, 1000, self_discharge_ppm_year=0)
    leaking = opened(1000000, 1000, self_discharge_ppm_year=20000)
    for _ in range(12):
        for gauge in (sure, leaking):
            gauge.count(78, 31557600000 // 12, 2500)
    leaked_ppm = -leaking.ledger.line_pc(LEAK) * 1e6 / FULL_PC
    grown = leaking.estimator.soc_sigma_ppm() - sure.estimator.soc_sigma_ppm()
    # both drift to one side, the unknown zero of the sensor and the leak
    assert close(grown, leaked_ppm / 2, 0.1)


def test_end_of_charge_corrects():
    gauge = opened(500000, 250000)
    gauge.observe(3000000, 50000, 0, 2500)
    assert gauge.soc_ppm() > 900000
    assert gauge.sigma_ppm() < 60000
    assert gauge.ledger.line_pc(CORRECTED) > 0
    assert plain_sum(gauge)


def test_a_lag_that_has_built_up_is_taken_off():
    fresh, tired = opened(500000, 250000), opened(500000, 250000)
    for _ in range(60):
        tired.count(charge_pc(500000, 60000), 60000, 2500)  # 0.5 uA for an hour at 25 degC
    before = tired.ledger.stored_pc()
    for gauge in (fresh, tired):
        gauge.observe(3000000, 500000, 0, 2500)
    # The surface of both is full; in one of them the middle of the film is not there yet.
    assert tired.ledger.stored_pc() > before
    assert tired.ledger.stored_pc() < fresh.ledger.stored_pc()


def test_no_time_between_counts_is_survived():
    gauge = opened()
    gauge.count(78125, 0, 2500)
    gauge.count(0, 0, 2500)
    gauge.zero(78125, 0, 2500)
    assert gauge.ledger.line_pc(MEASURED) == 156250
    assert plain_sum(gauge)


def test_shown_waits_for_full_to_be_confirmed():
    gauge = opened(900000, 1000)
    for _ in range(200):
        gauge.count(charge_pc(700000, 60000), 60000, 2500)
    assert gauge.soc_ppm() == 1000000
    for _ in range(24):
        gauge.count(charge_pc(50000, 3600000), 3600000, 2500)  # a hold in which the film settles
    assert gauge.shown_ppm() == 990000
    gauge.observe(3450000, 50000, 0, 2500)  # 50 nA of 13 uAh: the hold has ended
    for _ in range(60):
        gauge.count(charge_pc(50000, 600000), 600000, 2500)
    assert gauge.shown_ppm() > 990000


def test_recent_current_and_times():
    gauge = opened(500000, 1000)
    available = AvailableCharge(gauge)
    assert available.time_to_empty_s(2500) is None
    assert available.time_to_full_s() is None
    for _ in range(600):
        gauge.count(charge_pc(-100000, 60000), 60000, 2500)
    assert close(gauge.recent_pa, -100000, 0.01)
    assert available.time_to_full_s() is None
    given_nah = available.charge_nah(100000, 2500)
    sigma_nah = available.sigma_nah()
    assert close(available.time_to_empty_s(2500), given_nah * 36.0, 0.02)  # nAh at 100 nA
    # beside it the clock, in which the mean current was measured: 1.2 %
    unsure = ((sigma_nah * 36.0) ** 2 + (0.012 * given_nah * 36.0) ** 2) ** 0.5
    assert close(available.time_to_empty_sigma_s(), unsure, 0.02)
    for _ in range(600):
        gauge.count(charge_pc(200000, 60000), 60000, 2500)
    assert close(gauge.recent_pa, 200000, 0.01)
    assert available.time_to_empty_s(2500) is None
    missing_nah = gauge.full_nah() - gauge.stored_nah()
    assert close(available.time_to_full_s(), missing_nah * 18.0, 0.02)


def test_the_recent_current_forgets_whatever_the_interval():
    # an hour of currents that change the mean of an hour by less than 1 pA in a second
    for before_pa, pa in ((-1700, 0), (0, 900)):
        gauge = opened(500000, 1000, area_ucm2=100000)
        gauge.recent_pa = before_pa
        for second in range(3600):
            gauge.flow(pa + (1 if second & 1 else -1), 1000, 2500)
        assert close(gauge.recent_pa, pa + (before_pa - pa) * 0.3679, absolute=20)
        assert AvailableCharge(gauge).time_to_empty_s(2500) is None  # nothing flows any more


def test_available_charge():
    gauge = opened(800000, 1000)
    available, stored = AvailableCharge(gauge), gauge.stored_nah()
    small = available.charge_nah(13000, 2500)
    large = available.charge_nah(13000000, 2500)
    assert large < small <= stored
    assert available.charge_nah(13000000, 6000) > large
    assert available.full_charge_nah(13000, 2500) > small
    assert available.full_charge_nah(13000, 2500) <= gauge.full_nah()
    available.charge_nah(13000, 2500)
    low = available.sigma_nah()
    available.charge_nah(5000000, 2500)
    assert 0 < low < available.sigma_nah()


def test_what_trickles_opens_a_film_by_its_charge_and_not_by_its_wakes():
    # to and fro, in each wake less than a microcoulomb, in all of them 8 uC of 47 mC
    for around_pc in (0, -1, 40000):
        gauge = opened(500000, 1000, new_cell=1, activation_mcycles=100)
        gauge.flow(-FULL_PC // 100, 3600000, 2500)
        for wake in range(200):
            gauge.flow(around_pc + (100000 if wake & 1 else -100000), 1000, 2500)
        gauge.flow(FULL_PC // 100, 3600000, 2500)
        # 0.01 cycles: 1 - 0.7 exp(-0.1)
        assert close(gauge.estimator.capacity_ppm, 366614, absolute=1000)


def test_shown_follows_a_current_that_moves_less_than_a_millionth_in_a_wake():
    for pc, towards in ((30000, 600000), (-30000, 400000)):
        gauge = opened(500000, 1000)
        gauge.flow(0, 1000, 2500)
        gauge.estimator.start(towards, 1000)
        for _ in range(100):  # 3 uC, of which whole ones move what is shown
            gauge.flow(pc, 1000, 2500)
        assert gauge.shown_ppm() == 500000 + (600 if pc > 0 else -600)

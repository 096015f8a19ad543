"""The gauge over long sequences: lines that add up, stuck sensors, sleep."""

from cell_profiles import cell
from expect import close
from gauges import (
    FULL_PC,
    SHUNT_MOHM,
    charge_pc,
    copied,
    lines,
    opened,
    plain_sum,
    reported,
)
from noise import Noise

from filmgauge.gauge.available_charge import AvailableCharge
from filmgauge.gauge.fuel_gauge import SIZE, FuelGauge
from filmgauge.gauge.ledger import GAP, INPUT, LEAK, LOSS, MEASURED, OPENING
from filmgauge.gauge.ledger_only import LedgerOnly


def test_lines_add_up_in_every_sequence():
    for seed in range(1, 5):
        noise = Noise(seed)
        shunt_mohm = (1000000, 999983, 470000, 99999989)[seed - 1]
        gauge = opened(
            noise.between(0, 1000000),
            noise.between(1000, 300000),
            noise.below(2),
            shunt_mohm,
            acceptance_ppm=995000,
            self_discharge_ppm_year=20000,
        )
        counted = booked = 0
        for _ in range(150):
            elapsed_ms, cdeg = noise.between(1000, 600000), noise.between(0, 5000)
            current_pa = noise.between(-1, 1) * noise.between(1000, 3000000)
            some = current_pa * elapsed_ms // 1000
            choice = noise.below(6)
            if choice == 0:
                some = noise.between(-200000, 200000)
                gauge.zero(some, elapsed_ms, cdeg)
            elif choice == 1:
                gauge.count(0, elapsed_ms, cdeg)
                some = 0
            else:
                gauge.count(some, elapsed_ms, cdeg)
                gauge.observe(noise.between(1000000, 3100000), current_pa, 1000, cdeg)
            counted += some
            gauge.book(-elapsed_ms // 7)
            booked += -elapsed_ms // 7
            assert plain_sum(gauge)
            # Nothing is counted twice: the sensor's line is the sensor's count, to the pC.
            assert gauge.ledger.line_pc(MEASURED) == counted
            assert gauge.ledger.line_pc(INPUT) == booked
            assert 0 <= gauge.soc_ppm() <= 1000000
            assert 0 <= gauge.sigma_ppm() <= 1000000
            assert 0 <= gauge.shown_ppm() <= 1000000 if gauge.shown_ppm() is not None else True
        assert gauge.ledger.line_pc(LOSS) < 0
        assert gauge.ledger.line_pc(LEAK) <= 0


def test_every_reading_is_survived():
    noise = Noise(62)
    gauge = opened(500000, 100000, new_cell=1, acceptance_ppm=990000)
    for _ in range(250):
        cdeg = (-25600, -4000, 2500, 8500, 25600, noise.between(-4000, 8500))[noise.below(6)]
        current_pa = noise.between(-1, 1) * noise.below(1 << noise.between(1, 25))
        elapsed_ms = (0, 1000, 60000, 86400000)[noise.below(4)]
        gauge.count(charge_pc(current_pa, elapsed_ms), elapsed_ms, cdeg)
        gauge.observe(noise.between(0, 6000000), current_pa, noise.below(100000), cdeg)
        gauge = copied(gauge, acceptance_ppm=990000)
        assert plain_sum(gauge)
        assert 0 <= gauge.soc_ppm() <= 1000000
        assert 0 <= gauge.sigma_ppm() <= 1000000
        assert gauge.full_nah() > 0
        available = AvailableCharge(gauge)
        assert available.charge_nah(1300000, cdeg) >= 0
        assert available.sigma_nah() >= 0


def test_a_sensor_that_is_stuck():
    gauge = opened(500000, 10000, capacity_spread_ppm=0)
    for _ in range(60):
        gauge.count(charge_pc(-500000, 60000), 60000, 2500)
    measured, sigma = gauge.ledger.line_pc(MEASURED), gauge.sigma_ppm()
    gauge.count(0, 60000, 2500)
    for _ in range(29):
        gauge.count(0, 60000, 2500)
        before = lines(gauge)
        gauge.observe(1000000, -500000, 0, 2500)  # nothing of it is believed
        assert lines(gauge) == before
    # Half an hour of 500 nA must have flowed, unseen; how much is not certain.
    for _ in range(5):
        gauge.count(charge_pc(-500000, 60000), 60000, 2500)
    assert close(gauge.ledger.line_pc(GAP), -500000 * 1800, 1e-3)
    assert close(gauge.ledger.line_pc(MEASURED) - measured, -500000 * 300, 1e-3)
    assert gauge.sigma_ppm() > sigma + 1000
    assert plain_sum(gauge)


def test_samples_that_are_lost_are_not_counted_twice():
    # The accumulator went on while nobody could read it: the next count holds everything.
    gauge = opened(500000, 10000)
    for _ in range(60):
        gauge.count(charge_pc(-500000, 60000), 60000, 2500)
    before = gauge.ledger.stored_pc()
    for lost in (1, 2, 7, 30):
        for _ in range(lost):
            gauge.count(0, 60000, 2500)
        gauge.count(charge_pc(-500000, 60000 * (lost + 1)), 60000, 2500)
        before -= 500000 * 60 * (lost + 1)
        assert gauge.ledger.line_pc(GAP) == 0
        assert close(gauge.ledger.stored_pc(), before, 1e-6)
        gauge.count(charge_pc(-500000, 60000), 60000, 2500)
        before -= 500000 * 60
    assert plain_sum(gauge)


def test_pack_round_trip():
    noise = Noise(61)
    gauge = opened(500000, 100000, acceptance_ppm=995000)
    for _ in range(30):
        again = copied(gauge, acceptance_ppm=995000)
        assert reported(again) == reported(gauge)
        some, cdeg = noise.between(-3000000000, 3000000000), noise.between(1000, 4000)
        uv, current_pa = noise.between(1000000, 3000000), noise.between(-2000000, 2000000)
        for one in (gauge, again):
            one.count(some, 60000, cdeg)
            one.book(-1234)
            one.observe(uv, current_pa, 0, cdeg)
        assert reported(again) == reported(gauge)


def test_a_time_without_profile_is_a_gap_and_leaves_the_rest_of_the_judgement_alone():
    gauge = opened(700000, 20000)
    gauge.count(charge_pc(1000000, 600000), 600000, 2500)
    buffer = bytearray(SIZE)
    gauge.pack_into(buffer, 0)
    blind = LedgerOnly()
    for _ in range(3):  # however many wakes it has
        blind.unpack_from(buffer, 0)
        blind.book(-5000)
        blind.pack_into(buffer, 0)
    again = FuelGauge(cell(), SHUNT_MOHM)
    again.unpack_from(buffer, 0)
    assert again.ledger.stored_pc() == gauge.ledger.stored_pc() - 15000
    widened_ppm = (gauge.described_sigma_ppm() ** 2 + 100000**2) ** 0.5
    assert close(again.described_sigma_ppm(), widened_ppm, absolute=5)
    assert any(gauge.film.modes) and not any(again.film.modes)  # where the film is nobody knows
    assert again.estimator.pending == gauge.estimator.pending
    assert again.ledger.line_pc(OPENING) == gauge.ledger.line_pc(OPENING)
    assert again.ledger.line_pc(GAP) == 0
    assert reported(copied(again)) == reported(again)  # it is one gap, at whatever wakes follow


def test_a_profile_that_comes_late_knows_the_charge_from_then_on():
    blind, buffer = LedgerOnly(), bytearray(SIZE)
    blind.count(FULL_PC // 2, 3600000, 2500)
    blind.pack_into(buffer, 0)
    late = FuelGauge(cell(), SHUNT_MOHM)
    late.unpack_from(buffer, 0)
    late.open(500000, 50000)
    known = opened(500000, 50000)
    for gauge in (late, copied(late)):
        assert gauge.sigma_ppm() == known.sigma_ppm()
        assert gauge.estimator.known_share() == 0.5

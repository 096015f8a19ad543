"""Health: cycles, resistance from steps that are known, and where the capacity is going."""

from cell_profiles import VALUES, cell
from expect import close
from noise import Noise
from planar_film import polarisation_v

from filmgauge.gauge.diffusion import DiffusionModel
from filmgauge.gauge.health import EFFICIENCY, SIZE, Health

FULL_PC = cell().full_pc()
ONE_C_PA = FULL_PC // 3600


def healthy(**changes):
    profile = cell(**changes)
    return Health(DiffusionModel(profile), profile)


def chord_mohm(cdeg=2500):
    """Return the chord of the profile's polarisation between C/10 and C/5."""
    low, high = -ONE_C_PA // 10, -ONE_C_PA // 5
    volts = polarisation_v(VALUES, high, cdeg) - polarisation_v(VALUES, low, cdeg)
    return volts / (high - low) * 1e15


def packed(health):
    buffer = bytearray(SIZE + 2)
    health.pack_into(buffer, 1)
    assert (buffer[0], buffer[-1]) == (0, 0)
    return buffer


def test_a_cycle_is_a_charge_and_a_discharge():
    health = healthy()
    for cycle in range(1, 30):
        for part in (0.5, -0.75, 0.5, -0.25):
            health.count(int(part * FULL_PC))
        # less than a microcoulomb is left out wherever the current turns
        assert close(health.mcycles(), 1000 * cycle, 2e-4, 1)


def test_many_small_charges_make_the_same_cycles():
    # Node by night: 30 nA for a minute are 1.8 uC. No part of a microcoulomb may be lost.
    for moved_pc in (1800000, -1800000, 999999, -999999, 300000, 123):
        health = healthy()
        count = min(4000, FULL_PC // abs(moved_pc))
        for _ in range(count):
            health.count(moved_pc)
        expected = 1000.0 * count * abs(moved_pc) / (2 * FULL_PC)
        assert close(health.mcycles(), expected, absolute=1)


def test_noise_around_nothing_makes_no_cycles():
    noise, health = Noise(3), healthy()
    for _ in range(3000):
        health.count(noise.between(-400000, 400000))
    assert health.mcycles() < 10


def test_cycles_outlive_sleep():
    health, moved = healthy(), 0
    for wake in range(400):
        again = healthy()
        again.unpack_from(packed(health), 1)
        again.count(-(100000000 + wake * 1111111))
        moved += 100000000 + wake * 1111111
        health = again
    assert close(health.mcycles(), 1000.0 * moved / (2 * FULL_PC), absolute=1)


def seen_step(health, ratio, low_pa, high_pa, cdeg, noise_uv=0):
    """Let a load step; the cell has `ratio` times the profile's polarisation."""
    health.interrupt()
    for current_pa in (low_pa, high_pa):
        uv = 2000000 + 1e6 * ratio * polarisation_v(VALUES, current_pa, cdeg) + noise_uv
        health.observe_step(int(uv), current_pa, cdeg)
        noise_uv = -noise_uv


def discharging(**changes):
    """Return the health of a cell in the middle of a discharge."""
    health = healthy(**changes)
    health.count(-FULL_PC // 4)
    return health


def test_resistance_is_that_of_the_profile_at_first():
    assert close(healthy().resistance_mohm(ONE_C_PA), chord_mohm(), 1e-3)


def test_resistance_is_learned_from_steps():
    for ratio in (0.7, 1.0, 1.35):
        for cdeg in (1000, 2500, 4000):
            health = discharging()
            before = health.resistance_sigma()
            for _ in range(40):
                seen_step(health, ratio, -ONE_C_PA // 20, -ONE_C_PA // 4, cdeg, 300)
            assert close(health.resistance_mohm(ONE_C_PA), ratio * chord_mohm(), 0.02)
            assert health.resistance_sigma() < before / 3
            assert abs(health.resistance_mohm(ONE_C_PA) / chord_mohm() / ratio - 1) < (
                3 * health.resistance_sigma()
            )


def test_what_is_no_step_teaches_nothing():
    for low_pa, high_pa, warmer, run in (
        (-ONE_C_PA // 10, ONE_C_PA // 10, 0, 4),  # the direction has changed
        (-ONE_C_PA // 10, -ONE_C_PA // 9, 0, 4),  # nearly the same current
        (-ONE_C_PA // 20, -ONE_C_PA // 4, 500, 4),  # another temperature
        (-ONE_C_PA // 20, -ONE_C_PA // 4, 0, 1000),  # the branch has not turned yet
    ):
        health = healthy()
        health.count(-FULL_PC // run)
        before = health.resistance_mohm(ONE_C_PA), health.resistance_sigma()
        for _ in range(5):
            health.interrupt()
            health.observe_step(1900000, low_pa, 2500)
            health.observe_step(1800000, high_pa, 2500 + warmer)
        assert (health.resistance_mohm(ONE_C_PA), health.resistance_sigma()) == before


def test_an_interruption_separates_two_samples():
    health = discharging()
    before = health.resistance_mohm(ONE_C_PA)
    for _ in range(5):
        health.observe_step(1900000, -ONE_C_PA // 20, 2500)
        health.interrupt()
        health.observe_step(1850000, -ONE_C_PA // 4, 2500)
        health.interrupt()
    assert health.resistance_mohm(ONE_C_PA) == before


def test_a_surface_that_moves_is_no_step():
    health = discharging()
    for _ in range(20):
        seen_step(health, 1.0, -ONE_C_PA // 20, -ONE_C_PA // 4, 2500)
    before = health.resistance_mohm(ONE_C_PA)
    health.interrupt()
    health.observe_step(1900000, -ONE_C_PA // 20, 2500)
    health.observe_step(1100000, -ONE_C_PA // 4, 2500)
    assert health.resistance_mohm(ONE_C_PA) == before


def test_resistance_stays_a_resistance():
    noise = Noise(8)
    for changes in ({}, {"exchange_pa_cm2": 10**9, "lipon_mohm_cm2": 0, "contact_mohm_cm2": 0}):
        health = discharging(**changes)
        for _ in range(300):
            cdeg, pa = noise.between(-4000, 8500), noise.between(-20000000, 20000000)
            health.observe_step(noise.between(0, 5000000), pa, cdeg)
            assert 0 <= health.resistance_mohm(ONE_C_PA) < 2**40
            assert 0.0 < health.resistance_sigma() < 1.0
            packed(health)


def fading(per_cycle_ppm, cycles):
    """Return a health that has seen the capacity change with every swing, and the capacity."""
    health, capacity = healthy(), 1000000
    for swing in range(2 * cycles):
        health.count(FULL_PC if swing % 2 else -FULL_PC)
        health.full_swing(capacity)
        capacity = 1000000 + per_cycle_ppm * (swing + 1) // 2
    return health, capacity


def test_trend_is_the_slope_of_the_capacity():
    # 43 ppm in a cycle is the fade of a film that keeps 98.8 % over 280 cycles.
    for slope in (-1000, -43, -5, 0, 200):
        for cycles in (3, 200):
            health, capacity = fading(slope, cycles)
            assert close(health.capacity_trend(capacity, 0)[0], slope, 0.02, 1.0)


def test_trend_needs_two_swings():
    health = healthy()
    for swing in range(2):
        assert health.capacity_trend(1000000, 0)[0] is None
        health.count(-FULL_PC if swing % 2 else FULL_PC)
        health.full_swing(1000000)
    assert health.capacity_trend(1000000, 0)[0] == 0


def test_trend_forgets_how_the_film_opened():
    health, capacity = healthy(), 800000
    for swing in range(400):
        health.count(FULL_PC if swing % 2 else -FULL_PC)
        health.full_swing(capacity)
        capacity += 10000 if swing < 20 else -50
    # a hundred and ninety cycles later, with a memory of fifty
    assert close(health.capacity_trend(capacity, 0)[0], -100, 0.6)
    assert health.capacity_trend(capacity, 0)[0] < 0


def test_a_capacity_that_only_wavers_has_no_trend():
    noise, health, capacity = Noise(17), healthy(), 900000
    for swing in range(400):
        health.count(FULL_PC if swing % 2 else -FULL_PC)
        health.full_swing(capacity)
        capacity = 900000 + noise.between(-3000, 3000)
        if swing > 3:  # even within three sigma
            trend, sigma, _, _ = health.capacity_trend(capacity, 1800)
            assert abs(trend) <= 3 * sigma
    # fifty cycles between two capacities of 1800 ppm
    assert close(health.capacity_trend(capacity, 1800)[1], 1.414 * 1800 / 50, 0.05, 1)


def test_cycles_left():
    health, capacity = fading(-500, 200)
    assert close(capacity, 900000, absolute=500)
    _, _, left, sigma = health.capacity_trend(capacity, 0)
    assert close(left, 200, 0.03)  # (0.9 - 0.8) / 0.0005
    assert sigma == 0
    assert health.capacity_trend(700000, 0)[2] == 0
    assert healthy().capacity_trend(1000000, 0) == (None, None, None, None)
    health, capacity = fading(300, 50)
    assert health.capacity_trend(capacity, 0)[2:] == (None, None)


def test_a_trend_within_its_own_sigma_projects_nothing():
    health, capacity = fading(-100, 200)
    for sigma_ppm, known in ((300, True), (3000, True), (4000, False), (20000, False)):
        _, _, left, unsure = health.capacity_trend(capacity, sigma_ppm)
        assert (left is not None) == (unsure is not None) == known
        if known:
            # the decline may be wrong by 1.41 sigma in 50 cycles, and the capacity itself
            sigma = (left * 1.414 * sigma_ppm / 50 + sigma_ppm) / 100
            assert close(unsure, sigma, 0.05, 20)


def test_ages_are_hours_since_an_observation():
    health = discharging()
    assert health.ages_h() == [None] * 3
    for _ in range(90):
        health.add_time(1800000)  # 45 h
    health.full_swing(1000000)
    for _ in range(3):
        health.add_time(2 * 3600000)
    seen_step(health, 1.0, -ONE_C_PA // 20, -ONE_C_PA // 4, 2500)
    health.add_time(3599999)
    again = healthy()
    again.unpack_from(packed(health), 1)
    assert again.ages_h() == [6, 0, None]  # capacity, resistance, efficiency
    again.add_time(1)
    again.mark_observed(EFFICIENCY)
    assert again.ages_h() == [7, 1, 0]
    again.add_time(10 * 8766 * 3600000)  # ten years
    assert again.ages_h() == [65534] * 3


def test_trend_stays_within_bounds():
    noise, health = Noise(9), healthy()
    for _ in range(300):
        health.count(noise.between(-FULL_PC // 50, FULL_PC // 50))
        health.full_swing(noise.between(100000, 4000000))
        packed(health)
        capacity, sigma = noise.between(100000, 4000000), noise.between(0, 500000)
        trend, *positive = health.capacity_trend(capacity, sigma)
        assert trend is None or abs(trend) <= 1000000
        for part in positive:
            assert part is None or 0 <= part <= 65534


def test_pack_round_trip():
    noise = Noise(10)
    health, _ = fading(-77, 20)
    for _ in range(60):
        health.observe_step(noise.between(1700000, 1900000), -noise.between(200000, 3000000), 2500)
        health.count(-noise.below(10**9))
        again = healthy()
        again.unpack_from(packed(health), 1)
        assert packed(again) == packed(health)
        assert again.mcycles() == health.mcycles()
        assert again.capacity_trend(900000, 9) == health.capacity_trend(900000, 9)
        assert again.resistance_mohm(ONE_C_PA) == health.resistance_mohm(ONE_C_PA)

"""Limits: three levels, each with its threshold, its looks in a row and its hysteresis."""

from cell_profiles import cell
from heap import locked_heap
from noise import Noise

from filmgauge.control.limits import (
    FAULT,
    KINDS,
    LIMIT,
    NONE,
    OVER_CHARGE,
    OVER_DISCHARGE,
    OVER_VOLTAGE,
    SENSOR,
    SIZE,
    TOO_COLD,
    TOO_WARM,
    UNDER_VOLTAGE,
    WARNING,
    Limits,
)

PROFILE = cell(full_uv=4000000, empty_uv=1000000)
SOUND = (2200000, 0, 2500)
NEAR = (40000, 2000000, 400)  # about the hysteresis of each reading
# kind, place in a look, sign, thresholds from warning to fault, hysteresis, and looks that raise
# and release: 1.2 cm2 and 1 to 4 V
CASES = (
    (OVER_VOLTAGE, 0, 1, (4015000, 4030000, 4060000), 30000, (2, 2, 2), (2, 3, 10)),
    (UNDER_VOLTAGE, 0, -1, (1300000, 1000000, 850000), 150000, (3, 3, 2), (2, 3, 10)),
    (OVER_CHARGE, 1, 1, (14400000, 16800000, 31200000), 1200000, (3, 2, 2), (2, 3, 10)),
    (OVER_DISCHARGE, 1, -1, (-14400000, -16800000, -31200000), 1200000, (3, 2, 2), (2, 3, 10)),
    (TOO_WARM, 2, 1, (6000, 7000, 8500), 300, (3, 3, 2), (3, 3, 10)),
    (TOO_COLD, 2, -1, (-2000, -3000, -4000), 300, (3, 3, 2), (3, 3, 10)),
)


def reading(place, value):
    """Return a look that is sound but for one value."""
    return tuple(value if i == place else SOUND[i] for i in range(3))


def after(limits, look, times):
    """Return the level of everything after some equal looks."""
    level = NONE
    for _ in range(times):
        level = limits.update(*look)
    return level


def test_a_sound_cell_has_no_level():
    limits = Limits(PROFILE)
    assert after(limits, SOUND, 300) == NONE
    assert limits.word() == 0


def test_each_level_is_raised_beyond_its_threshold_only():
    for kind, place, sign, thresholds, _, _, _ in CASES:
        for level in (WARNING, LIMIT, FAULT):
            threshold = thresholds[level - 1]
            limits = Limits(PROFILE)
            after(limits, reading(place, threshold), 300)
            assert limits.level(kind) == level - 1
            assert after(limits, reading(place, threshold + sign), 300) == level
            assert limits.level(kind) == level
            for other in range(KINDS):
                assert other == kind or limits.level(other) == NONE


def test_each_level_has_its_own_debounce():
    for kind, place, sign, thresholds, _, raising, releasing in CASES:
        limits = Limits(PROFILE)
        beyond = reading(place, thresholds[2] + 1000 * sign)
        for look in range(1, 12):
            limits.update(*beyond)
            raised = [level for level in (1, 2, 3) if look >= raising[level - 1]]
            assert limits.level(kind) == max(raised + [NONE])
        for look in range(1, 12):
            limits.update(*SOUND)
            standing = [level for level in (1, 2, 3) if look < releasing[level - 1]]
            # the lower levels end sooner, but the fault counts until it ends
            assert limits.level(kind) == max(standing + [NONE])


def test_one_look_between_ends_the_row():
    for kind, place, sign, thresholds, _, _, _ in CASES:
        limits = Limits(PROFILE)
        beyond = reading(place, thresholds[2] + 1000 * sign)
        for _ in range(20):
            limits.update(*beyond)
            limits.update(*SOUND)
            assert limits.level(kind) == NONE


def test_release_needs_the_hysteresis():
    for kind, place, sign, thresholds, hysteresis, _, _ in CASES:
        for level in (WARNING, LIMIT, FAULT):
            limits = Limits(PROFILE)
            after(limits, reading(place, thresholds[level - 1] + sign), 20)
            release = thresholds[level - 1] - sign * hysteresis
            after(limits, reading(place, release + sign), 300)
            assert limits.level(kind) == level
            after(limits, reading(place, release), 300)
            assert limits.level(kind) < level


def test_a_missing_or_impossible_reading_is_the_sensors():
    for bad, worst in (
        ((None, None, None), FAULT),
        ((None, 0, 2500), FAULT),
        ((2200000, None, 2500), FAULT),
        ((-1, 0, 2500), FAULT),
        ((5500001, 0, 2500), FAULT),
        ((2200000, 1560000001, 2500), FAULT),  # 1.3 mA/cm2
        ((2200000, -1560000001, 2500), FAULT),
        ((2200000, 0, None), LIMIT),  # a cell without a thermometer is not lost
        ((2200000, 0, -5501), LIMIT),
        ((2200000, 0, 15001), LIMIT),
    ):
        limits = Limits(PROFILE)
        limits.update(*bad)
        assert limits.worst() == NONE  # once is nothing
        assert after(limits, bad, 100) == worst
        assert limits.level(SENSOR) == worst
        assert limits.word() == worst << 2 * SENSOR
        assert after(limits, SOUND, 100) == NONE


def test_a_missing_reading_leaves_the_other_levels():
    limits = Limits(PROFILE)
    after(limits, (4100000, 0, 2500), 20)
    assert limits.level(OVER_VOLTAGE) == FAULT
    after(limits, (None, 0, 2500), 100)
    assert limits.level(OVER_VOLTAGE) == FAULT
    after(limits, (2200000, 0, None), 20)
    assert limits.level(OVER_VOLTAGE) == NONE


def expected(history, raising, releasing, threshold, release):
    """Return whether a level stands after a history of values, by looking back over it."""
    raised, since = False, 0
    for end in range(1, len(history) + 1):
        row = releasing if raised else raising
        last = history[max(since, end - row) : end]
        if len(last) < row:
            continue
        beyond = max(last) <= release if raised else min(last) > threshold
        if beyond:
            raised, since = not raised, end
    return raised


def test_random_looks_against_the_whole_history():
    for seed in range(1, 4):
        noise, limits = Noise(seed), Limits(PROFILE)
        histories = [[] for _ in CASES]
        for _ in range(120):
            look = list(SOUND)
            for _, place, _, thresholds, _, _, _ in CASES:
                if noise.below(3) == 0:
                    look[place] = thresholds[noise.below(3)] + noise.between(-1, 1) * NEAR[place]
            for case, history in zip(CASES, histories):
                history.append(case[2] * look[case[1]])
            limits.update(*look)
        for case, history in zip(CASES, histories):
            kind, _, sign, thresholds, hysteresis, raising, releasing = case
            level = NONE
            for index in range(3):
                threshold = sign * thresholds[index]
                rows = raising[index], releasing[index]
                if expected(history, *rows, threshold, threshold - hysteresis):
                    level = index + 1
            assert limits.level(kind) == level


def test_word_holds_every_level():
    limits = Limits(PROFILE)
    after(limits, (4100000, -17000000, 6100), 20)
    word = limits.word()
    for kind in range(KINDS):
        assert word >> 2 * kind & 3 == limits.level(kind)
    assert word == FAULT | LIMIT << 2 * OVER_DISCHARGE | WARNING << 2 * TOO_WARM


def test_a_look_leaves_no_garbage():
    limits = Limits(PROFILE)
    for look in (SOUND, (4100000, 20000000, 9000), (900000, -20000000, -4100), (None,) * 3):
        limits.update(*look)
        voltage_uv, current_pa, cdeg = look
        with locked_heap():
            limits.update(voltage_uv, current_pa, cdeg)
            limits.word()
            limits.level(OVER_VOLTAGE)


def test_pack_round_trip():
    noise, limits = Noise(5), Limits(PROFILE)
    for _ in range(100):
        look = (noise.between(500000, 4500000), noise.between(-4 * 10**7, 4 * 10**7), 2500)
        limits.update(*look)
        buffer = bytearray(SIZE + 2)
        limits.pack_into(buffer, 1)
        assert (buffer[0], buffer[-1]) == (0, 0)
        again = Limits(PROFILE)
        again.unpack_from(buffer, 1)
        assert again.word() == limits.word()
        limits = again

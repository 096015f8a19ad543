"""The ledger is exact: compared with plain integers over long sequences."""

import json

from noise import Noise

from filmgauge.gauge.ledger import (
    CORRECTED,
    GAP,
    INPUT,
    LEAK,
    LOSS,
    MEASURED,
    OPENING,
    RADIO,
    SENSOR,
    SIZE,
    SLEEP,
    ZERO,
    CountScale,
    Ledger,
)

BOOKED = (ZERO, INPUT, LOSS, LEAK, SLEEP, SENSOR, RADIO, GAP)
LINES = (OPENING, MEASURED, CORRECTED) + BOOKED
# 1 mohm counts up to odd and prime values: every size of denominator
SHUNTS = (1000, 1001, 65537, 78125, 470000, 999983, 1000000, 1000003, 99999989, 100000000)


def greatest(a, b):
    return a if b == 0 else greatest(b, a % b)


def test_random_sequence_equals_plain_integers():
    noise = Noise(1)
    ledger = Ledger()
    sums = [0] * len(LINES)
    for _ in range(3000):
        line = LINES[noise.below(len(LINES))]
        pc = noise.between(-1, 1) * noise.below(1 << noise.between(1, 40))
        ledger.add_pc(line, pc)
        sums[line] += pc
        assert ledger.line_pc(line) == sums[line]
    assert ledger.stored_pc() == sum(sums)


def test_extremes_of_small_integers():
    for pc in (2**30 - 1, -(2**30), 2**31, -(2**31) - 1, 999999, 1000000, -1, -999999, -1000000):
        ledger = Ledger()
        ledger.add_pc(MEASURED, 999999)
        ledger.add_pc(MEASURED, pc)
        assert ledger.line_pc(MEASURED) == 999999 + pc
        ledger.add_pc(MEASURED, -pc)
        assert ledger.line_pc(MEASURED) == 999999


def test_a_thousand_coulomb_and_one_picocoulomb():
    ledger = Ledger()
    ledger.add_pc(OPENING, 1000 * 10**12)
    ledger.add_pc(INPUT, -1000 * 10**12)
    ledger.add_pc(CORRECTED, 1)
    assert ledger.line_pc(OPENING) == 10**15
    assert ledger.line_pc(INPUT) == -(10**15)
    assert ledger.stored_pc() == 1


def test_lines_do_not_touch_each_other():
    for line in LINES:
        ledger = Ledger()
        ledger.add_pc(line, -12345678901)
        assert [ledger.line_pc(n) for n in LINES] == [
            -12345678901 if n == line else 0 for n in LINES
        ]


def test_every_line_has_a_number_of_its_own():
    assert sorted(LINES) == list(range(len(LINES)))


def test_booked_is_all_that_is_known_but_not_measured():
    noise = Noise(6)
    for _ in range(50):
        ledger = Ledger()
        booked_pc = 0
        for line in LINES:
            pc = noise.between(-(10**12), 10**12)
            ledger.add_pc(line, pc)
            booked_pc += pc if line in BOOKED else 0
        assert abs(2 * (ledger.booked_nah() * 3600000 - booked_pc)) <= 3600000


def test_count_scale_is_the_exact_fraction():
    for shunt in SHUNTS:
        scale = CountScale(shunt)
        # 78.125 nV a count over shunt_mohm * 1e-3 ohm, in pA: 78125000 / shunt_mohm
        assert scale.numerator * shunt == scale.denominator * 78125000
        assert greatest(scale.numerator, scale.denominator) == 1
        for counts in (0, 1, -1, 524287, -524288):
            assert scale.pc(counts) == counts * 78125000 // shunt


def test_many_small_adds_equal_one_big_add():
    noise = Noise(2)
    for shunt in SHUNTS:
        scale = CountScale(shunt)
        ledger = Ledger()
        counts = 0
        for _ in range(300):
            some = noise.between(-3000, 2900)
            ledger.add_counts(some, scale)
            counts += some
        assert ledger.line_pc(MEASURED) == counts * 78125000 // shunt


def test_single_counts_add_up():
    for shunt in (1000003, 99999989):
        scale = CountScale(shunt)
        ledger = Ledger()
        for _ in range(2000):
            ledger.add_counts(-1, scale)
        assert ledger.line_pc(MEASURED) == -2000 * 78125000 // shunt


def test_remainders_outlive_sleep():
    for shunt in SHUNTS:
        scale = CountScale(shunt)
        ledger = Ledger()
        for sign in (1, 1, -1, 1, 1):
            ledger.add_counts(sign * 7919, scale)
            buffer = bytearray(SIZE + 5)
            ledger.pack_into(buffer, 3)
            assert buffer[:3] == bytes(3)
            assert buffer[-2:] == bytes(2)
            ledger = Ledger()
            ledger.unpack_from(buffer, 3)
        assert ledger.line_pc(MEASURED) == 3 * 7919 * 78125000 // shunt


def test_pack_of_random_ledgers():
    noise = Noise(3)
    for _ in range(50):
        ledger = Ledger()
        for line in LINES:
            ledger.add_pc(line, noise.between(-(10**15), 10**15))
        buffer = bytearray(SIZE)
        ledger.pack_into(buffer, 0)
        again = Ledger()
        again.unpack_from(buffer, 0)
        assert [again.line_pc(n) for n in LINES] == [ledger.line_pc(n) for n in LINES]


def test_nanoampere_hours_are_the_nearest():
    noise = Noise(4)
    for _ in range(200):
        pc = noise.between(-(10**13), 10**13)
        ledger = Ledger()
        ledger.add_pc(MEASURED, pc)
        nah = ledger.line_nah(MEASURED)
        assert abs(2 * (nah * 3600000 - pc)) <= 3600000


def test_values_are_integers_that_json_can_show():
    ledger = Ledger()
    ledger.add_counts(-12345, CountScale(470000))
    assert json.loads(json.dumps(ledger.line_pc(MEASURED))) == -12345 * 78125000 // 470000

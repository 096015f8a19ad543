"""The ledger is exact: compared with plain integers over long sequences."""

import json
import struct

from noise import Noise

from filmgauge.decoding.ledger_lines import LEDGER_LINES
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
    Ledger,
)
from filmgauge.gauge.ledger import LINES as COUNT

BOOKED = (ZERO, INPUT, LOSS, LEAK, SLEEP, SENSOR, RADIO, GAP)
LINES = (OPENING, MEASURED, CORRECTED) + BOOKED


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


def test_ten_years_of_a_large_cell_fit():
    """A milliampere for ten years, 87.6 Ah, is 3.2e17 pC: exact at each step, also packed."""
    for sign in (1, -1):
        ledger = Ledger()
        step_pc = sign * (87 * 3600 * 10**9 + 123457)  # a thousandth of 87 Ah
        expected = 0
        for number in range(1000):
            ledger.add_pc(MEASURED, step_pc)
            ledger.add_pc(SLEEP, -step_pc + sign)
            expected += step_pc
            if number % 100 == 0:
                buffer = bytearray(SIZE)
                ledger.pack_into(buffer, 0)
                ledger.unpack_from(buffer, 0)
            assert ledger.line_pc(MEASURED) == expected
        assert ledger.stored_pc() == sign * 1000
        assert abs(ledger.sums_nah()[0] - sign * 87 * 10**9) <= 40


def test_a_ledger_of_an_older_version_goes_on():
    """Before, a line held up to 2147 C in its first word and nothing above its picocoulombs."""
    for uc in (2147483647, -2147483648, 600000000, -600000000):
        buffer = bytearray(SIZE)
        struct.pack_into("<2i", buffer, 8 * MEASURED, uc, 999999)
        ledger = Ledger()
        ledger.unpack_from(buffer, 0)
        assert ledger.line_pc(MEASURED) == uc * 10**6 + 999999
        ledger.add_pc(MEASURED, 5000001)
        assert ledger.line_pc(MEASURED) == uc * 10**6 + 999999 + 5000001


def test_lines_do_not_touch_each_other():
    for line in LINES:
        ledger = Ledger()
        ledger.add_pc(line, -12345678901)
        assert [ledger.line_pc(n) for n in LINES] == [
            -12345678901 if n == line else 0 for n in LINES
        ]


def test_every_line_has_a_number_of_its_own():
    assert sorted(LINES) == list(range(len(LINES)))


def test_every_line_has_a_name():
    names = (
        "OPENING MEASURED CORRECTED ZERO INPUT LOSS LEAK SLEEP SENSOR RADIO GAP".lower().split()
    )
    assert [LEDGER_LINES[line] for line in LINES] == names
    assert len(LEDGER_LINES) == COUNT


def test_booked_is_all_that_is_known_but_not_measured():
    noise = Noise(6)
    for _ in range(50):
        ledger = Ledger()
        booked_pc = 0
        for line in LINES:
            pc = noise.between(-(10**12), 10**12)
            ledger.add_pc(line, pc)
            booked_pc += pc if line in BOOKED else 0
        assert abs(2 * (ledger.sums_nah()[1] * 3600000 - booked_pc)) <= 3600000


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
    ledger.add_pc(MEASURED, -2052028)
    assert json.loads(json.dumps(ledger.line_pc(MEASURED))) == -2052028

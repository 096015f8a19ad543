"""Counts of the accumulator that are good, wait, or are odd."""

from cell_profiles import cell
from noise import Noise

from filmgauge.charge.counting_sampler import _Counter

GOOD, WAITS, ODD, ANEW = range(4)  # verdicts
MINUTE_MS = 60000
EVEN_MOHM = 78125000  # a count is 1 pA or 1 pC
FULL_SCALE = 1 << 19  # pA
ODD_PC = cell().full_pc() // 100
PA = 100000  # flows all the time
MINUTE_PC = 60 * PA


class Accumulator:
    """The registers of a sensor that has counted."""

    def __init__(self):
        self.shown = 0

    def readfrom_mem_into(self, address, register, buffer):
        buffer[:] = (self.shown % (1 << 40)).to_bytes(5, "big")


class Counted:
    """A counter, beside the charge that has truly passed and that which was counted."""

    def __init__(self):
        self.bus = Accumulator()
        self.counter = _Counter(self.bus, 0x40, EVEN_MOHM)
        self.true = self.counted = 0
        self.counter._memory = 1  # it was started at zero
        self.wake(0, 0)

    def wake(self, wrong_pc=0, elapsed_ms=MINUTE_MS, pa=PA, odd_pc=MINUTE_PC):
        """Let charge pass, and read it wrong by so much; return the verdict."""
        self.true += pa * elapsed_ms // 1000
        self.bus.shown = self.true + wrong_pc
        self.counter.read_charge()
        _, verdict = self.counter.count(pa, elapsed_ms, odd_pc)
        if verdict != WAITS:
            self.counted += self.counter.charge_pc()
        return verdict


def test_a_sound_count_is_good():
    counted = Counted()
    for _ in range(5):
        assert counted.wake() == GOOD
    assert counted.counted == counted.true


def test_a_reading_that_was_wrong_once_costs_nothing():
    # Any bit of the forty, either way
    for bit in range(40):
        for sign in (1, -1):
            counted = Counted()
            counted.wake()
            verdict = counted.wake(sign << bit)
            if 1 << bit > 3 * MINUTE_PC:
                assert verdict == WAITS
            for _ in range(2):
                counted.wake()
            assert counted.counted == counted.true


def test_a_count_beyond_full_scale_that_stays_is_not_booked():
    counted = Counted()
    beyond = 2 * FULL_SCALE * 70
    assert counted.wake(beyond) == WAITS
    assert counted.counted == 0
    assert counted.wake(beyond) == ANEW
    # The minute in which it leapt is missing, the one after it is counted.
    assert counted.counted == MINUTE_PC
    assert counted.wake(beyond) == GOOD
    assert counted.counted == 2 * MINUTE_PC


def test_an_odd_count_that_stays_is_booked_and_doubted():
    counted = Counted()
    odd = 3 * MINUTE_PC
    assert counted.wake(odd) == WAITS
    assert counted.wake(odd) == ODD
    assert counted.counted == counted.true + odd
    assert counted.counter.doubt_pc >= odd - MINUTE_PC
    assert counted.wake(odd) == GOOD
    assert counted.counter.doubt_pc == 0


def test_an_accumulator_that_stands_still_is_told():
    counted = Counted()
    counted.wake()
    counted.counter.read_charge()
    for pa in (2 * PA, 3 * PA):  # a current that moves, and nothing counts it
        guess_pa, verdict = counted.counter.count(pa, MINUTE_MS, MINUTE_PC)
        assert (guess_pa, verdict) == (pa - PA // 2, ODD)
        assert counted.counter.charge_pc() == 0


def test_time_without_readings_allows_for_what_may_have_flowed():
    counted = Counted()
    counted.wake()
    counted.true += 20 * MINUTE_PC
    counted.counter.skip(20 * MINUTE_MS)
    assert counted.wake() == GOOD
    assert counted.counted == counted.true


def test_what_waits_outlives_a_sleep():
    noise = Noise(23)
    counted, other = Counted(), Counted()
    for _ in range(100):
        wrong = noise.between(-1, 1) * noise.below(1 << noise.between(1, 30))
        buffer = bytearray(32)
        counted.counter.pack_into(buffer, 1)
        assert (buffer[0], buffer[-1]) == (0, 0)
        other.counter.unpack_from(buffer, 1)
        other.true, other.counted = counted.true, counted.counted
        assert counted.wake(wrong) == other.wake(wrong)
        assert counted.counted == other.counted

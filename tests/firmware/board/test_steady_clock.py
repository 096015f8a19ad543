"""Time that nobody sets: whatever becomes of the date, it is what ticks and sleeps say."""

from noise import Noise

from filmgauge.board import clock_block, steady_clock
from filmgauge.board.clock_block import BLOCK, go_on, seal_clock
from filmgauge.board.steady_clock import SteadyClock

HOUR_MS = 3600000
YEARS_MS = 26 * 365 * 24 * HOUR_MS
LEAPS = (YEARS_MS, -YEARS_MS, HOUR_MS, -HOUR_MS, 60000, -60000)


class Board:
    """`time` of a board whose date runs as its clock does, and whose ticks may stand still."""

    def __init__(self, ticks_run=False):
        self.date_ms = 473385600000
        self.ticks = (1 << 30) - 5000  # about to wrap
        self.ticks_run = ticks_run
        self._real = steady_clock.time

    def __enter__(self):
        steady_clock.time = clock_block.time = self
        return self

    def __exit__(self, *error):
        steady_clock.time = clock_block.time = self._real

    def awake(self, ms):
        self.date_ms += ms
        self.ticks = (self.ticks + ms) & 0x3FFFFFFF

    def asleep(self, ms, drift=0):
        self.date_ms += ms + drift
        if self.ticks_run:
            self.ticks = (self.ticks + ms) & 0x3FFFFFFF

    def boot(self, took_ms):
        self.date_ms += took_ms
        self.ticks = 7

    def time_ns(self):
        return self.date_ms * 1000000

    def ticks_ms(self):
        return self.ticks

    def ticks_add(self, ticks, delta):
        return (ticks + delta) & 0x3FFFFFFF

    def ticks_diff(self, end, start):
        return ((end - start + 0x20000000) & 0x3FFFFFFF) - 0x20000000


def test_it_is_the_date_where_nobody_sets_it():
    noise = Noise(5)
    for ticks_run in (False, True):
        with Board(ticks_run) as board:
            clock = SteadyClock(ticks_run)
            true_ms = 0
            for _ in range(200):
                for _ in range(noise.between(0, 3)):
                    ms = noise.between(1, 28000)
                    drift = 0 if ticks_run else ms * noise.between(-50, 50) // 1000
                    clock.sleeping(ms)
                    board.asleep(ms, drift)
                    true_ms += ms + drift
                ms = noise.between(0, 4000)
                board.awake(ms)
                true_ms += ms
                assert clock.now_ms() == true_ms
                assert not clock.has_leapt(true_ms)


def leap(board, clock, asleep_ms, leap_ms):
    """Let the date leap in a sleep; return what the clock says before and after."""
    board.awake(1500)
    before_ms = clock.now_ms()
    clock.sleeping(asleep_ms)
    board.asleep(asleep_ms)
    board.date_ms += leap_ms
    board.awake(500)
    return before_ms, clock.now_ms()


def test_a_leap_is_told_once_and_moves_nothing():
    for leap_ms in LEAPS:
        with Board() as board:
            clock = SteadyClock()
            for asleep_ms in (0, 20000):  # while it is awake, and while it sleeps
                before_ms, now_ms = leap(board, clock, asleep_ms, leap_ms)
                assert now_ms == before_ms + asleep_ms + 500
                assert clock.has_leapt(before_ms)
                assert not clock.has_leapt(before_ms)
                board.awake(3000)
                assert clock.now_ms() == now_ms + 3000
                assert not clock.has_leapt(now_ms)


def test_a_date_is_none_of_its_business_where_ticks_run():
    for leap_ms in LEAPS + (-20000,):  # the last: it stands still in sleep
        with Board(True) as board:
            clock = SteadyClock(True)
            date_ms = clock.date_ms
            for asleep_ms in (0, 20000):
                before_ms, now_ms = leap(board, clock, asleep_ms, leap_ms)
                assert now_ms == before_ms + asleep_ms + 500
                assert not clock.has_leapt(before_ms)
            assert clock.date_ms == date_ms + now_ms  # what it would be
            assert clock.has_leapt(now_ms + 1)  # the state knows better


def test_a_sleep_that_a_peer_ends_is_no_leap():
    with Board() as board:
        clock = SteadyClock()
        for passed_ms in (10, 9000, 27990):
            before_ms = clock.now_ms()
            clock.sleeping(28000, True)
            board.asleep(passed_ms)
            assert clock.now_ms() == before_ms + passed_ms
            assert not clock.has_leapt(0)


def gone_on(board, asked_ms, passed_ms, has_slept, leap_ms=0):
    """Return a clock after a boot, and what it said before."""
    before = SteadyClock()
    board.awake(2000)
    before_ms = before.now_ms()
    block = bytearray(BLOCK)
    seal_clock(before, block, asked_ms)
    board.asleep(passed_ms)
    board.date_ms += leap_ms
    board.boot(700)
    clock = SteadyClock()
    go_on(clock, block, has_slept)
    return clock, before_ms


def test_a_boot_after_deep_sleep():
    for asked_ms in (60000, 86400000):
        with Board() as board:
            clock, before_ms = gone_on(board, asked_ms, asked_ms, True)
            assert clock.now_ms() == before_ms + asked_ms + 700
            assert not clock.has_leapt(before_ms)
        for leap_ms in (YEARS_MS, -YEARS_MS, 2 * HOUR_MS, -2 * HOUR_MS):
            with Board() as board:
                clock, before_ms = gone_on(board, asked_ms, asked_ms, True, leap_ms)
                assert 0 <= clock.now_ms() - before_ms - asked_ms <= 700
                assert clock.has_leapt(before_ms)
                assert not clock.has_leapt(before_ms)


def test_a_reset_before_a_sleep_has_ended_or_in_the_wake_after_it():
    for passed_ms in (0, 20000, 60000, 180000):
        with Board() as board:
            clock, before_ms = gone_on(board, 60000, passed_ms, False)
            assert clock.now_ms() == before_ms + passed_ms + 700
            assert not clock.has_leapt(before_ms)
    for leap_ms in (YEARS_MS, -YEARS_MS, HOUR_MS, -HOUR_MS):
        with Board() as board:
            clock, before_ms = gone_on(board, 0, 20000, False, leap_ms)
            assert 0 <= clock.now_ms() - before_ms <= 20700
            assert clock.has_leapt(before_ms)


def test_what_was_kept_is_torn():
    with Board() as board:
        before = SteadyClock()
        board.awake(9000)
        block = bytearray(BLOCK)
        seal_clock(before, block, 60000)
        for at in range(len(block)):
            spoilt = bytearray(block)
            spoilt[at] ^= 0x10
            clock = SteadyClock()
            go_on(clock, spoilt, True)
            assert clock.now_ms() == 0
            assert clock.has_leapt(5000)  # the state knows better
            assert clock.now_ms() == 5000

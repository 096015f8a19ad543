"""The board's clock beside true time."""

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from filmgauge_sim.board.clock import BoardClock

errors_ppm = st.integers(-50_000, 50_000)
times_us = st.integers(0, 10**15)  # 30 years


@given(errors_ppm, times_us, times_us)
def test_reading_is_the_closed_form_rounded_down(error_ppm, power_on_us, elapsed_us):
    clock = BoardClock(error_ppm, power_on_us)
    exact = Fraction(elapsed_us * (1_000_000 + error_ppm), 1_000_000)
    assert clock.reading_us(power_on_us + elapsed_us) == exact.numerator // exact.denominator


@given(errors_ppm, times_us, times_us)
def test_true_time_is_the_first_with_that_reading(error_ppm, power_on_us, reading_us):
    clock = BoardClock(error_ppm, power_on_us)
    true_us = clock.true_us(reading_us)
    assert clock.reading_us(true_us) >= reading_us
    assert reading_us == 0 or clock.reading_us(true_us - 1) < reading_us


@given(errors_ppm, times_us)
def test_a_fast_clock_reads_more_than_one_that_is_right(error_ppm, true_us):
    reading_us = BoardClock(error_ppm).reading_us(true_us)
    right = BoardClock().reading_us(true_us)
    assert right == true_us
    assert (reading_us - right) * error_ppm >= 0 or abs(reading_us - right) <= 1


@given(errors_ppm, times_us, times_us)
def test_power_on_begins_at_zero(error_ppm, first_us, later_us):
    clock = BoardClock(error_ppm, first_us)
    clock.power_on_us = later_us
    assert clock.reading_us(later_us) == 0

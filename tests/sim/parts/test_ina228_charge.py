"""INA228: what CHARGE adds up to (datasheet sections 7.3.2 and 8.1.2)."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ina228_bench import (
    BUS,
    CHARGE,
    CONFIG,
    CONTINUOUS,
    CURRENT,
    DIAG_ALRT,
    RANGE_LOW,
    SHUNT,
    SHUNT_CAL,
    SHUNT_LSB,
    TEMPERATURE,
    Bench,
    adc,
    nearest,
)

COUNT_PC = 1000 * SHUNT_LSB[1]  # 78.125 pC a count with 1 kohm and ADCRANGE 1
HOUR = 3_600_000_000
CHARGEOF = 0x0400


def pa(microamps: float) -> Fraction:
    return Fraction(microamps) * 10**6


@pytest.mark.parametrize("microamps", [12.5, -12.5, 0.0, 0.03, -40.0])
def test_charge_of_three_hours_is_the_integral(microamps: float) -> None:
    bench = Bench()
    bench.start(adc(CONTINUOUS | SHUNT))
    bench.run(3 * HOUR, current=microamps)
    per_second = nearest(pa(microamps) / COUNT_PC)  # the code of every conversion
    cycles = 3 * HOUR // 4120
    assert bench.signed(CHARGE) == per_second * cycles * 4120 // 10**6
    truth = pa(microamps) * 3 * 3600 / COUNT_PC
    assert abs(bench.signed(CHARGE) - truth) <= 3 * 3600 / 2 + abs(per_second) * 0.00412 + 1


@settings(max_examples=40, deadline=None)
@given(
    steps=st.lists(
        st.tuples(st.integers(1, 20_000_000), st.floats(-40.0, 40.0)), min_size=1, max_size=20
    ),
    bus_time=st.integers(0, 7),
)
def test_charge_of_any_load_is_the_integral(steps: list[tuple[int, float]], bus_time: int) -> None:
    """Shunt only: every microsecond is seen, so only rounding and the open window are missing."""
    bench = Bench()
    bench.start(adc(CONTINUOUS | SHUNT, shunt=bus_time))
    truth = Fraction(0)
    for us, current in steps:
        bench.run(us, current=current)
        truth += pa(current) * us / 10**6
    window_s = Fraction((50, 84, 150, 280, 540, 1052, 2074, 4120)[bus_time], 10**6)
    total_s = Fraction(sum(us for us, _ in steps), 10**6)
    open_window = pa(40.0) * window_s / COUNT_PC
    slack = total_s * Fraction(51, 100) + open_window + 1
    assert abs(bench.signed(CHARGE) - truth / COUNT_PC) <= slack


def test_charge_counts_the_whole_cycle_though_the_shunt_is_seen_for_a_part() -> None:
    bench = Bench()
    bench.start(adc(CONTINUOUS | SHUNT | BUS | TEMPERATURE, bus=4, shunt=2, temperature=0))
    bench.run(740 * 1000, current=10.0)
    assert bench.signed(CHARGE) == 128000 * 740 * 1000 // 10**6


def test_charge_ignores_averaging() -> None:
    bench = Bench()
    bench.start(adc(CONTINUOUS | SHUNT, shunt=0, average=7))
    bench.run(500, current=40.0)
    assert bench.code(CURRENT) == 0
    assert bench.signed(CHARGE) == 512000 * 500 // 10**6


def test_charge_and_discharge_cancel() -> None:
    bench = Bench()
    bench.start(adc(CONTINUOUS | SHUNT))
    bench.run(4120 * 1000, current=17.0)
    bench.run(4120 * 1000, current=-17.0)
    assert bench.signed(CHARGE) == 0


def test_charge_is_floored_and_keeps_the_rest_inside() -> None:
    bench = Bench()
    bench.start(adc(CONTINUOUS | SHUNT, shunt=0))
    one_count = float(COUNT_PC / 10**6)  # uA
    bench.run(1_000_000 - 50, current=-one_count)
    assert bench.signed(CHARGE) == -1
    bench.run(50, current=-one_count)
    assert bench.signed(CHARGE) == -1
    bench.run(50, current=-one_count)
    assert bench.signed(CHARGE) == -2


@pytest.mark.parametrize("low", [0, 1])
def test_charge_in_another_unit(low: int) -> None:
    """CURRENT_LSB of 100 pA: CHARGE counts 100 pC. SHUNT_CAL is rounded to 1 in 1311."""
    bench = Bench()
    bench.write(SHUNT_CAL, nearest(Fraction("13107.2") / 10 * (4 if low else 1)))
    bench.start(adc(CONTINUOUS | SHUNT), config=low << 4)
    bench.run(HOUR, current=36.0)
    truth = Fraction(36 * 3600 * 10**6, 100)
    assert abs(bench.signed(CHARGE) - truth) <= truth / 2 / 1310 + 3600


@pytest.mark.parametrize("sign", [1, -1])
def test_charge_wraps_at_2_to_39_and_says_so(sign: int) -> None:
    bench = Bench()
    bench.start(adc(CONTINUOUS | SHUNT))
    code = sign * 512000  # 40 uA
    cycles = (2**39 * 10**6) // (512000 * 4120)
    bench.run(cycles * 4120, current=sign * 40.0)
    assert bench.signed(CHARGE) == code * cycles * 4120 // 10**6
    assert not bench.raw(DIAG_ALRT) & CHARGEOF
    bench.run(4120, current=sign * 40.0)
    beyond = code * (cycles + 1) * 4120 // 10**6
    assert bench.raw(DIAG_ALRT) & CHARGEOF
    assert bench.raw(DIAG_ALRT) & CHARGEOF  # only a read of CHARGE clears it
    assert bench.signed(CHARGE) == beyond - sign * 2**40
    assert not bench.raw(DIAG_ALRT) & CHARGEOF


def test_rstacc_drops_the_overflow_flag_and_the_rest() -> None:
    bench = Bench()
    bench.start(adc(CONTINUOUS | SHUNT))
    bench.run(2**39 * 10**6 // 512000 + 4120, current=40.0)
    bench.write(CONFIG, RANGE_LOW | 0x4000)
    assert not bench.raw(DIAG_ALRT) & CHARGEOF
    assert bench.signed(CHARGE) == 0

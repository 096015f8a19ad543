"""INA228: counts, calibration, averaging (datasheet sections 6.5, 7.3.5, 8.1.2)."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ina228_bench import (
    BUS,
    BUS_LSB,
    CHARGE,
    CONFIG,
    CONTINUOUS,
    CURRENT,
    DIAG_ALRT,
    DIETEMP,
    RANGE_LOW,
    SHUNT,
    SHUNT_CAL,
    SHUNT_LSB,
    TEMPERATURE,
    VBUS,
    VSHUNT,
    Bench,
    adc,
    nearest,
)

ALL = BUS | SHUNT | TEMPERATURE
MATHOF = 0x0200


def measured(current: Fraction, config: int, calibration: int = 4096, **world: float) -> Bench:
    """A part that has converted all channels once."""
    bench = Bench()
    bench.write(SHUNT_CAL, calibration)
    bench.start(adc(ALL), config=config)
    bench.run(3 * 4120, current=float(current), **world)
    return bench


@pytest.mark.parametrize("low", [0, 1])
@pytest.mark.parametrize("microamps", ["0.1", "-0.1", "12.34", "-12.34", "40.9", "-40.9"])
def test_shunt_counts_and_signs(low: int, microamps: str) -> None:
    current = Fraction(microamps)
    bench = measured(current, low << 4)
    expected = nearest(current * 1000 / SHUNT_LSB[low])
    assert bench.code(VSHUNT) == expected
    assert bench.code(CURRENT) == expected  # SHUNT_CAL 4096 in both ranges


@pytest.mark.parametrize(("low", "full_scale_mv"), [(0, "163.84"), (1, "40.96")])
def test_the_range_ends_at_full_scale(low: int, full_scale_mv: str) -> None:
    full = Fraction(full_scale_mv)  # uA through 1 kohm
    assert measured(2 * full, low << 4).code(VSHUNT) == 2**19 - 1
    assert measured(-2 * full, low << 4).code(VSHUNT) == -(2**19)
    assert measured(-full, low << 4).code(VSHUNT) == -(2**19)
    almost = full * (2**19 - 2) / 2**19
    assert measured(almost, low << 4).code(VSHUNT) == 2**19 - 2


@pytest.mark.parametrize("volts", ["0.001", "1.7", "2.35", "4.2", "85"])
def test_bus_counts(volts: str) -> None:
    bench = measured(Fraction(1), RANGE_LOW, bus=float(volts))
    assert bench.code(VBUS) == nearest(Fraction(volts) * 10**6 / BUS_LSB)


def test_the_bus_is_never_negative() -> None:
    assert measured(Fraction(1), RANGE_LOW, bus=-0.3).code(VBUS) == 0


@pytest.mark.parametrize("celsius", ["-40", "-0.5", "0", "25.01", "125"])
def test_die_temperature(celsius: str) -> None:
    bench = measured(Fraction(1), RANGE_LOW, celsius=float(celsius))
    assert bench.signed(DIETEMP) == nearest(Fraction(celsius) * 10000 / Fraction("78.125"))


@pytest.mark.parametrize("low", [0, 1])
@pytest.mark.parametrize("lsb_pa", [80, 100, 312])
@pytest.mark.parametrize("microamps", ["20", "-20", "3.21"])
def test_shunt_cal_sets_the_unit_of_current(low: int, lsb_pa: int, microamps: str) -> None:
    """Equation 2: SHUNT_CAL = 13107.2e6 x CURRENT_LSB x R, four times that with ADCRANGE 1."""
    lsb = Fraction(lsb_pa, 10**12)
    calibration = nearest(Fraction("13107.2") * 10**6 * lsb * 1000 * (4 if low else 1))
    current = Fraction(microamps)
    bench = measured(current, low << 4, calibration)
    counts = current / 10**6 / lsb
    # SHUNT_CAL is rounded, half a count of the ADC is that times the gain, CURRENT is rounded
    slack = abs(counts) / (2 * calibration) + Fraction(4096, 2 * calibration) + 1
    assert abs(bench.code(CURRENT) - counts) <= slack


def test_the_datasheets_own_example() -> None:
    """Section 8.2.2: 6 A through 16.2 mohm, SHUNT_CAL 4050 for 10 A / 2^19."""
    bench = Bench(shunt_ohm=0.0162)
    bench.write(SHUNT_CAL, 4050)
    bench.start(adc(ALL), config=0)
    bench.run(3 * 4120, current=6e6, bus=48.0)
    assert bench.code(VSHUNT) == 311040
    assert abs(bench.code(CURRENT) - 314572) <= 1
    assert bench.code(VBUS) == 245760


def test_zero_calibration_reports_nothing() -> None:
    bench = measured(Fraction(20), RANGE_LOW, 0)
    assert bench.code(VSHUNT) == 256000
    assert [bench.raw(r) for r in (CURRENT, CHARGE)] == [0, 0]


@pytest.mark.parametrize("sign", [1, -1])
def test_a_current_that_does_not_fit_is_bounded_and_flagged(sign: int) -> None:
    bench = measured(sign * Fraction(30), RANGE_LOW, 2048)
    assert bench.code(CURRENT) == (2**19 - 1 if sign > 0 else -(2**19))
    assert bench.raw(DIAG_ALRT) & MATHOF
    bench.write(CONFIG, RANGE_LOW | 0x4000)  # RSTACC clears it
    assert not bench.raw(DIAG_ALRT) & MATHOF


@pytest.mark.parametrize("share", [0, 1000, 2060, 4119])
def test_a_window_with_a_step_shows_the_mean(share: int) -> None:
    bench = Bench()
    bench.start(adc(SHUNT))
    bench.run(share, current=-5.0)
    bench.run(4120 - share, current=15.0)
    mean = Fraction(-5 * share + 15 * (4120 - share), 4120)
    assert abs(bench.code(VSHUNT) - mean * 1000 / SHUNT_LSB[1]) <= Fraction(51, 100)


def test_each_channel_sees_only_its_own_window() -> None:
    """Figure 7-2: temperature first, then the shunt, then the bus."""
    bench = Bench()
    bench.start(adc(ALL))
    for current, volts, celsius in ((1.0, 1.0, 10.0), (2.0, 2.0, 20.0), (4.0, 4.0, 40.0)):
        bench.run(4120, current=current, bus=volts, celsius=celsius)
    assert bench.signed(DIETEMP) == 10 * 128
    assert bench.code(VSHUNT) == 2 * 12800
    assert bench.code(VBUS) == 4 * 5120


def test_a_bus_ramp_shows_the_middle_of_its_window() -> None:
    bench = Bench()
    bench.start(adc(SHUNT | BUS))
    bench.run(4120, bus=9.0)
    bench.run(4120, bus=2.0, bus_end=2.5)
    assert abs(bench.code(VBUS) - Fraction("2.25") * 10**6 / BUS_LSB) <= Fraction(51, 100)


@pytest.mark.parametrize("average", [0, 3])
def test_a_long_bus_ramp_ends_with_the_last_average(average: int) -> None:
    bench = Bench()
    bench.start(adc(CONTINUOUS | BUS, average=average))
    count = (1, 4, 16, 64)[average]
    whole = 4120 * count * 10
    bench.run(whole, bus=2.0, bus_end=3.0)
    last = 3 - Fraction(count * 4120, 2 * whole)
    assert abs(bench.code(VBUS) - last * 10**6 / BUS_LSB) <= 1


def test_averaging_is_the_mean_of_its_conversions() -> None:
    bench = Bench()
    bench.start(adc(CONTINUOUS | SHUNT | BUS, shunt=0, bus=0, average=1))
    for current, volts in ((1.0, 1.0), (2.0, 1.5), (3.0, 2.0), (10.0, 3.5)):
        bench.run(100, current=current, bus=volts)
    assert bench.code(VSHUNT) == 4 * 12800
    assert bench.code(VBUS) == 2 * 5120
    bench.run(399, current=8.0)
    assert bench.code(VSHUNT) == 4 * 12800
    bench.run(1, current=8.0)
    assert bench.code(VSHUNT) == 8 * 12800


@settings(max_examples=60, deadline=None)
@given(
    cuts=st.lists(st.integers(1, 3_600_000_000 - 1), max_size=12, unique=True),
    current=st.floats(-60.0, 60.0),
    volts=st.floats(0.0, 5.0),
    celsius=st.floats(-40.0, 85.0),
    mode=st.integers(1, 7),
    average=st.integers(0, 7),
    trigger=st.sampled_from([0, CONTINUOUS]),
    bus_time=st.sampled_from([0, 3]),
)
def test_one_call_for_an_hour_equals_any_split(
    cuts: list[int],
    current: float,
    volts: float,
    celsius: float,
    mode: int,
    average: int,
    trigger: int,
    bus_time: int,
) -> None:
    hour = 3_600_000_000
    word = adc(trigger | mode, bus=bus_time, shunt=5, temperature=1, average=average)

    def run(stops: list[int]) -> dict[int, int]:
        bench = Bench()
        bench.start(word)
        last = 0
        for stop in stops:
            bench.run(stop - last, current=current, bus=volts, celsius=celsius)
            last = stop
        return bench.everything()

    assert run([hour]) == run([*sorted(cuts), hour])

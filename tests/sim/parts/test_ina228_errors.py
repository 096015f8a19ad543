"""INA228: every error of a specimen does what the datasheet's unit says (section 6.5)."""

import random
import statistics
from dataclasses import asdict, replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ina228_bench import (
    BUS,
    BUS_LSB,
    CHARGE,
    CONTINUOUS,
    DIAG_ALRT,
    SHUNT,
    SHUNT_LSB,
    VBUS,
    VSHUNT,
    Bench,
    adc,
    nearest,
)

from filmgauge_sim.parts.ina228_errors import Ina228Errors

# Section 6.5, largest at 25 degC
WORST = {
    "offset_uv": 1.0,
    "offset_drift_uv_per_c": 0.01,
    "gain_error": 0.0005,
    "bus_gain_error": 0.0005,
    "bus_offset_uv": 2500.0,
    "bias_current_na": 2.5,
    "oscillator_error": 0.005,
}
DAY_S = 86_400
COUNT_PC = 1000 * SHUNT_LSB[1]  # CHARGE with 1 kohm and ADCRANGE 1


def shunt_uv(errors: Ina228Errors, current: float = 0.0, celsius: float = 25.0) -> Fraction:
    """What one conversion reads, uV."""
    bench = Bench(errors)
    bench.start(adc(SHUNT))
    bench.run(4120, current=current, celsius=celsius)
    return bench.code(VSHUNT) * SHUNT_LSB[1]


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize(
    ("errors", "current", "celsius", "expected_uv"),
    [
        ({"offset_uv": 1.0}, 0.0, 25.0, 1.0),
        ({"offset_drift_uv_per_c": 0.01}, 0.0, 65.0, 0.4),
        ({"offset_drift_uv_per_c": 0.01}, 0.0, -15.0, -0.4),
        ({"gain_error": 0.0005}, 20.0, 25.0, 10.0),
        ({"bias_current_na": 2.5}, 0.0, 25.0, 2.5),
    ],
)
def test_shunt_errors_shift_the_reading(
    errors: dict[str, float], current: float, celsius: float, expected_uv: float, sign: int
) -> None:
    specimen = Ina228Errors(**{name: sign * value for name, value in errors.items()})
    deviation = shunt_uv(specimen, current, celsius) - Fraction(current) * 1000
    assert abs(deviation - sign * Fraction(expected_uv)) <= SHUNT_LSB[1] / 2 + Fraction(1, 1000)


@pytest.mark.parametrize("sign", [1, -1])
def test_bus_errors_shift_the_reading(sign: int) -> None:
    for errors, expected_uv in (
        ({"bus_gain_error": 0.0005}, 1000),
        ({"bus_offset_uv": 2500}, 2500),
    ):
        bench = Bench(Ina228Errors(**{name: sign * value for name, value in errors.items()}))
        bench.start(adc(BUS))
        bench.run(4120, bus=2.0)
        deviation = bench.code(VBUS) * BUS_LSB - 2_000_000
        assert abs(deviation - sign * expected_uv) <= BUS_LSB / 2


@pytest.mark.parametrize("sign", [1, -1])
def test_offset_costs_a_fifth_of_a_percent_of_12_uah_a_day(sign: int) -> None:
    bench = Bench(Ina228Errors(offset_uv=sign * 1.0))
    bench.start(adc(CONTINUOUS | SHUNT))
    bench.run(DAY_S * 10**6)
    charge_pc = bench.signed(CHARGE) * COUNT_PC
    # 1 nA for a day; a code is a whole number of counts, so half a count may be lost
    truth = sign * 1000 * DAY_S
    assert abs(charge_pc - truth) <= DAY_S * COUNT_PC / 2


@pytest.mark.parametrize("sign", [1, -1])
def test_a_slow_oscillator_makes_conversions_longer_and_charge_smaller(sign: int) -> None:
    bench = Bench(Ina228Errors(oscillator_error=sign * 0.005))
    bench.start(adc(CONTINUOUS | SHUNT))
    length = Fraction(4120) * (1 + sign * Fraction(5, 1000))  # 4140.6 or 4099.4 us
    bench.run(int(length), current=20.0)
    assert not bench.raw(DIAG_ALRT) & 2
    bench.run(1, current=20.0)
    assert bench.raw(DIAG_ALRT) & 2
    bench.run(DAY_S * 10**6, current=20.0)
    assert bench.code(VSHUNT) == 256000
    cycles = (int(length) + 1 + DAY_S * 10**6) // length
    assert bench.signed(CHARGE) == 256000 * 4120 * cycles // 10**6


@pytest.mark.parametrize(("field", "averages"), [(0, 1), (2, 16)])
def test_noise_of_a_reading_falls_with_the_square_root_of_the_averages(
    field: int, averages: int
) -> None:
    bench = Bench(Ina228Errors(noise_uv=0.87), seed=1)
    bench.start(adc(CONTINUOUS | SHUNT, average=field))
    readings: list[float] = []
    for _ in range(1500):
        bench.run(4120 * averages, current=1.0)
        readings.append(float(bench.code(VSHUNT) * SHUNT_LSB[1]) - 1000.0)
    expected = 0.87 / averages**0.5
    assert abs(statistics.pstdev(readings) / expected - 1) < 0.1  # 5 sigma of 1500 readings
    assert abs(statistics.fmean(readings)) < 5 * expected / 1500**0.5


def test_shorter_conversions_are_noisier() -> None:
    bench = Bench(Ina228Errors(noise_uv=0.87), seed=2)
    bench.start(adc(CONTINUOUS | SHUNT, shunt=3))
    readings: list[float] = []
    for _ in range(1500):
        bench.run(280)
        readings.append(float(bench.code(VSHUNT) * SHUNT_LSB[1]))
    assert abs(statistics.pstdev(readings) / (0.87 * (4120 / 280) ** 0.5) - 1) < 0.1


def test_noise_of_charge_grows_with_the_square_root_of_time() -> None:
    hour_us = 4120 * 873_786
    sums: list[float] = []
    for seed in range(300):
        bench = Bench(Ina228Errors(noise_uv=0.87), seed=seed)
        bench.start(adc(CONTINUOUS | SHUNT))
        bench.run(hour_us)
        sums.append(float(bench.signed(CHARGE) * COUNT_PC))
    expected_pc = 870 * 0.00412 * 873_786**0.5  # 0.87 nA each, over 4.12 ms
    assert abs(statistics.pstdev(sums) / expected_pc - 1) < 0.21  # 5 sigma of 300
    assert abs(statistics.fmean(sums)) < 5 * expected_pc / 300**0.5


def test_noise_carries_charge_below_one_count() -> None:
    """A third of a count for an hour: without noise every code is 0, with noise it is seen."""
    third = float(SHUNT_LSB[1]) / 3000  # uA
    charges: list[int] = []
    for noise in (0.0, 0.87):
        bench = Bench(Ina228Errors(noise_uv=noise))
        bench.start(adc(CONTINUOUS | SHUNT))
        bench.run(3600 * 10**6, current=third)
        charges.append(bench.signed(CHARGE))
    assert charges[0] == 0
    spread = 11.2 * 0.00412 * 873_786**0.5  # counts: 0.87 uV is 11.2
    assert abs(charges[1] - 1200) < 5 * spread


def test_reading_charge_twice_gives_the_same() -> None:
    bench = Bench(Ina228Errors.worst())
    bench.start(adc(CONTINUOUS | SHUNT | BUS))
    bench.run(10**7, current=3.0)
    assert bench.everything() | {DIAG_ALRT: 0} == bench.everything() | {DIAG_ALRT: 0}


@pytest.mark.parametrize("sign", [1, -1])
def test_worst_is_the_datasheets_bound(sign: int) -> None:
    worst = asdict(Ina228Errors.worst(sign))
    assert {name: worst[name] for name in WORST} == {n: sign * v for n, v in WORST.items()}


def test_ideal_has_no_error() -> None:
    assert set(asdict(Ina228Errors.ideal()).values()) == {0.0}
    assert shunt_uv(Ina228Errors.ideal(), 3.0) == nearest(3000 / SHUNT_LSB[1]) * SHUNT_LSB[1]


@given(seed=st.integers())
def test_a_draw_is_within_the_datasheet_and_follows_its_seed(seed: int) -> None:
    drawn = asdict(Ina228Errors.draw(random.Random(seed)))
    assert all(abs(drawn[name]) <= bound for name, bound in WORST.items())
    assert drawn == asdict(Ina228Errors.draw(random.Random(seed)))


@pytest.mark.parametrize("name", [*WORST, "noise_uv"])
def test_an_error_beyond_the_datasheet_is_refused(name: str) -> None:
    for value in (100_000.0, -100_000.0, float("nan")):
        with pytest.raises(ValueError, match=name):
            replace(Ina228Errors(), **{name: value})


def test_worst_takes_a_sign() -> None:
    with pytest.raises(ValueError, match="sign"):
        Ina228Errors.worst(0)

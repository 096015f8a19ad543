"""INA228: over and under limits (datasheet sections 7.3.7, 7.6.1.12 to 7.6.1.18)."""

import pytest
from ina228_bench import (
    BOVL,
    BUS,
    BUVL,
    CONTINUOUS,
    DIAG_ALRT,
    PWR_LIMIT,
    SHUNT,
    SOVL,
    SUVL,
    TEMP_LIMIT,
    TEMPERATURE,
    Bench,
    adc,
)

TMPOL, SHNTOL, SHNTUL, BUSOL, BUSUL, POL = 0x80, 0x40, 0x20, 0x10, 0x08, 0x04
FLAGS = 0xFC
ALATCH, SLOWALERT = 0x8000, 0x2000
CYCLE = 3 * 50
State = tuple[float, float, float]

# Register, threshold, flag, then (uA, V, degC) that passes it and one that does not.
# Counts with ADCRANGE 1 and 1 kohm: 1.25 uV = 1.25 nA, 3.125 mV, 7.8125 m degC, and for power
# 256 x 3.2 x 78.125 pA = 64 nW.
CASES = [
    pytest.param(SOVL, 8000, SHNTOL, (10.1, 2.0, 25.0), (9.9, 2.0, 25.0), id="SOVL"),
    pytest.param(SOVL, 0xFFFF, SHNTOL, (0.0, 2.0, 25.0), (-0.1, 2.0, 25.0), id="SOVL<0"),
    pytest.param(SUVL, 0x10000 - 8000, SHNTUL, (-10.1, 2.0, 25.0), (-9.9, 2.0, 25.0), id="SUVL"),
    pytest.param(BOVL, 800, BUSOL, (1.0, 2.51, 25.0), (1.0, 2.49, 25.0), id="BOVL"),
    pytest.param(BUVL, 544, BUSUL, (1.0, 1.69, 25.0), (1.0, 1.71, 25.0), id="BUVL"),
    pytest.param(TEMP_LIMIT, 60 * 128, TMPOL, (1.0, 2.0, 60.1), (1.0, 2.0, 60.0), id="TEMP"),
    pytest.param(TEMP_LIMIT, 0x10000 - 1280, TMPOL, (1.0, 2.0, -9.0), (1.0, 2.0, -11.0), id="T<0"),
    pytest.param(PWR_LIMIT, 1000, POL, (-33.0, 2.0, 25.0), (-31.0, 2.0, 25.0), id="PWR"),
]


def armed(register: int, threshold: int, settings: int = 0, average: int = 0) -> Bench:
    bench = Bench()
    bench.write(DIAG_ALRT, settings)
    bench.write(register, threshold)
    mode = CONTINUOUS | SHUNT | BUS | TEMPERATURE
    bench.start(adc(mode, bus=0, shunt=0, temperature=0, average=average))
    return bench


def world(bench: Bench, state: State, us: int = CYCLE) -> None:
    current, volts, celsius = state
    bench.run(us, current=current, bus=volts, celsius=celsius)


@pytest.mark.parametrize(("register", "threshold", "flag", "bad", "good"), CASES)
def test_transparent_flags_follow_the_last_conversion(
    register: int, threshold: int, flag: int, bad: State, good: State
) -> None:
    bench = armed(register, threshold)
    world(bench, good)
    assert bench.raw(DIAG_ALRT) & FLAGS == 0
    world(bench, bad)
    assert bench.raw(DIAG_ALRT) & FLAGS == flag
    assert bench.raw(DIAG_ALRT) & FLAGS == flag  # reading does not clear it
    world(bench, good)
    assert bench.raw(DIAG_ALRT) & FLAGS == 0


@pytest.mark.parametrize(("register", "threshold", "flag", "bad", "good"), CASES)
def test_latched_flags_stay_until_they_are_read(
    register: int, threshold: int, flag: int, bad: State, good: State
) -> None:
    bench = armed(register, threshold, ALATCH)
    world(bench, bad)
    world(bench, good, 1000 * CYCLE)
    assert bench.raw(DIAG_ALRT) & FLAGS == flag
    assert bench.raw(DIAG_ALRT) & FLAGS == 0
    world(bench, bad)
    assert bench.raw(DIAG_ALRT) & FLAGS == flag


@pytest.mark.parametrize(("settings", "seen"), [(ALATCH, True), (ALATCH | SLOWALERT, False)])
def test_slowalert_compares_the_average(settings: int, seen: bool) -> None:
    bench = armed(SOVL, 8000, settings, average=1)
    world(bench, (15.0, 2.0, 25.0))
    world(bench, (1.0, 2.0, 25.0), 3 * CYCLE)
    assert bool(bench.raw(DIAG_ALRT) & SHNTOL) is seen


def test_slowalert_finds_an_average_beyond_the_limit() -> None:
    bench = armed(SOVL, 8000, SLOWALERT, average=1)
    world(bench, (15.0, 2.0, 25.0), 4 * CYCLE)
    assert bench.raw(DIAG_ALRT) & SHNTOL


def test_reset_limits_cannot_be_passed() -> None:
    for current, volts, celsius in ((99.0, 85.0, 125.0), (-99.0, 0.0, -40.0)):
        bench = armed(BUVL, 0)
        world(bench, (current, volts, celsius))
        assert bench.raw(DIAG_ALRT) & FLAGS == 0


def test_channels_that_are_not_converted_are_not_compared() -> None:
    bench = Bench()
    bench.write(BUVL, 544)
    bench.start(adc(CONTINUOUS | SHUNT))
    bench.run(4120, bus=0.0)
    assert bench.raw(DIAG_ALRT) & FLAGS == 0


def test_taking_the_limits_away_takes_the_flag_away() -> None:
    bench = armed(BUVL, 544)
    world(bench, (1.0, 1.0, 25.0))
    bench.write(BUVL, 0)
    assert bench.raw(DIAG_ALRT) & FLAGS == 0

"""The fast sensors against the register-level part under the same errors."""

import random
from math import sqrt

import pytest

from filmgauge.sensors.ina228_accumulator import CYCLE_MS
from filmgauge_sim.parts.bus import I2CBus
from filmgauge_sim.parts.ina228 import Ina228
from filmgauge_sim.parts.ina228_errors import Ina228Errors
from filmgauge_sim.parts.tmp117 import Tmp117
from filmgauge_sim.score.random_cells import SensorErrors
from filmgauge_sim.score.sensor_model import CYCLE_S, MEASURING_S, ReadingKind, SensorModel

SHUNT_OHM = 1000.0
# What the firmware writes: continuous bus and shunt, 1052 us and 4120 us, 4 averages.
CONFIG, ADC_CONFIG, SHUNT_CAL, VBUS, CURRENT, CHARGE = 0x00, 0x01, 0x02, 0x05, 0x07, 0x0A
RANGE_40MV, RUN = 0x0010, 0xBBE9
ERRORS = {
    "offset_uv": 0.7,
    "offset_drift_uv_per_c": -0.008,
    "gain_error": 0.0004,
    "bus_gain_error": -0.0005,
    "bus_offset_uv": 2100.0,
    "bias_current_na": -1.9,
    "oscillator_error": 0.005,
}


def part(noise_uv=0.0, seed=0, **errors):
    ina = Ina228(SHUNT_OHM, Ina228Errors(noise_uv=noise_uv, **errors), seed=seed)
    bus = I2CBus()
    bus.attach(ina)
    ina.power(True, 0)
    for register, word in ((CONFIG, RANGE_40MV), (SHUNT_CAL, 4096), (ADC_CONFIG, RUN)):
        bus.write(0x40, register, word.to_bytes(2, "big"), 0)
    return ina, bus


def signed(data, bits):
    value = int.from_bytes(data, "big") >> (len(data) * 8 - bits)
    return value - (1 << bits) if value >> (bits - 1) else value


def read_part(bus, now_us):
    return (
        signed(bus.read(0x40, CHARGE, 5, now_us), 40),
        signed(bus.read(0x40, CURRENT, 3, now_us), 20),
        signed(bus.read(0x40, VBUS, 3, now_us), 20) * 3125 // 16,
    )


@pytest.mark.parametrize("current_ua", [-13.0, -0.05, 0.0, 0.004, 2.2, 39.0])
@pytest.mark.parametrize("celsius", [-10.0, 25.0, 60.0])
def test_without_noise_both_read_the_same(current_ua, celsius):
    ina, bus = part(**ERRORS)
    ina.advance(600 * 10**6, current_ua, 1.83, 1.83, celsius)
    counts, code, voltage_uv = read_part(bus, 600 * 10**6)
    fast = SensorModel(SensorErrors(**ERRORS), SHUNT_OHM, random.Random(1))
    fast.pass_time(current_ua, celsius, 600.0)
    reading = fast.read(ReadingKind.CONNECTED, current_ua, 1.83, celsius)
    # The part rounds a quiet current to whole counts before it sums; the last cycle is open.
    assert abs(reading.counts - counts) <= 0.5 * 600 + abs(code) * CYCLE_S + 2
    assert abs(reading.current_code - code) <= 1
    assert reading.voltage_uv == voltage_uv


def test_noise_is_that_of_the_part():
    """Standard deviations of 60 s of charge and of the current code, 250 specimens each."""
    found = {"part": ([], []), "fast": ([], [])}
    for seed in range(250):
        ina, bus = part(noise_uv=0.87, seed=seed)
        ina.advance(60 * 10**6, 1.0, 0.0, 0.0, 25.0)
        counts, code, _ = read_part(bus, 60 * 10**6)
        fast = SensorModel(SensorErrors(noise_uv=0.87), SHUNT_OHM, random.Random(seed))
        fast.pass_time(1.0, 25.0, 60.0)
        reading = fast.read(ReadingKind.CONNECTED, 1.0, 0.0, 25.0)
        for name, values in (
            ("part", (counts, code)),
            ("fast", (reading.counts, reading.current_code)),
        ):
            for column, value in zip(found[name], values, strict=True):
                column.append(value)
    sigma_code = 0.87 / 0.078125
    expected = (sigma_code * sqrt(60.0 / CYCLE_S) * CYCLE_S, sigma_code / 2.0)
    for columns in found.values():
        for values, sigma, mean in zip(columns, expected, (60 * 12800, 12800), strict=True):
            middle = sum(values) / len(values)
            spread = sqrt(sum((value - middle) ** 2 for value in values) / (len(values) - 1))
            assert spread == pytest.approx(sigma, rel=0.2)
            # The part's last cycle may still be open: 5.2 ms of 60 s.
            assert middle == pytest.approx(mean, abs=12800 * CYCLE_S + 4 * sigma / sqrt(250))


def test_readings_add_up_to_the_whole_charge():
    fast = SensorModel(SensorErrors(), SHUNT_OHM, random.Random(0))
    total = 0
    for _ in range(1000):
        fast.pass_time(-0.0123, 25.0, 7.3)
        total += fast.read(ReadingKind.CONNECTED, -0.0123, 2.0, 25.0).counts
    assert total == pytest.approx(-0.0123e6 / 78.125 * 7300.0, abs=1.5)


def test_the_clock_is_that_of_the_node():
    fast = SensorModel(SensorErrors(clock_error=-0.02), SHUNT_OHM, random.Random(0))
    fast.pass_time(1.0, 25.0, 100.0)
    reading = fast.read(ReadingKind.CONNECTED, 1.0, 2.0, 25.0)
    assert reading.elapsed_ms == pytest.approx(98_000, abs=1)
    assert reading.drained_pc == pytest.approx(2.0 * MEASURING_S * 0.98 * 1e6, rel=1e-3)
    assert reading.drain_pa == pytest.approx(2e6, rel=1e-3)
    assert 2 * CYCLE_MS < MEASURING_S * 1e3


def test_a_lost_reading_leaves_its_charge_to_the_next():
    fast = SensorModel(SensorErrors(), SHUNT_OHM, random.Random(0))
    fast.pass_time(1.0, 25.0, 60.0)
    lost = fast.lose()
    assert (lost.kind, lost.counts) == (ReadingKind.LOST, 0)
    fast.pass_time(2.0, 25.0, 60.0)
    reading = fast.read(ReadingKind.CONNECTED, 2.0, 2.0, 25.0)
    assert reading.counts == pytest.approx(180 * 12800, abs=1)
    assert reading.elapsed_ms == pytest.approx(120_000, abs=1)


def test_a_stuck_sensor_repeats_itself_and_catches_up():
    fast = SensorModel(SensorErrors(noise_uv=0.87), SHUNT_OHM, random.Random(0))
    fast.pass_time(1.0, 25.0, 60.0)
    last = fast.read(ReadingKind.CONNECTED, 1.0, 2.0, 25.0)
    fast.pass_time(-3.0, 30.0, 60.0)
    stuck = fast.repeat(last, ReadingKind.CONNECTED)
    assert stuck.counts == 0
    assert (stuck.current_code, stuck.voltage_uv) == (last.current_code, last.voltage_uv)
    assert stuck.elapsed_ms == pytest.approx(60_000, abs=1)
    fast.pass_time(-3.0, 30.0, 60.0)
    after = fast.read(ReadingKind.CONNECTED, -3.0, 2.0, 25.0)
    assert after.counts == pytest.approx(-360 * 12800, abs=50)


def test_the_range_of_the_shunt_ends():
    fast = SensorModel(SensorErrors(), SHUNT_OHM, random.Random(0))
    fast.pass_time(60.0, 25.0, 10.0)
    reading = fast.read(ReadingKind.CONNECTED, 60.0, 2.0, 25.0)
    assert reading.current_code == 0x7FFFF
    assert reading.counts == pytest.approx(0x7FFFF * 10, abs=1)


@pytest.mark.parametrize("celsius", [-10.0, 0.0, 21.37, 60.0])
def test_temperature_is_that_of_the_part(celsius):
    sensor = Tmp117(offset_c=0.08)
    bus = I2CBus()
    bus.attach(sensor)
    sensor.power(True, 0)
    sensor.advance(3_000_000, celsius)
    code = int.from_bytes(bus.read(0x48, 0x00, 2, 3_000_000), "big")
    code -= 0x10000 if code & 0x8000 else 0
    fast = SensorModel(SensorErrors(temperature_offset_c=0.08), SHUNT_OHM, random.Random(0))
    reading = fast.read(ReadingKind.CONNECTED, 0.0, 2.0, celsius)
    assert reading.temperature_cdeg == (code * 25 + 16) // 32

"""The bus: who acknowledges, and how long a transfer takes."""

import pytest

from filmgauge_sim.parts.bus import I2CBus, Nack
from filmgauge_sim.parts.ina228 import Ina228
from filmgauge_sim.parts.tmp117 import Tmp117


@pytest.fixture
def bus() -> I2CBus:
    bus = I2CBus(clock_hz=100_000)
    for part in (Ina228(1000.0), Tmp117(), Ina228(1000.0, address=0x41)):
        bus.attach(part)
        if part.address != 0x41:
            part.power(True, 0)
    return bus


def test_two_parts_at_one_address_are_refused(bus: I2CBus) -> None:
    with pytest.raises(ValueError, match="0x40 is already taken"):
        bus.attach(Ina228(10.0))


def test_only_powered_parts_acknowledge(bus: I2CBus) -> None:
    assert bus.scan(0) == [0x40, 0x48]
    with pytest.raises(Nack):
        bus.read(0x41, 0x3E, 2, 0)
    with pytest.raises(Nack):
        bus.write(0x41, 0x00, b"\x80\x00", 0)


def test_an_empty_address_does_not_acknowledge(bus: I2CBus) -> None:
    with pytest.raises(Nack):
        bus.read(0x50, 0, 1, 0)
    with pytest.raises(Nack):
        bus.write(0x50, 0, b"\x00\x00", 0)


def test_each_part_answers_at_its_address(bus: I2CBus) -> None:
    assert bus.read(0x40, 0x3E, 2, 0) == b"TI"
    assert bus.read(0x48, 0x0F, 2, 0) == b"\x01\x17"


@pytest.mark.parametrize(("length", "expected"), [(1, b"T"), (2, b"TI"), (4, b"TI\xff\xff")])
def test_a_read_of_another_length_is_cut_or_filled(
    bus: I2CBus, length: int, expected: bytes
) -> None:
    assert bus.read(0x40, 0x3E, length, 0) == expected


def test_duration_is_nine_clocks_a_byte_with_start_and_stop(bus: I2CBus) -> None:
    assert bus.duration_us(3) == (3 * 9 + 2) * 10  # 10 us a clock at 100 kHz
    assert I2CBus(clock_hz=400_000).duration_us(1) == 28  # 11 clocks of 2.5 us, rounded up


def test_a_bus_needs_a_clock_and_a_part_an_address_that_exists() -> None:
    with pytest.raises(ValueError, match="clock_hz"):
        I2CBus(clock_hz=0)
    with pytest.raises(ValueError, match="address"):
        Ina228(1000.0, address=0x50)
    with pytest.raises(ValueError, match="address"):
        Tmp117(address=0x40)
    with pytest.raises(ValueError, match="shunt_ohm"):
        Ina228(0.0)

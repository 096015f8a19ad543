"""Transfers that go wrong, as a real part sees and a reader gets them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filmgauge_sim.parts.faulty_bus import FaultyBus, TransferFault
from filmgauge_sim.parts.registers import Nack
from filmgauge_sim.parts.tmp117 import Tmp117

ADDRESS, DEVICE_ID, CONFIGURATION = 0x48, 0x0F, 0x01
HOUR_US = 3_600_000_000


def bus_with(*faults: TransferFault) -> FaultyBus:
    bus = FaultyBus(400_000, True, list(faults))
    part = Tmp117(ADDRESS, seed=1)
    part.power(True, 0)
    bus.attach(part)
    return bus


def read(bus: FaultyBus, register: int, now_us: int) -> bytes:
    bus._parts[ADDRESS].advance(now_us, 25.0)  # type: ignore[attr-defined]
    return bus.read(ADDRESS, register, 2, now_us)


def fault(**changed: object) -> TransferFault:
    return TransferFault(**{"address": ADDRESS, "begin_us": HOUR_US, **changed})  # type: ignore[arg-type]


@given(st.binary(min_size=0, max_size=4))
def test_a_register_reads_as_another_value_filled_up_in_front(value: bytes) -> None:
    bus = bus_with(fault(register=DEVICE_ID, value=value.hex()))
    assert read(bus, DEVICE_ID, HOUR_US - 1) == b"\x01\x17"
    assert read(bus, DEVICE_ID, HOUR_US) == (b"\0\0" + value)[-2:]


@pytest.mark.parametrize(
    ("value", "seen"), [("zeros", b"\0\0"), ("ones", b"\xff\xff"), ("stale", b"\x02\x20")]
)
def test_named_values(value: str, seen: bytes) -> None:
    bus = bus_with(fault(register=CONFIGURATION, value=value))
    assert read(bus, CONFIGURATION, 0) == b"\x02\x20"
    bus.write(ADDRESS, CONFIGURATION, b"\x06\x20", 0)  # shutdown
    assert read(bus, CONFIGURATION, HOUR_US) == seen


@given(st.integers(1, 5), st.integers(0, 8))
def test_so_many_transfers_and_no_more(count: int, more: int) -> None:
    bus = bus_with(fault(register=DEVICE_ID, count=count))
    seen = [read(bus, DEVICE_ID, HOUR_US + at) for at in range(count + more)]
    assert seen == [b"\0\0"] * count + [b"\x01\x17"] * more
    assert read(bus, CONFIGURATION, HOUR_US + 99) != b"\0\0"  # no other register


@pytest.mark.parametrize("at_us", [HOUR_US, 2 * HOUR_US - 1])
def test_a_part_that_does_not_acknowledge_for_a_time(at_us: int) -> None:
    bus = bus_with(fault(end_us=2 * HOUR_US))
    with pytest.raises(Nack):
        read(bus, DEVICE_ID, at_us)
    with pytest.raises(Nack):
        bus.write(ADDRESS, CONFIGURATION, b"\0\0", at_us)
    assert read(bus, DEVICE_ID, 2 * HOUR_US) == b"\x01\x17"

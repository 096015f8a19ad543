"""The INA228 driver: registers to counts, and charge over the wrap of the accumulator."""

from expect import raises
from noise import Noise

from filmgauge.gauge.ledger import INPUT, MEASURED, Ledger
from filmgauge.sensors.ina228 import Ina228, charge_moved

try:
    from micropython import heap_lock, heap_unlock
except ImportError:

    def heap_lock():
        """CPython has no heap to lock."""

    def heap_unlock():
        """CPython has no heap to lock."""


class Bus:
    """An I2C bus with one part: registers are bytes made beforehand."""

    def __init__(self, registers):
        self.registers = registers
        self.written = []

    def readfrom_mem_into(self, address, register, buffer):
        data = self.registers[register]
        for i in range(len(buffer)):
            buffer[i] = data[i]

    def writeto_mem(self, address, register, data):
        self.written.append((address, register, bytes(data)))
        self.registers[register] = bytes(data)


def big_endian(value, count):
    """Return the lowest bytes of an integer, two's complement."""
    return (value % (1 << 8 * count)).to_bytes(count, "big")


def part(charge=0, current=0, bus=0):
    """Return a driver whose registers hold these counts, and its bus."""
    registers = {
        0x00: b"\x00\x10",
        0x01: b"\xbb\xe9",
        0x02: b"\x10\x00",
        0x05: big_endian(bus << 4, 3),
        0x07: big_endian(current << 4, 3),
        0x0A: big_endian(charge, 5),
        0x3E: b"TI",
        0x3F: b"\x22\x81",
    }
    bus_ = Bus(registers)
    return Ina228(bus_, 0x41), bus_


def halves(charge):
    """Return a 40-bit reading as the driver gives it: signed high and unsigned low 20 bits."""
    sensor, _ = part(charge=charge)
    sensor.read_charge()
    return sensor.charge_high, sensor.charge_low


def wrapped(value):
    """Return a value as a signed 40-bit register holds it."""
    return (value + (1 << 39)) % (1 << 40) - (1 << 39)


def test_charge_register():
    for charge in (0, 1, -1, 2**20, -(2**20) - 1, 2**39 - 1, -(2**39), 123456789012):
        high, low = halves(charge)
        assert high * 2**20 + low == charge
        assert 0 <= low < 2**20
        assert -(2**19) <= high < 2**19


def test_current_register():
    for code in (0, 1, -1, 2**19 - 1, -(2**19), 12345, -12345):
        assert part(current=code)[0].current_code() == code


def test_bus_voltage_register():
    # 195.3125 uV a count
    for code in (0, 1, 5120, 11008, 25600, 435200, 2**20 - 1):
        assert part(bus=code)[0].bus_uv() == code * 1953125 // 10000


def test_charge_moved_is_the_difference():
    noise = Noise(71)
    for _ in range(300):
        old = noise.between(-(2**39), 2**39 - 1)
        moved = noise.between(-1, 1) * noise.below(1 << noise.between(1, 38))
        new = wrapped(old + moved)
        assert charge_moved(*(halves(new) + halves(old))) == moved


def test_charge_moved_over_the_wrap():
    for old, moved in (
        (2**39 - 1, 1),
        (-(2**39), -1),
        (2**39 - 5, 2**30),
        (-(2**39) + 5, -(2**38)),
        (0, 2**39 - 2**20),
        (-1, -(2**39) + 2**20),
        (2**39 - 1, 0),
        (2**20, 2**39 - 2**20),
        (-(2**20) - 1, -(2**39) + 2**20),
    ):
        assert charge_moved(*(halves(wrapped(old + moved)) + halves(old))) == moved


def test_a_chain_of_readings_loses_nothing():
    noise = Noise(72)
    true = last = 2**39 - 1000000
    total = 0
    for _ in range(200):
        true += noise.between(-(2**36), 2**37)
        reading = wrapped(true)
        total += charge_moved(*(halves(reading) + halves(last)))
        last = reading
    assert total == true - (2**39 - 1000000)


def test_identity():
    sensor, bus = part()
    sensor.check()
    for register, data in ((0x3E, b"\x00\x00"), (0x3F, b"\x23\x81"), (0x3F, b"\xff\xff")):
        sensor, bus = part()
        bus.registers[register] = data
        with raises(OSError) as caught:
            sensor.check()
        assert caught.error.args[0] == 19


def test_a_part_that_lost_power_does_not_run():
    sensor, bus = part()
    assert sensor.running()
    bus.registers[0x01] = b"\xfb\x68"  # ADC_CONFIG after a reset
    assert not sensor.running()
    sensor.start()
    assert sensor.running()


def test_start_resets_first_and_runs_last():
    sensor, bus = part()
    sensor.start()
    assert bus.written[0] == (0x41, 0x00, b"\x80\x00")
    assert [register for _, register, _ in bus.written] == [0x00, 0x00, 0x02, 0x01]
    mode = bus.registers[0x01][0] >> 4
    assert mode == 0xB  # continuous bus and shunt (section 7.6.1.2)


def test_sampling_leaves_no_garbage():
    sensor, _ = part(charge=-(2**39) + 77, current=-4321, bus=11008)
    ledger = Ledger()
    code = microvolts = 0
    heap_lock()
    try:
        for _ in range(20):
            sensor.read_charge()
            code = sensor.current_code()
            microvolts = sensor.bus_uv()
            ledger.add_pc(MEASURED, -1073741823)
            ledger.add_pc(INPUT, 1073741823)
    finally:
        heap_unlock()
    assert (sensor.charge_high, sensor.charge_low) == (-(2**19), 77)
    assert code == -4321
    assert microvolts == 2150000
    assert ledger.line_pc(MEASURED) == -20 * 1073741823
    assert ledger.stored_pc() == 0


def test_one_conversion_at_a_time():
    sensor, bus = part()
    sensor.once_current()
    # 40 mV range, 4096, then one conversion of the shunt and nothing else (mode 2), no averages.
    assert [register for _, register, _ in bus.written] == [0x00, 0x02, 0x01]
    assert bus.registers[0x00] == b"\x00\x10"
    assert bus.registers[0x02] == b"\x10\x00"
    word = bus.registers[0x01][0] << 8 | bus.registers[0x01][1]
    assert (word >> 12, word >> 6 & 7, word & 7) == (2, 5, 0)  # 5: 1052 us
    sensor.once_voltage()
    word = bus.registers[0x01][0] << 8 | bus.registers[0x01][1]
    assert (word >> 12, word >> 9 & 7, word & 7) == (1, 5, 0)
    assert len(bus.written) == 4
    assert not sensor.running()

"""The INA228 driver: registers to pA, pC and uV, and charge over the wrap of the accumulator."""

from expect import raises
from noise import Noise

from filmgauge.gauge.ledger import INPUT, MEASURED, Ledger
from filmgauge.sensors.ina228 import CountScale
from filmgauge.sensors.ina228_accumulator import CountingIna228

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


EVEN_MOHM = 78125000  # a count is 1 pA or 1 pC
# 1 mohm counts up to odd and prime values: every size of denominator
SHUNTS = (1000, 1001, 65537, 78125, 470000, 999983, 1000000, 1000003, 99999989, 100000000)


def greatest(a, b):
    return a if b == 0 else greatest(b, a % b)


def part(charge=0, current=0, bus=0, shunt_mohm=EVEN_MOHM):
    """Return a driver whose registers hold these counts, and its bus."""
    registers = {
        0x00: b"\x00\x10",
        0x01: b"\xfb\xc1",
        0x02: b"\x10\x00",
        0x04: big_endian(current << 4, 3),
        0x05: big_endian(bus << 4, 3),
        0x07: big_endian(current << 4, 3),
        0x0A: big_endian(charge, 5),
        0x0E: b"\x7f\xff",
        0x3E: b"TI",
        0x3F: b"\x22\x81",
    }
    bus_ = Bus(registers)
    return CountingIna228(bus_, 0x41, shunt_mohm), bus_


def charge_read(sensor, charge):
    """Let the accumulator show a charge; return what the driver takes of it."""
    sensor._i2c.registers[0x0A] = big_endian(charge, 5)
    sensor.read_charge()
    return sensor.charge_pc()


def wrapped(value):
    """Return a value as a signed 40-bit register holds it."""
    return (value + (1 << 39)) % (1 << 40) - (1 << 39)


def started(charge, shunt_mohm=EVEN_MOHM):
    """Return a driver that has read a charge, from a start at zero."""
    sensor, _ = part(shunt_mohm=shunt_mohm)
    sensor.start()
    charge_read(sensor, charge)
    return sensor


def test_charge_register():
    for charge in (0, 1, -1, 2**20, -(2**20) - 1, 2**39 - 2**20, -(2**39) + 2**20, 123456789012):
        sensor, _ = part()
        sensor.start()
        assert charge_read(sensor, charge) == charge


def test_current_register():
    for code in (0, 1, -1, 2**19 - 1, -(2**19), 12345, -12345):
        assert part(current=code)[0].current_pa() == code
        # 78.125 nV a count at 1 kohm, rounded down
        assert part(current=code, shunt_mohm=1000000)[0].current_pa() == code * 78125 // 1000
        # with its range of 164 mV a count is four of them
        assert part(current=code)[0].unset_current_pa() == 4 * code


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
        assert charge_read(started(old), new) == moved


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
        assert charge_read(started(old), wrapped(old + moved)) == moved


def test_a_chain_of_readings_loses_nothing():
    noise = Noise(72)
    true = begun = 2**39 - 2000000
    sensor = started(true)
    total = 0
    for _ in range(200):
        true += noise.between(-(2**36), 2**37)
        total += charge_read(sensor, wrapped(true))
    assert total == true - begun


def test_a_sensor_that_ran_before_begins_where_it_is():
    sensor, _ = part()
    assert charge_read(sensor, 123456) == 0
    assert charge_read(sensor, 123460) == 4
    assert not sensor.lost_charge()


def test_a_restart_counts_from_zero_and_is_told_until_it_was_counted():
    sensor = started(5000)
    assert not sensor.lost_charge()
    sensor.start()
    assert sensor.lost_charge()
    assert charge_read(sensor, -300) == -300
    assert not sensor.lost_charge()
    sensor.start()  # and then it does not answer, for a whole sleep
    buffer = bytearray(15)
    sensor.pack_into(buffer, 1)
    again, _ = part()
    again.unpack_from(buffer, 1)
    assert again.lost_charge()
    assert charge_read(again, 7) == 7


def test_each_start_is_known_from_the_one_before():
    sensor, bus = part()
    assert sensor.is_remembered()  # nobody has started it
    sensor.start()
    assert sensor.is_remembered()
    earlier = bytearray(13)
    sensor.pack_into(earlier, 0)
    for _ in range(62):
        sensor.start()
        limit = bus.registers[0x0E][0] << 8 | bus.registers[0x0E][1]
        assert limit * 3125 > 85000000  # uV: no bus reaches it
        assert sensor.is_remembered()
        again = CountingIna228(bus, 0x41, EVEN_MOHM)
        assert not again.is_remembered()
        again.unpack_from(earlier, 0)
        assert again.running() and not again.is_remembered()
    again.start()
    assert again.is_remembered() and again.lost_charge()


def test_a_count_is_an_exact_fraction():
    for shunt in SHUNTS:
        scale = CountScale(shunt)
        # 78.125 nV a count over shunt_mohm * 1e-3 ohm, in pA: 78125000 / shunt_mohm
        assert scale.numerator * shunt == scale.denominator * 78125000
        assert greatest(scale.numerator, scale.denominator) == 1
        for counts in (0, 1, -1, 524287, -524288):
            assert scale.pa(counts) == counts * 78125000 // shunt


def test_many_small_counts_equal_one_big_one():
    noise = Noise(2)
    for shunt in SHUNTS:
        scale = CountScale(shunt)
        counts = pc = 0
        for _ in range(300):
            some = noise.between(-3000, 2900)
            counts += some
            moved_pc = scale.pc(some)
            assert moved_pc == some * 78125000 // shunt
            pc += moved_pc + scale.carried_pc()
            assert pc == counts * 78125000 // shunt


def test_single_counts_add_up():
    for shunt in (1000003, 99999989):
        scale = CountScale(shunt)
        pc = sum([scale.pc(-1) + scale.carried_pc() for _ in range(2000)])
        assert pc == -2000 * 78125000 // shunt


def test_fractions_and_readings_outlive_sleep():
    for shunt in SHUNTS:
        sensor, _ = part(shunt_mohm=shunt)
        sensor.start()
        charge = pc = 0
        for sign in (1, 1, -1, 1, 1):
            charge += sign * 7919
            pc += charge_read(sensor, charge) + sensor.carried_pc()
            buffer = bytearray(18)
            sensor.pack_into(buffer, 3)
            assert buffer[:3] == bytes(3)
            assert buffer[-2:] == bytes(2)
            sensor, _ = part(shunt_mohm=shunt)
            sensor.unpack_from(buffer, 3)
        assert pc == 3 * 7919 * 78125000 // shunt


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
    assert [register for _, register, _ in bus.written] == [0x00, 0x0E, 0x00, 0x02, 0x01]
    mode = bus.registers[0x01][0] >> 4
    assert mode == 0xF  # continuous bus, shunt and temperature (section 7.6.1.2)


def test_sampling_leaves_no_garbage():
    sensor, _ = part(charge=-123456, current=-4321, bus=11008, shunt_mohm=1000000)
    sensor.start()
    ledger = Ledger()
    pa = microvolts = pc = 0
    heap_lock()
    try:
        for _ in range(20):
            sensor.read_charge()
            pc += sensor.charge_pc() + sensor.carried_pc()
            pa = sensor.current_pa()
            microvolts = sensor.bus_uv()
            ledger.add_pc(MEASURED, -1073741823)
            ledger.add_pc(INPUT, 1073741823)
    finally:
        heap_unlock()
    assert pc == -123456 * 78125 // 1000
    assert pa == -4321 * 78125 // 1000
    assert microvolts == 2150000
    assert ledger.line_pc(MEASURED) == -20 * 1073741823
    assert ledger.stored_pc() == 0


def test_one_conversion_at_a_time():
    sensor, bus = part()
    sensor.once_current()
    # 40 mV range, 4096, then one conversion of all three (mode 7), no averages.
    assert [register for _, register, _ in bus.written] == [0x00, 0x02, 0x01]
    assert bus.registers[0x00] == b"\x00\x10"
    assert bus.registers[0x02] == b"\x10\x00"
    word = bus.registers[0x01][0] << 8 | bus.registers[0x01][1]
    assert (word >> 12, word >> 6 & 7, word & 7) == (7, 5, 0)  # 5: 1052 us
    sensor.once_voltage()
    word = bus.registers[0x01][0] << 8 | bus.registers[0x01][1]
    assert (word >> 12, word >> 9 & 7, word & 7) == (1, 5, 0)
    assert len(bus.written) == 4
    assert not sensor.running()

"""One transfer that goes wrong: whichever it is, the drivers give what the register holds, or say
that no two readings agree."""

from expect import raises
from noise import Noise

from filmgauge.sensors.ina228 import EBADMSG
from filmgauge.sensors.ina228_accumulator import CountingIna228
from filmgauge.sensors.tmp117 import Tmp117

TRUE = {
    0x00: b"\x00\x10",
    0x01: b"\xfb\xc1",
    0x02: b"\x10\x00",
    0x04: b"\xff\xf0\x10",
    0x05: b"\x02\xaf\x80",
    0x06: b"\x0c\x80",
    0x07: b"\xff\xf0\x10",
    0x0A: b"\x12\x34\x56\x78\x9a",
    0x0E: b"\x7f\xff",
    0x3E: b"TI",
    0x3F: b"\x22\x81",
}
WARM = {0x00: b"\x0c\x80", 0x01: b"\x22\x20", 0x0F: b"\x01\x17"}


class Bus:
    """A bus on which some readings of a register, by their number, give something else."""

    def __init__(self, registers, register=None, wrong=()):
        self._registers = registers
        self._register = register
        self._wrong = dict(wrong)
        self.reads = 0

    def readfrom_mem_into(self, address, register, buffer):
        data = self._registers[register]
        if register == self._register:
            data = self._wrong.get(self.reads, data)
            self.reads += 1
        for i in range(len(buffer)):
            buffer[i] = data[i]

    def writeto_mem(self, address, register, data):
        """Everything is as it was set up."""


def turned(data, bit):
    """Return bytes with one bit turned."""
    return (int.from_bytes(data, "big") ^ 1 << bit).to_bytes(len(data), "big")


def charge_of(sensor):
    sensor.read_charge()
    return sensor._high, sensor._low


READ = {
    0x05: CountingIna228.bus_uv,
    0x06: CountingIna228.die_cdeg,
    0x07: CountingIna228.current_pa,
    0x04: CountingIna228.current_pa,
    0x0A: charge_of,
}


def of_the_ina228(register, wrong=()):
    """Return what the driver gives of a register some of whose readings are wrong."""
    return READ[register](CountingIna228(Bus(TRUE, register, wrong), 0x40, 1000000))


def test_one_wrong_reading_of_a_result_changes_nothing():
    for register in READ:
        right = of_the_ina228(register)
        for place in range(3):
            for bit in range(8 * len(TRUE[register])):
                wrong = {place: turned(TRUE[register], bit)}
                assert of_the_ina228(register, wrong) == right
            for data in (b"\x00" * 5, b"\xff" * 5):
                assert of_the_ina228(register, {place: data}) == right


def test_three_readings_of_which_no_two_agree_are_told():
    for register in (0x05, 0x06, 0x0A):
        wrong = {0: turned(TRUE[register], 5), 1: turned(TRUE[register], 6)}
        with raises(OSError) as caught:
            of_the_ina228(register, wrong)
        assert caught.error.args[0] == EBADMSG


def test_a_current_that_its_shunt_voltage_denies_is_told():
    for register in (0x04, 0x07):
        for bit in range(4, 24):
            always = {place: turned(TRUE[register], bit) for place in range(9)}
            with raises(OSError) as caught:
                of_the_ina228(register, always)
            assert caught.error.args[0] == EBADMSG


def test_one_wrong_reading_does_not_restart_a_sensor():
    for register in (0x00, 0x01, 0x02, 0x0E):
        goes_on = CountingIna228.is_remembered if register == 0x0E else CountingIna228.running
        for bit in range(16):
            wrong = {0: turned(TRUE[register], bit)}
            assert goes_on(CountingIna228(Bus(TRUE, register, wrong), 0x40, 1000000))
            both = {0: wrong[0], 1: wrong[0]}
            assert not goes_on(CountingIna228(Bus(TRUE, register, both), 0x40, 1000000))


def test_one_wrong_reading_is_no_other_part():
    for register in (0x3E, 0x3F):
        for place in range(3):
            CountingIna228(Bus(TRUE, register, {place: b"\xff\xff"}), 0x40, 1000000).check()


def test_one_wrong_temperature_changes_nothing():
    for place in range(3):
        for bit in range(16):
            assert Tmp117(Bus(WARM, 0, {place: turned(WARM[0], bit)})).finish() == 2500


def test_temperatures_of_which_no_two_agree_are_told():
    with raises(OSError) as caught:
        Tmp117(Bus(WARM, 0, {0: b"\x0c\x81", 1: b"\x0c\x90"})).finish()
    assert caught.error.args[0] == EBADMSG


def test_a_new_result_in_between_is_the_newer_one():
    noise = Noise(9)
    for _ in range(100):
        new = bytes([noise.below(256), noise.below(256), noise.below(16) << 4])
        for register in (0x05,):
            wrong = dict.fromkeys(range(1, 4), new)
            expected = CountingIna228(Bus({register: new}), 0x40, 1000000).bus_uv()
            assert of_the_ina228(register, wrong) == expected

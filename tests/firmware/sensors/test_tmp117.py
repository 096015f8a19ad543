"""The TMP117 driver: what it gives is the register in hundredths of a degree, or nothing."""

from expect import close, raises

from filmgauge.sensors.tmp117 import WAIT_MS, Tmp117


class Bus:
    """An I2C bus with a TMP117."""

    def __init__(self, code=0, configuration=0x2000, device=0x0117):
        self.words = {0x00: code & 0xFFFF, 0x01: configuration, 0x0F: device}

    def readfrom_mem_into(self, address, register, buffer):
        buffer[0] = self.words[register] >> 8
        buffer[1] = self.words[register] & 255

    def writeto_mem(self, address, register, data):
        assert len(data) == 2
        self.words[register] = data[0] << 8 | data[1]


def test_temperature_is_the_nearest_hundredth():
    # 7.8125 m degC a count, two's complement (section 7.6.1)
    for code in (0, 1, -1, 3200, -2560, 3199, 19200, -7040, 32767, -32767):
        cdeg = Tmp117(Bus(code)).finish()
        assert close(cdeg, code * 0.78125, absolute=0.5)
    assert Tmp117(Bus(3200)).finish() == 2500
    assert Tmp117(Bus(-2560)).finish() == -2000


def test_not_ready_gives_nothing():
    assert Tmp117(Bus(3200, configuration=0x0C00)).finish() is None


def test_the_value_before_the_first_conversion_gives_nothing():
    assert Tmp117(Bus(0x8000)).finish() is None


def test_begin_asks_for_one_conversion():
    bus = Bus()
    Tmp117(bus).begin()
    mode = bus.words[0x01] >> 10 & 3
    assert mode == 3  # one shot (section 7.6.1.2)
    assert bus.words[0x01] >> 5 & 3 == 0  # without averaging: 15.5 ms
    assert WAIT_MS > 15.5


def test_identity():
    Tmp117(Bus()).check()
    Tmp117(Bus(device=0x3117)).check()  # the upper four bits are the revision
    for device in (0x0000, 0xFFFF, 0x0116):
        with raises(OSError) as caught:
            Tmp117(Bus(device=device)).check()
        assert caught.error.args[0] == 19

"""TMP117: temperature of the cell, +-0.1 degC.

sensor = Tmp117(i2c, address=0x48)
sensor.check()              # OSError unless it is a TMP117
sensor.begin()              # one conversion, 15.5 ms
time.sleep_ms(WAIT_MS)
sensor.finish()             # hundredths of a degC, None while it is not ready
"""

from filmgauge.compat import const

_RESULT = const(0x00)
_CONFIGURATION = const(0x01)
_DEVICE = const(0x0F)

_TMP117 = const(0x0117)
_ONE_SHOT = const(0x0C00)  # one conversion without averaging, then shutdown
_READY = const(0x2000)
_NOT_CONVERTED = const(0x8000)
_ENODEV = const(19)
EBADMSG = const(74)

WAIT_MS = const(17)


class Tmp117:
    """One sensor on an I2C bus; OSError when it does not answer."""

    def __init__(self, i2c, address: int = 0x48):
        self._i2c = i2c
        self._address = address
        self._two = bytearray(2)

    def check(self) -> None:
        """Raise OSError unless a TMP117 answers at the address."""
        if self._word(_DEVICE) & 0x0FFF != _TMP117:
            raise OSError(_ENODEV)

    def begin(self) -> None:
        """Begin one conversion."""
        self._two[0] = _ONE_SHOT >> 8
        self._two[1] = _ONE_SHOT & 0xFF
        self._i2c.writeto_mem(self._address, _CONFIGURATION, self._two)

    def finish(self) -> "int | None":
        """Return the temperature in 0.01 degC, or None when there is no new one."""
        if not self._word(_CONFIGURATION) & _READY:
            return None
        code, second = self._word(_RESULT), self._word(_RESULT)
        if code != second:  # one transfer went wrong, and a third tells which
            third = self._word(_RESULT)
            if third != code and third != second:
                raise OSError(EBADMSG)
            code = third
        if code == _NOT_CONVERTED:
            return None
        if code & 0x8000:
            code -= 0x10000
        return (code * 25 + 16) // 32  # 7.8125 m degC a count

    def _word(self, register):
        raw = self._two
        self._i2c.readfrom_mem_into(self._address, register, raw)
        return raw[0] << 8 | raw[1]

"""The INA228's over and under limits. Source: datasheet SLYS021A, sections 7.3.7 and 7.6.1.12.

A limit register has 16 bits and is compared with the upper 16 bits of the result (assumed from
its count, 16 times that of a 20-bit result, 256 times that of POWER). After reset no result can
pass any limit.
"""

from collections.abc import Mapping

from filmgauge_sim.parts import ina228_registers as reg
from filmgauge_sim.parts.registers import signed16

LIMIT_REGISTERS = (reg.SOVL, reg.SUVL, reg.BOVL, reg.BUVL, reg.TEMP_LIMIT, reg.PWR_LIMIT)


class Limits:
    """The six thresholds as written, ready for comparison."""

    __slots__ = ("_bovl", "_buvl", "_power", "_sovl", "_suvl", "_temperature", "armed")

    def __init__(self, stored: Mapping[int, int]) -> None:
        """`stored` maps register address to its 16-bit word."""
        self.armed = any(stored[r] != reg.REGISTERS[r].reset for r in LIMIT_REGISTERS)
        self._sovl = signed16(stored[reg.SOVL])
        self._suvl = signed16(stored[reg.SUVL])
        self._bovl = stored[reg.BOVL]
        self._buvl = stored[reg.BUVL]
        self._temperature = signed16(stored[reg.TEMP_LIMIT])
        self._power = stored[reg.PWR_LIMIT]

    def exceeded(self, channels: int, shunt: int, bus: int, temperature: int, power: int) -> int:
        """Flags of DIAG_ALRT that these codes raise; only converted channels are compared."""
        flags = 0
        if channels & reg.SHUNT:
            flags |= reg.SHNTOL if shunt >> 4 > self._sovl else 0
            flags |= reg.SHNTUL if shunt >> 4 < self._suvl else 0
        if channels & reg.BUS:
            flags |= reg.BUSOL if bus >> 4 > self._bovl else 0
            flags |= reg.BUSUL if bus >> 4 < self._buvl else 0
            flags |= reg.POL if power >> 8 > self._power else 0
        if channels & reg.TEMPERATURE and temperature > self._temperature:
            flags |= reg.TMPOL
        return flags

    @staticmethod
    def covered(channels: int) -> int:
        """Flags of DIAG_ALRT that a conversion of these channels decides anew."""
        flags = 0
        if channels & reg.SHUNT:
            flags |= reg.SHNTOL | reg.SHNTUL
        if channels & reg.BUS:
            flags |= reg.BUSOL | reg.BUSUL | reg.POL
        if channels & reg.TEMPERATURE:
            flags |= reg.TMPOL
        return flags

"""The zero of the current sensor: measured whenever no current can flow, tracked with temperature.

With the disconnect switch open the sensor shows only its own offset, bias current and noise.
offset = a + b (T - 25 degC) is fitted to what it showed then, by recursive least squares that
slowly forgets. Currents in 1e-15 A, so that integers suffice.
"""

import struct

from filmgauge.compat import const

_OFFSET_NV = const(500)  # half of +-1 uV, the INA228's offset
_BIAS_PA = const(1250)  # half of its largest bias current
_SLOPE_NV_C = const(5.0)  # half of +-0.01 uV/degC
_NOISE_NV = const(870.0)  # of one conversion (datasheet, table 8-2), which takes
_CONVERSION_MS = const(12.36)  # together with those of the other channels
_RESTLESS_PA = const(15.0)  # assumed: what the zero wanders between two looks
_REFERENCE_CDEG = const(2500)
_MOST_FA = const(100000000)  # no sound sensor has 100 nA
_MOST_SLOPE_FA = const(8000000)  # nor 8 nA/degC, which fit into three bytes
# Above the slope is a mark of the shunt, 1 to 251; 0 and 255 are the sign of an earlier version's.
_MARKS = const(251)
_MARK_SHIFT = const(24)
_SLOPE_BITS = const(0xFFFFFF)
_SIGN = const(0x800000)
_FORMAT = const("<iIfff")
SIZE = const(20)


class SensorOffset:
    """Offset current of a sensor at a shunt of `shunt_mohm`."""

    def __init__(self, shunt_mohm: int):
        self._mark = 1 + shunt_mohm % _MARKS
        per_kohm = 1000000.0 / shunt_mohm  # pA for each nV
        self._noise_pa = _NOISE_NV * per_kohm
        self._offset_fa = self._slope_fa = 0
        offset_pa = _OFFSET_NV * per_kohm
        self._offset_variance = offset_pa * offset_pa + float(_BIAS_PA) * _BIAS_PA
        self._slope_variance = (_SLOPE_NV_C * per_kohm) ** 2
        self._covariance = 0.0

    def pa(self, temperature_cdeg: int) -> int:
        """Return the offset current at a temperature."""
        warmer_cdeg = temperature_cdeg - _REFERENCE_CDEG
        return (self._offset_fa + self._slope_fa * warmer_cdeg // 100) // 1000

    def sigma_pa(self, temperature_cdeg: int) -> int:
        """Return its standard deviation."""
        warmer = (temperature_cdeg - _REFERENCE_CDEG) / 100.0
        variance = self._offset_variance + warmer * warmer * self._slope_variance
        variance += 2.0 * warmer * self._covariance
        return int(max(variance, 0.0) ** 0.5)

    def learn(self, moved_pc: int, elapsed_ms: int, temperature_cdeg: int) -> None:
        """Learn from charge counted in a time in which none flowed."""
        if elapsed_ms <= 0:
            return
        warmer = (temperature_cdeg - _REFERENCE_CDEG) / 100.0
        self._offset_variance += _RESTLESS_PA * _RESTLESS_PA
        by_offset = self._offset_variance + warmer * self._covariance
        by_slope = self._covariance + warmer * self._slope_variance
        noise = self._noise_pa * self._noise_pa * _CONVERSION_MS / (_CONVERSION_MS + elapsed_ms)
        total = by_offset + warmer * by_slope + noise + 1.0
        measured_fa = moved_pc * 1000000 // elapsed_ms
        surprise = measured_fa - self._offset_fa - self._slope_fa * warmer
        self._offset_fa = _bounded(self._offset_fa + round(by_offset / total * surprise), _MOST_FA)
        self._slope_fa = _bounded(
            self._slope_fa + round(by_slope / total * surprise), _MOST_SLOPE_FA
        )
        self._offset_variance -= by_offset * by_offset / total
        self._covariance -= by_offset * by_slope / total
        self._slope_variance -= by_slope * by_slope / total

    def pack_into(self, buffer, offset: int) -> None:
        """Write SIZE bytes."""
        known = self._offset_variance, self._covariance, self._slope_variance
        slope = self._slope_fa & _SLOPE_BITS | self._mark << _MARK_SHIFT
        struct.pack_into(_FORMAT, buffer, offset, self._offset_fa, slope, *known)

    def unpack_from(self, buffer, offset: int) -> None:
        """Read what `pack_into` wrote, unless it is of another shunt, at which the zero is another
        current; the caller has checked its integrity."""
        values = struct.unpack_from(_FORMAT, buffer, offset)
        if values[1] >> _MARK_SHIFT not in (0, self._mark, 255):
            return
        slope = values[1] & _SLOPE_BITS
        self._offset_fa, self._slope_fa = values[0], (slope ^ _SIGN) - _SIGN
        self._offset_variance, self._covariance, self._slope_variance = values[2:]


def _bounded(fa, most_fa):
    return max(-most_fa, min(most_fa, fa))

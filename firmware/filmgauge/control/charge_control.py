"""The charge of a cell that dies of over-voltage: constant current, hold, end current.

A current flows until the voltage would reach full before the next look, as far as its last rise
tells. Then the current is reduced step by step, so that the voltage stays below full while the
middle of the film follows its surface, until what still flows is less than the end current. A
charge that has ended does not begin again before enough has been taken out: keeping a full cell
at its highest voltage ages it.
"""

import struct

from filmgauge.compat import const
from filmgauge.control.limits import (
    LIMIT,
    OVER_CHARGE,
    OVER_VOLTAGE,
    SENSOR,
    TOO_COLD,
    TOO_WARM,
    UNDER_VOLTAGE,
    WARNING,
)

WAITING = const(0)
CURRENT = const(1)
HOLD = const(2)
ENDED = const(3)

_RATE_UA_CM2 = const(2)  # assumed: from here on a charge loses little to diffusion
_END_SHARE = const(25)  # the end current is 1C / n; assumed, the lag is then below 2 % at 25 degC
_DOWN = const(4)  # the current falls by 1 / n before full voltage, and by half above it
_UP = const(32)  # and grows by 1 / n when the voltage has fallen off again
_OFF = const(10)  # off means: by a share 1 / n of the window
_MARGIN = const(50)  # above full by this share of the window (1 / n) nothing flows at all
_RESUME_PPM = const(950000)  # a charge begins again below this state of charge
_FORBIDDING = (OVER_VOLTAGE, OVER_CHARGE, TOO_WARM, TOO_COLD, SENSOR)
_SLOWING = (UNDER_VOLTAGE, OVER_CHARGE, TOO_WARM, TOO_COLD)
_SLOWER = const(4)
_FORMAT = const("<Biii")
SIZE = const(13)


class ChargeControl:
    """`phase` and `current_pa`, the most that may flow into the cell until the next look.

    `most_pa` replaces the current that follows from the area of the cell. A charger that can
    regulate a voltage is set to `ceiling_uv`.
    """

    def __init__(self, profile, most_pa: int = 0):
        self._most_pa = most_pa or _RATE_UA_CM2 * profile.area_ucm2
        self._end_pa = profile.full_pc() // 3600 // _END_SHARE
        self.ceiling_uv = profile.full_uv
        window_uv = profile.full_uv - profile.empty_uv
        self._most_uv = profile.full_uv + window_uv // _MARGIN
        self._low_uv = profile.full_uv - window_uv // _OFF
        self._last_uv = 0  # at the last look, 0 when nothing flowed then
        self._level_pa = 0  # to which the charge has been reduced
        self.phase = WAITING
        self.current_pa = 0

    def update(self, voltage_uv: "int | None", soc_ppm: "int | None", limits) -> int:
        """Decide on the current until the next look; 0 means none at all."""
        if voltage_uv is None or _any(limits, _FORBIDDING, LIMIT):
            self.stop()
            return 0
        most_pa = self._most_pa
        if _any(limits, _SLOWING, WARNING):
            most_pa //= _SLOWER
        self._step(voltage_uv, soc_ppm, most_pa)
        above = voltage_uv > self._most_uv
        if above or limits.level(OVER_VOLTAGE) >= WARNING or self.phase in (WAITING, ENDED):
            self.current_pa = 0
        else:
            self.current_pa = self._level_pa
        self._last_uv = voltage_uv if self.current_pa else 0
        return self.current_pa

    def stop(self) -> None:
        """Let nothing flow: the switch is open, or there is nothing to charge from."""
        if self.phase != ENDED:
            self.phase = WAITING
        self.current_pa = self._level_pa = self._last_uv = 0

    def _step(self, voltage_uv, soc_ppm, most_pa):
        ahead_uv = voltage_uv
        if self._last_uv and voltage_uv > self._last_uv:  # the ends are curved: half as much more
            ahead_uv += (voltage_uv - self._last_uv) * 3 // 2
        full = ahead_uv >= self.ceiling_uv
        low = ahead_uv < self._low_uv
        if self.phase == ENDED and low and (soc_ppm is None or soc_ppm < _RESUME_PPM):
            self.phase = WAITING
        if self.phase == WAITING and low:
            self.phase = CURRENT
        if self.phase == CURRENT:
            self._level_pa = most_pa
            if full:
                self.phase = HOLD
        if self.phase == HOLD:
            level_pa = min(self._level_pa, most_pa)
            if full:
                level_pa -= level_pa // (2 if voltage_uv >= self.ceiling_uv else _DOWN)
            elif low:
                level_pa = min(most_pa, level_pa + level_pa // _UP + 1)
            self._level_pa = level_pa
            if level_pa < self._end_pa:
                self.phase = ENDED

    def pack_into(self, buffer, offset: int) -> None:
        """Write SIZE bytes."""
        struct.pack_into(
            _FORMAT, buffer, offset, self.phase, self.current_pa, self._level_pa, self._last_uv
        )

    def unpack_from(self, buffer, offset: int) -> None:
        """Read what `pack_into` wrote; the caller has checked its integrity."""
        values = struct.unpack_from(_FORMAT, buffer, offset)
        self.phase, self.current_pa, self._level_pa, self._last_uv = values


def _any(limits, kinds, level):
    for i in range(len(kinds)):  # noqa: SIM110 - any() would leave garbage
        if limits.level(kinds[i]) >= level:
            return True
    return False

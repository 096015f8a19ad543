"""State of charge with its uncertainty: the ledger, drawn to anchors at full and empty.

Between anchors the ledger alone speaks, and its uncertainty grows with time (a sensor offset
counts steadily) and with throughput (gain and clock errors). At an end the voltage is steep and
tells the surface stoichiometry; the film model turns it into a mean, and the two are weighed by
their variances. The weight is a float; what it moves is an integer line of the ledger.
"""

import struct

from filmgauge.compat import const
from filmgauge.gauge.ledger import CORRECTED, OPENING

_PPM = const(1000000)
_ANCHOR_PPM = 5000.0  # assumed: how well the ends of a profile fit a cell of its kind, 1 sigma
_LAG_TRUST = 0.1  # assumed: relative error of the lag, from the time constant's own +-5 to 20 %
_GAIN = 0.0029  # 0.5 % oscillator and 0.05 % gain of the INA228, uniform: limit / sqrt(3)
_OFFSET_UV = 0.58  # +-1 uV offset of the INA228, uniform: limit / sqrt(3)
_BIAS_PA = 1443.0  # 2.5 nA bias current at most, uniform: limit / sqrt(3)
_FORMAT = "<IIIi"
SIZE = const(16)


class Estimator:
    """Weighs the ledger of a cell of `full_pc` against what the ends of its curve tell."""

    def __init__(self, ledger, film, full_pc: int, shunt_mohm: int):
        self._ledger = ledger
        self._film = film
        self._full_pc = full_pc
        self._offset_pa = (_OFFSET_UV * 1e9 / shunt_mohm) + _BIAS_PA
        self._anchor_sigma_ppm = _PPM // 4
        self._since_anchor_s = 0
        self._throughput_uc = self._throughput_pc = 0

    def start(self, soc_ppm: int, sigma_ppm: int) -> None:
        """Say what is known before anything was counted."""
        self._settle(soc_ppm, sigma_ppm, OPENING)

    def count(self, moved_pc: int, elapsed_ms: int) -> None:
        """Note that `moved_pc` went through the shunt in `elapsed_ms`."""
        self._since_anchor_s += (elapsed_ms + 500) // 1000
        fine_pc = self._throughput_pc + abs(moved_pc)
        self._throughput_uc += fine_pc // _PPM
        self._throughput_pc = fine_pc % _PPM

    def widen(self, sigma_ppm: int) -> None:
        """Note that charge of `sigma_ppm` may have moved uncounted."""
        self._anchor_sigma_ppm = _clip(int(_root_sum((self._anchor_sigma_ppm, sigma_ppm))))

    def soc_ppm(self) -> int:
        """Return stored over full charge, 0 to 1000000."""
        return _clip(self._raw_ppm())

    def sigma_ppm(self) -> int:
        """Return the standard deviation of `soc_ppm`."""
        full_uc = self._full_pc / 1e6
        drift = self._offset_pa * self._since_anchor_s / full_uc
        gain = _GAIN * self._throughput_uc / full_uc * _PPM
        return _clip(int(_root_sum((self._anchor_sigma_ppm, drift, gain))))

    def observe(
        self, voltage_uv: int, current_pa: int, drain_pa: int, temperature_cdeg: int
    ) -> bool:
        """Weigh an end voltage against the ledger; return whether it was one.

        `drain_pa` is what the voltage input took from the cell beside `current_pa`. What an
        anchor gets wrong it gets wrong again a minute later, so looking twice makes nothing
        surer: a ledger that is better than the anchor is left alone, and none gets better.
        """
        surface = self._film.surface_ppm(voltage_uv, current_pa, drain_pa, temperature_cdeg)
        if surface is None:
            return False
        lag = self._film.lag_ppm(current_pa, temperature_cdeg)
        seen = surface - lag
        mine = float(self.sigma_ppm())
        theirs = _root_sum((_ANCHOR_PPM, _LAG_TRUST * lag))
        if mine <= theirs:
            return True
        weight = mine * mine / (mine * mine + theirs * theirs)
        before = self._raw_ppm()
        after = _clip(before + int((seen - before) * weight))
        self._settle(after, int(theirs), CORRECTED)
        return True

    def pack_into(self, buffer, offset: int) -> None:
        """Write SIZE bytes."""
        struct.pack_into(
            _FORMAT,
            buffer,
            offset,
            self._since_anchor_s,
            self._throughput_uc,
            self._throughput_pc,
            self._anchor_sigma_ppm,
        )

    def unpack_from(self, buffer, offset: int) -> None:
        """Read what `pack_into` wrote; the caller has checked its integrity."""
        values = struct.unpack_from(_FORMAT, buffer, offset)
        self._since_anchor_s, self._throughput_uc, self._throughput_pc = values[:3]
        self._anchor_sigma_ppm = values[3]

    def _raw_ppm(self):
        return self._ledger.stored_pc() * _PPM // self._full_pc

    def _settle(self, soc_ppm, sigma_ppm, line):
        change = soc_ppm * self._full_pc // _PPM - self._ledger.stored_pc()
        self._ledger.add_pc(line, change)
        self._anchor_sigma_ppm = _clip(sigma_ppm)
        self._since_anchor_s = 0
        self._throughput_uc = self._throughput_pc = 0


def _root_sum(values):
    total = 0.0
    for value in values:
        total += float(value) * value
    return total**0.5


def _clip(ppm):
    return max(0, min(_PPM, ppm))

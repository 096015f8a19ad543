"""The gauge of a node: ledger, film model and estimator behind one interface.

gauge = FuelGauge(profile, shunt_mohm)      # or LedgerOnly(shunt_mohm) without a profile
gauge.count(counts, elapsed_ms, temperature_cdeg)
gauge.book(-drained_pc)
gauge.observe(voltage_uv, current_pa, drain_pa, temperature_cdeg)
gauge.soc_ppm(), gauge.sigma_ppm(), gauge.stored_nah(), gauge.full_nah()
"""

import struct

from filmgauge.compat import const
from filmgauge.gauge import estimator, ledger
from filmgauge.gauge.estimator import Estimator
from filmgauge.gauge.film import Film
from filmgauge.gauge.ledger import BOOKED, MEASURED, CountScale, Ledger

_PC_PER_NAH = const(3600000)
_PPM = const(1000000)
_MS_PER_YEAR = const(31557600000)
_FILM = "<iB"  # slow lag of the film model; 1 when a first state of charge was given
_FILM_SIZE = const(5)
_JUDGEMENT_SIZE = estimator.SIZE + _FILM_SIZE
SIZE = ledger.SIZE + _JUDGEMENT_SIZE


class LedgerOnly:
    """Counts charge without knowing the cell: what is published of it is None."""

    def __init__(self, shunt_mohm: int):
        self.ledger = Ledger()
        self.scale = CountScale(shunt_mohm)
        self._judgement = bytes(_JUDGEMENT_SIZE)

    def open(self, soc_ppm: int, sigma_ppm: int) -> None:
        """Say what is known before the first count, unless something is known already."""

    def rest(self) -> None:
        """Forget the film's past: nobody knows how long the node was without power."""

    def count(self, counts: int, elapsed_ms: int, temperature_cdeg: int) -> None:
        """Count what went through the shunt in `elapsed_ms`."""
        self.ledger.add_counts(MEASURED, counts, self.scale)

    def book(self, pc: int) -> None:
        """Book charge that is known though no sensor saw it; negative leaves the cell."""
        self.ledger.add_pc(BOOKED, pc)

    def widen(self, sigma_ppm: int) -> None:
        """Note that charge of `sigma_ppm` may have moved uncounted."""

    def observe(
        self, voltage_uv: int, current_pa: int, drain_pa: int, temperature_cdeg: int
    ) -> None:
        """Let a voltage speak, seen while the voltage input itself took `drain_pa`."""

    def soc_ppm(self) -> "int | None":
        """Return the state of charge, None when it is not known."""
        return None

    def sigma_ppm(self) -> "int | None":
        """Return its standard deviation."""
        return None

    def stored_nah(self) -> "int | None":
        """Return the charge in the cell."""
        return None

    def full_nah(self) -> "int | None":
        """Return the charge between empty and full."""
        return None

    def pack_into(self, buffer, offset: int) -> None:
        """Write SIZE bytes; what a gauge with a profile once wrote goes through untouched."""
        self.ledger.pack_into(buffer, offset)
        offset += ledger.SIZE
        buffer[offset : offset + _JUDGEMENT_SIZE] = self._judgement

    def unpack_from(self, buffer, offset: int) -> None:
        """Read what `pack_into` wrote; the caller has checked its integrity."""
        self.ledger.unpack_from(buffer, offset)
        offset += ledger.SIZE
        self._judgement = bytes(buffer[offset : offset + _JUDGEMENT_SIZE])


class FuelGauge(LedgerOnly):
    """Counts, and judges what the counts mean for the cell of a profile."""

    def __init__(self, profile, shunt_mohm: int):
        super().__init__(shunt_mohm)
        self._profile = profile
        self._full_pc = profile.full_pc()
        self._film = Film(profile)
        self._estimator = Estimator(self.ledger, self._film, self._full_pc, shunt_mohm)
        self._opened = 0

    def open(self, soc_ppm: int, sigma_ppm: int) -> None:
        if not self._opened:
            self._estimator.start(soc_ppm, sigma_ppm)
            self._opened = 1

    def rest(self) -> None:
        self._film.slow_lag_ppb = 0

    def count(self, counts: int, elapsed_ms: int, temperature_cdeg: int) -> None:
        super().count(counts, elapsed_ms, temperature_cdeg)
        moved_pc = self.scale.pc(counts)
        self._estimator.count(moved_pc, elapsed_ms)
        self.book(-self._lost_pc(moved_pc, elapsed_ms))
        if elapsed_ms > 0:
            self._film.step(moved_pc * 1000 // elapsed_ms, temperature_cdeg, elapsed_ms)

    def _lost_pc(self, moved_pc, elapsed_ms):
        """Return what the cell lost by itself: part of what charged it, and self-discharge."""
        profile = self._profile
        not_stored = max(0, moved_pc) * (_PPM - profile.acceptance_ppm) // _PPM
        leak = max(0, self.ledger.stored_pc()) * profile.self_discharge_ppm_year // _PPM
        return not_stored + leak * elapsed_ms // _MS_PER_YEAR

    def widen(self, sigma_ppm: int) -> None:
        self._estimator.widen(sigma_ppm)

    def observe(
        self, voltage_uv: int, current_pa: int, drain_pa: int, temperature_cdeg: int
    ) -> None:
        self._estimator.observe(voltage_uv, current_pa, drain_pa, temperature_cdeg)

    def soc_ppm(self) -> "int | None":
        return self._estimator.soc_ppm()

    def sigma_ppm(self) -> "int | None":
        return self._estimator.sigma_ppm()

    def stored_nah(self) -> "int | None":
        return (self.ledger.stored_pc() + _PC_PER_NAH // 2) // _PC_PER_NAH

    def full_nah(self) -> "int | None":
        return self._full_pc // _PC_PER_NAH

    def pack_into(self, buffer, offset: int) -> None:
        super().pack_into(buffer, offset)
        offset += ledger.SIZE
        self._estimator.pack_into(buffer, offset)
        offset += estimator.SIZE
        struct.pack_into(_FILM, buffer, offset, self._film.slow_lag_ppb, self._opened)

    def unpack_from(self, buffer, offset: int) -> None:
        super().unpack_from(buffer, offset)
        offset += ledger.SIZE
        self._estimator.unpack_from(buffer, offset)
        offset += estimator.SIZE
        self._film.slow_lag_ppb, self._opened = struct.unpack_from(_FILM, buffer, offset)

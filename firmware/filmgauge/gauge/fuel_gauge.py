"""The gauge of a node: ledger, film model, estimator and health behind one interface.

gauge = FuelGauge(profile, shunt_mohm)      # or LedgerOnly(shunt_mohm) without a profile
gauge.open(soc_ppm, sigma_ppm)
gauge.book(-taken_pc, SLEEP, sigma_pc)              # what flows without a sensor, before its count
gauge.count(counts, elapsed_ms, temperature_cdeg)   # or gauge.zero(...) with an open switch,
                                                    # gauge.flow(...) for an estimate of samples
gauge.book(-drained_pc)                             # what the voltage input took
gauge.observe(voltage_uv, current_pa, drain_pa, temperature_cdeg)
gauge.soc_ppm(), gauge.sigma_ppm(), gauge.stored_nah(), gauge.full_nah()
gauge.available_nah(load_pa, temperature_cdeg), gauge.available_sigma_nah()
"""

import math
import struct

from filmgauge.compat import const, tidy
from filmgauge.gauge import activation, estimator, health, ledger, shown, zero
from filmgauge.gauge.activation import Activation
from filmgauge.gauge.estimator import Estimator
from filmgauge.gauge.film import Film
from filmgauge.gauge.health import Health
from filmgauge.gauge.ledger import (
    GAP,
    INPUT,
    LEAK,
    LOSS,
    RADIO,
    SLEEP,
    ZERO,
    CountScale,
    Ledger,
)
from filmgauge.gauge.shown import Shown
from filmgauge.gauge.zero import Zero

_PC_PER_NAH = const(3600000)
_PPM = const(1000000)
_MS_PER_YEAR = const(31557600000)
_RECENT_MS = const(3600000)  # time constant with which the recent mean current forgets
_MOST_PA = const(0x7FFFFFFF)  # what is packed; no film cell has 2 mA
_BRANCH = const(2000)  # assumed: a current below this share of 1C (1 / n) chooses no branch
_END_SHARE = const(25)  # a charge has ended when its current is below this share of 1C (1 / n)
_OWN = "<6iiiiqBB"  # film modes, currents, guess, stuck count, opened
_OWN_SIZE = const(46)
_FILM = "<iiifff"
_FILM_SIZE = const(24)
_PARTS_SIZE = estimator.SIZE + zero.SIZE + activation.SIZE + shown.SIZE + health.SIZE
_JUDGEMENT_SIZE = _PARTS_SIZE + _OWN_SIZE + _FILM_SIZE
SIZE = ledger.SIZE + _JUDGEMENT_SIZE


class LedgerOnly:
    """Counts charge without knowing the cell: what is published of it is None."""

    def __init__(self, shunt_mohm: int):
        self.ledger = Ledger()
        self.scale = CountScale(shunt_mohm)
        self._judgement = bytes(_JUDGEMENT_SIZE)

    def open(self, soc_ppm: int, sigma_ppm: int, new_cell: int = 0) -> None:
        """Say what is known before the first count, unless something is known already."""

    def rest(self) -> None:
        """Forget the film's past: nobody knows how long the node was without power."""

    def count(self, counts: int, elapsed_ms: int, temperature_cdeg: int) -> None:
        """Count what went through the shunt in `elapsed_ms`."""
        self.ledger.add_counts(counts, self.scale)

    def zero(self, counts: int, elapsed_ms: int, temperature_cdeg: int) -> None:
        """Count while the disconnect switch was open: all of it is the sensor's own zero."""
        self.ledger.add_counts(counts, self.scale)
        self.book(-self.scale.pc(counts), ZERO)

    def flow(self, counts: int, elapsed_ms: int, temperature_cdeg: int, sigma_pc: int = 0) -> None:
        """Count what samples tell of `elapsed_ms`: exactly nothing is a value like any other.

        `sigma_pc` of it may be wrong by chance.
        """
        self.ledger.add_counts(counts, self.scale)

    def book(self, pc: int, line: int = INPUT, sigma_pc: int = 0) -> None:
        """Book charge that is known though no sensor saw it; negative leaves the cell.

        `sigma_pc` of it may be wrong, and always to the same side. What the node itself takes
        (SLEEP, SENSOR, RADIO) is booked before the count of the same interval.
        """
        self.ledger.add_pc(line, pc)

    def widen(self, sigma_ppm: int) -> None:
        """Note that charge of `sigma_ppm` may have moved uncounted."""

    def lost(self) -> None:
        """Note a wake without readings."""

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

    def shown_ppm(self) -> "int | None":
        """Return the state of charge for people: it never moves against the current."""
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
        self._design_pc = profile.full_pc()
        self._one_c_pa = self._design_pc // 3600
        self._film = Film(profile)
        self._zero = Zero(shunt_mohm)
        self._estimator = Estimator(self.ledger, self._film, profile)
        self._activation = Activation(profile)
        self._shown = Shown()
        self.health = Health(self._film, profile)
        self._parts = (self._estimator, self._zero, self._activation, self._shown, self.health)
        self._sizes = (estimator.SIZE, zero.SIZE, activation.SIZE, shown.SIZE, health.SIZE)
        self._opened = 0
        self._last_pa = 0  # mean current of the last interval
        self._seen_pa = 0  # current at the last sample
        self._recent_pa = 0  # mean that forgets with a time constant of an hour
        self._quiet = 0  # accumulations of exactly nothing in a row
        self._gap_pc = 0  # guessed meanwhile
        self._taken_pc = 0  # booked for the node itself since the last count
        self._available_sigma = 0.0

    def open(self, soc_ppm: int, sigma_ppm: int, new_cell: int = 0) -> None:
        if self._opened:
            return
        if new_cell:
            self._activation.begin()
            self._film.virgin_ppm = self._activation.virgin_ppm
            self._estimator.opened(_PPM, self._activation.factor_ppm())
        self._estimator.start(soc_ppm, sigma_ppm)
        self._opened = 1

    def book(self, pc: int, line: int = INPUT, sigma_pc: int = 0) -> None:
        super().book(pc, line)
        if line == INPUT:
            self._estimator.take(-pc)
        elif SLEEP <= line <= RADIO:
            self._taken_pc += pc
            self._estimator.count(pc, sigma_pc)

    def rest(self) -> None:
        self._film.rest()
        self.health.interrupt()

    def count(self, counts: int, elapsed_ms: int, temperature_cdeg: int) -> None:
        if not counts and elapsed_ms > 0:
            self._quiet += 1
            self._guess(elapsed_ms, temperature_cdeg)
            return
        self.flow(counts, elapsed_ms, temperature_cdeg)

    def flow(self, counts: int, elapsed_ms: int, temperature_cdeg: int, sigma_pc: int = 0) -> None:
        super().flow(counts, elapsed_ms, temperature_cdeg)
        raw_pc = self.scale.pc(counts)
        if self._quiet:
            self._bridge(raw_pc, elapsed_ms)
        self._flow(raw_pc, elapsed_ms, temperature_cdeg)
        if sigma_pc:
            self.widen(sigma_pc * 100 // (self._design_pc // 10000))
        if elapsed_ms > 0 and (sigma_pc or self._film.doubted):
            self._film.doubt(sigma_pc * 1000 // elapsed_ms, temperature_cdeg)

    def zero(self, counts: int, elapsed_ms: int, temperature_cdeg: int) -> None:
        super().zero(counts, elapsed_ms, temperature_cdeg)
        if counts:
            self._zero.see(self.scale.pc(counts), elapsed_ms, temperature_cdeg)
        self._film.step(0, temperature_cdeg, elapsed_ms)
        self._leak(elapsed_ms)
        self.health.interrupt()
        self._last_pa = self._seen_pa = 0

    def lost(self) -> None:
        self.health.interrupt()

    def widen(self, sigma_ppm: int) -> None:
        self._estimator.widen(sigma_ppm)

    def observe(
        self, voltage_uv: int, current_pa: int, drain_pa: int, temperature_cdeg: int
    ) -> None:
        if self._quiet:
            return  # a sensor that counts exactly nothing is stuck: no sound one is so quiet
        current_pa = _bounded(current_pa - self._zero.pa(temperature_cdeg))
        if abs(current_pa) * _BRANCH < self._one_c_pa:
            self._seen_pa = current_pa
            self.health.interrupt()
            return  # too little to say on which branch the cell is
        before_ppm = self._estimator.capacity_ppm
        if 0 < current_pa * 2 < drain_pa * 3:  # the drain is larger before the voltage has fallen
            self._turn()  # for a moment the voltage input has made a discharge of the charge
        base_pa = self._seen_pa
        self._seen_pa = current_pa
        told = self._estimator.observe(voltage_uv, base_pa, current_pa, drain_pa, temperature_cdeg)
        if self._estimator.at_end:
            self.health.interrupt()
            tidy()
        else:
            self.health.look(voltage_uv, current_pa - drain_pa, temperature_cdeg)
            if self.health.on_plateau(voltage_uv, current_pa):
                self._film.see_plateau(voltage_uv, current_pa, drain_pa, temperature_cdeg)
                tidy()
        if not told:
            return
        charging = current_pa > 0
        if self._estimator.swung:
            self.health.swung(before_ppm)
        if self._estimator.compared:
            self.health.see(health.EFFICIENCY)
        if not charging:
            self._shown.confirm(False)
        elif current_pa * _END_SHARE < self._one_c_pa:
            self._shown.confirm(True)
            self._film.virgin_ppm = self._activation.virgin_ppm = 0

    def soc_ppm(self) -> int:
        return self._estimator.soc_ppm()

    def sigma_ppm(self) -> int:
        return self._estimator.soc_sigma_ppm()

    def shown_ppm(self) -> "int | None":
        return self._shown.ppm

    def stored_nah(self) -> int:
        return _nah(self.ledger.stored_pc())

    def full_nah(self) -> int:
        return _nah(self._estimator.full_pc())

    def full_sigma_nah(self) -> int:
        """Return the standard deviation of `full_nah`."""
        return _nah(int(self._estimator.capacity_sigma() * self._design_pc))

    def available_nah(self, load_pa: int, temperature_cdeg: int) -> int:
        """Return what the cell gives from now down to its lowest voltage at a constant load.

        `load_pa` is positive; the temperature stays what it is.
        """
        given = self._deliverable(load_pa, temperature_cdeg, False)
        film = self._film
        self._available_sigma = self._estimator.sigma_of(0.0, film.lag_by_tau, film.lag_by_ea)
        return _nah(int(given * self._design_pc))

    def available_sigma_nah(self) -> int:
        """Return the standard deviation of what `available_nah` returned last."""
        return _nah(int(self._available_sigma * self._design_pc))

    def full_available_nah(self, load_pa: int, temperature_cdeg: int) -> int:
        """Return what a full and rested cell would give under the same conditions."""
        given = self._deliverable(load_pa, temperature_cdeg, True)
        return _nah(int(given * self._design_pc))

    def recent_pa(self) -> int:
        """Return the mean current of the last hour or so."""
        return self._recent_pa

    def time_to_empty_s(self, temperature_cdeg: int) -> "int | None":
        """Return the time to the lowest voltage at the recent mean current; None unless it
        discharges."""
        load_pa = -self._recent_pa
        if load_pa * 1000 < self._one_c_pa:
            return None
        given = self._deliverable(load_pa, temperature_cdeg, False)
        return int(given * self._design_pc / load_pa)

    def time_to_full_s(self) -> "int | None":
        """Return the time to full at the recent mean current; None unless it charges."""
        if self._recent_pa * 1000 < self._one_c_pa:
            return None
        missing_pc = self._estimator.full_pc() - self.ledger.stored_pc()
        return max(0, missing_pc // self._recent_pa)

    def resistance_mohm(self) -> int:
        """Return the resistance of the cell at 25 degC between C/10 and C/5."""
        return self.health.resistance_mohm(self._one_c_pa)

    def efficiency_ppm(self) -> int:
        """Return the share of a charging current that is stored."""
        return _PPM - self._estimator.loss_ppm

    def efficiency_sigma_ppm(self) -> int:
        """Return its standard deviation."""
        return round(self._estimator.loss_sigma() * _PPM)

    def outlook(self) -> tuple:
        """Return trend and projection of the capacity, as `Health.outlook` does."""
        sigma_ppm = round(self._estimator.capacity_sigma() * _PPM)
        return self.health.outlook(self._estimator.capacity_ppm, sigma_ppm)

    def pack_into(self, buffer, offset: int) -> None:
        self.ledger.pack_into(buffer, offset)
        offset += ledger.SIZE
        for part, size in zip(self._parts, self._sizes):
            part.pack_into(buffer, offset)
            offset += size
        film = self._film
        struct.pack_into(
            _OWN,
            buffer,
            offset,
            *film.modes,
            self._last_pa,
            self._seen_pa,
            self._recent_pa,
            self._gap_pc,
            min(self._quiet, 255),
            self._opened,
        )
        offset += _OWN_SIZE
        struct.pack_into(_FILM, buffer, offset, *film.learned())

    def unpack_from(self, buffer, offset: int) -> None:
        super().unpack_from(buffer, offset)
        offset += ledger.SIZE
        for part, size in zip(self._parts, self._sizes):
            part.unpack_from(buffer, offset)
            offset += size
        values = struct.unpack_from(_OWN, buffer, offset)
        film = self._film
        film.modes[:] = values[:6]
        self._last_pa, self._seen_pa, self._recent_pa = values[6:9]
        self._gap_pc, self._quiet, self._opened = values[9:]
        film.virgin_ppm = self._activation.virgin_ppm
        film.restore(*struct.unpack_from(_FILM, buffer, offset + _OWN_SIZE))

    def _flow(self, raw_pc, elapsed_ms, temperature_cdeg):
        """Let charge that the sensor has counted act on everything that follows it."""
        offset_pc = self._zero.pa(temperature_cdeg) * elapsed_ms // 1000
        drift_pc = self._zero.sigma_pa(temperature_cdeg) * elapsed_ms // 1000
        moved_pc = raw_pc - offset_pc
        self.book(-offset_pc, ZERO)
        self._quiet = 0
        self._estimator.count(moved_pc, drift_pc)
        self._lose(moved_pc)
        self._leak(elapsed_ms)
        moved_pc += self._taken_pc
        self._taken_pc = 0
        self.health.count(moved_pc)
        self._shown.follow(self.soc_ppm(), moved_pc * _PPM // self._design_pc)
        if moved_pc < 0 and self._activation.virgin_ppm:
            self._charged()
        before_ppm = self._activation.factor_ppm()
        if self._activation.count(moved_pc // _PPM):
            self._estimator.opened(before_ppm, self._activation.factor_ppm())
        if elapsed_ms > 0:
            self._last_pa = _bounded(moved_pc * 1000 // elapsed_ms)
            self._remember(elapsed_ms)
            self._film.step(self._last_pa, temperature_cdeg, elapsed_ms)

    def _charged(self):
        """Note how much of the film this charge has opened."""
        self._activation.charged_to(self.soc_ppm())
        self._film.virgin_ppm = self._activation.virgin_ppm

    def _turn(self):
        """Let growth take effect where the voltage input turns a small charging current."""
        self._charged()
        before_ppm = self._activation.factor_ppm()
        if self._activation.turn():
            self._estimator.opened(before_ppm, self._activation.factor_ppm())

    def _remember(self, elapsed_ms):
        """Let the last interval into the recent mean."""
        gone = -math.expm1(-elapsed_ms / _RECENT_MS)
        self._recent_pa += round((self._last_pa - self._recent_pa) * gone)

    def _guess(self, elapsed_ms, temperature_cdeg):
        """Book what must have flowed while the sensor shows exactly nothing."""
        missed_pc = self._last_pa * elapsed_ms // 1000
        self._gap_pc += missed_pc
        self.book(missed_pc, GAP)
        self._estimator.guess(abs(missed_pc))
        self._film.step(self._last_pa, temperature_cdeg, elapsed_ms)
        self._leak(elapsed_ms)

    def _bridge(self, raw_pc, elapsed_ms):
        """After a stuck sensor: take the guess back if this count holds what flowed meanwhile."""
        usual_pc = self._last_pa * elapsed_ms // 1000
        if abs(raw_pc - usual_pc - self._gap_pc) < abs(raw_pc - usual_pc):
            self.book(-self._gap_pc, GAP)
            self._estimator.guess(-abs(self._gap_pc))
        self._gap_pc = 0

    def _lose(self, moved_pc):
        """Book the part of a charging current that the cell does not store."""
        if moved_pc > 0:
            lost_ppm = self._estimator.loss_ppm
            virgin_ppm = self._activation.virgin_ppm
            if virgin_ppm:
                first_ppm = (_PPM - self._profile.first_acceptance_ppm) * virgin_ppm // _PPM
                lost_ppm += first_ppm
            self.book(-(moved_pc * lost_ppm // _PPM), LOSS)

    def _leak(self, elapsed_ms):
        self.health.live(elapsed_ms)
        leak = max(0, self.ledger.stored_pc()) * self._profile.self_discharge_ppm_year // _PPM
        self.book(-(leak * elapsed_ms // _MS_PER_YEAR), LEAK)

    def _deliverable(self, load_pa, temperature_cdeg, full):
        capacity = self._estimator.capacity_ppm / _PPM
        stored = capacity if full else self.ledger.stored_pc() / self._design_pc
        given = self._film.deliverable(stored, capacity, load_pa, temperature_cdeg, full)
        return min(given, capacity)


def _bounded(pa):
    return max(-_MOST_PA, min(_MOST_PA, pa))


def _nah(pc):
    return (pc + _PC_PER_NAH // 2) // _PC_PER_NAH

"""The gauge of a node: ledger, film model, estimator and health behind one interface.

gauge = FuelGauge(profile, shunt_mohm)      # or LedgerOnly() (ledger_only.py) without a profile
gauge.open(soc_ppm, sigma_ppm)
gauge.book(-taken_pc, SLEEP, sigma_pc)              # what flows without a sensor, before its count
gauge.count(pc, elapsed_ms, temperature_cdeg)       # or gauge.zero(...) with an open switch,
                                                    # gauge.flow(...) for an estimate of samples
gauge.book(-drained_pc)                             # what the voltage input took
gauge.observe(voltage_uv, current_pa, drain_pa, temperature_cdeg)
gauge.soc_ppm(), gauge.sigma_ppm(), gauge.stored_nah(), gauge.full_nah()
AvailableCharge(gauge)                              # available_charge.py: what the cell gives
"""

import math
import struct

from filmgauge.compat import const, tidy
from filmgauge.gauge import (
    activation,
    diffusion,
    displayed_soc,
    estimator,
    health,
    ledger,
    sensor_offset,
)
from filmgauge.gauge.ledger import (
    GAP,
    INPUT,
    LEAK,
    LOSS,
    MEASURED,
    RADIO,
    SCALE,
    SLEEP,
    UNJUDGED,
    ZERO,
    Ledger,
    nah,
)

_PPM = const(1000000)
_MS_PER_YEAR = const(31557600000)
_RECENT_MS = const(3600000)  # time constant with which the recent mean current forgets
_PHASES = const(65536)
_PHASE = const(40503)  # the golden section of them: phases in a row are spread most evenly
_MOST_PA = const(0x7FFFFFFF)  # what is packed; no film cell has 2 mA
_BRANCH = const(2000)  # assumed: a current below this share of 1C (1 / n) chooses no branch
_END_SHARE = const(25)  # a charge has ended when its current is below this share of 1C (1 / n)
_BEGUN = const(5)  # assumed: 1C over this one may begin while a sensor is stuck
_GAP_SIGMA_PPM = const(100000)  # assumed: what an uncounted stretch may have moved
# Of the capacity before a full swing, in its spread within a kind, and of the design at most: half
# of what the published kinds differ by. A description may be of the other one, and nothing but a
# swing tells.
_DOUBTED = const(10e-6)
_MOST_DOUBTED = const(0.25)
_UNLIKE_PPM = const(140000)  # no cell of the profile's kind has a capacity that is so far off
# Assumed: 1 sigma of self-discharge is one of these parts of it. Neither it nor its activation
# energy is published, and it is wrong to the same side for the life of a cell.
_LEAK_UNSURE = const(2)
_STILL = const(4)  # a count is that of the last interval alone within one of these parts of it
_MOST_MS = const(0xFFFFFFFF)
# currents, guess and how long for, the end that waits, proof, and the last byte, always: opened in
# bit 0, the side of the end that waits, UNJUDGED
_OWN = const("<iiiqIBii5BB")
_OWN_SIZE = const(39)
_PENDING_SHIFT = const(1)  # the side of an end that waits, in the last byte
_SIZES = (
    estimator.SIZE,
    diffusion.SIZE,
    sensor_offset.SIZE,
    activation.SIZE,
    displayed_soc.SIZE,
    health.SIZE,
)
SIZE = ledger.SIZE + sum(_SIZES) + _OWN_SIZE
OFFSET_AT = ledger.SIZE + estimator.SIZE + diffusion.SIZE  # the sensor's, whatever the cell


class FuelGauge:
    """Counts, and judges what the counts mean for the cell of a profile."""

    def __init__(self, profile, shunt_mohm: int):
        self.ledger = Ledger()
        self._profile = profile
        self.design_pc = profile.full_pc()
        self.one_c_pa = self.design_pc // 3600
        self.film = diffusion.DiffusionModel(profile)
        self.offset = sensor_offset.SensorOffset(shunt_mohm)
        self.estimator = estimator.Estimator(self.ledger, self.film, profile)
        self._activation = activation.Activation(profile)
        self._shown = displayed_soc.DisplayedSoc()
        self.health = health.Health(self.film, profile)
        self._parts = (
            self.estimator,
            self.film,
            self.offset,
            self._activation,
            self._shown,
            self.health,
        )
        self._doubted = min(_MOST_DOUBTED, _DOUBTED * profile.capacity_spread_ppm)
        self._opened = 0
        self._last_pa = 0  # mean current of the last interval
        self._sample_pa = 0  # current at the last sample
        self.recent_pa = 0  # mean current that forgets with a time constant of an hour
        self._quiet_ms = 0  # in which the sensor has counted exactly nothing
        self._gap_pc = 0  # guessed meanwhile
        self._taken_pc = 0  # booked for the node itself since the last count

    def open(self, soc_ppm: int, sigma_ppm: int, new_cell: int = 0) -> None:
        """Say what is known before the first count, unless something is known already."""
        if self._opened:
            return
        if new_cell:
            self._activation.begin()
            self.film.virgin_ppm = _PPM
            self.estimator.capacity_grew(_PPM, self._activation.factor_ppm())
        self.estimator.start(soc_ppm, sigma_ppm)
        self._opened = 1

    def book(self, pc: int, line: int = INPUT, sigma_pc: int = 0) -> None:
        """Book charge that is known though no sensor saw it; negative leaves the cell.

        `sigma_pc` of it may be wrong, and always to the same side. What the node itself takes
        (SLEEP, SENSOR, RADIO) is booked before the count of the same interval.
        """
        self.ledger.add_pc(line, pc)
        if line == INPUT:
            self.estimator.add_input_drain(-pc)
        elif SLEEP <= line <= RADIO:
            self._taken_pc += pc
            self.estimator.count(pc, sigma_pc)

    def rest(self) -> None:
        """Forget the film's past: nobody knows how long the node was without power."""
        self.film.rest()
        self.health.interrupt()

    def count(self, pc: int, elapsed_ms: int, temperature_cdeg: int) -> None:
        """Count what went through the shunt in `elapsed_ms`."""
        if not pc and elapsed_ms > 0:
            self._add_quiet(elapsed_ms)
            return
        self.flow(pc, elapsed_ms, temperature_cdeg)

    def flow(self, pc: int, elapsed_ms: int, temperature_cdeg: int, sigma_pc: int = 0) -> None:
        """Count what samples tell of `elapsed_ms`: exactly nothing is a value like any other.

        `sigma_pc` of it may be wrong by chance.
        """
        self.ledger.add_pc(MEASURED, pc)
        if self._quiet_ms:
            elapsed_ms = self._end_quiet(pc, elapsed_ms, temperature_cdeg)
        self._flow(pc, elapsed_ms, temperature_cdeg)
        if sigma_pc:
            self.estimator.widen(sigma_pc * 100 // (self.design_pc // 10000))
        if elapsed_ms > 0 and (sigma_pc or self.film.lag_noise):
            self.film.add_lag_noise(sigma_pc * 1000 // elapsed_ms, temperature_cdeg)

    def zero(self, pc: int, elapsed_ms: int, temperature_cdeg: int) -> None:
        """Count while the disconnect switch was open: all of it is the sensor's own zero."""
        if self._quiet_ms and pc:  # it reaches back to before the switch was opened
            self.flow(pc, elapsed_ms, temperature_cdeg)
            return
        self.ledger.add_pc(MEASURED, pc)
        self.ledger.add_pc(ZERO, -pc)
        if pc:
            self.offset.learn(pc, elapsed_ms, temperature_cdeg)
        self.film.step(0, temperature_cdeg, elapsed_ms)
        self._leak(elapsed_ms, temperature_cdeg)
        self.health.interrupt()
        self._last_pa = self._sample_pa = 0

    def add_gap(self) -> None:
        """Note that a stretch went uncounted."""
        self.estimator.widen(_GAP_SIGMA_PPM)

    def widen(self, sigma_pc: int) -> None:
        """Note that a count may be wrong by `sigma_pc`, and the next one to the same side."""
        self.estimator.count(0, sigma_pc)

    def guess_at(self, current_pa: int) -> None:
        """Let the guess for a time in which nothing is counted follow what was seen."""
        self._last_pa = _bounded(current_pa)

    def end_guess(self, temperature_cdeg: int) -> None:
        """Let what was guessed stand: what was counted meanwhile is lost."""
        self._pass_quiet(self._quiet_ms, temperature_cdeg)
        self._quiet_ms = self._gap_pc = 0

    def observe(
        self, voltage_uv: int, current_pa: int, drain_pa: int, temperature_cdeg: int
    ) -> None:
        """Let a voltage speak, seen while the voltage input itself took `drain_pa`."""
        if self._quiet_ms:
            return  # a sensor that counts exactly nothing is stuck: no sound one is so quiet
        current_pa = _bounded(current_pa - self.offset.pa(temperature_cdeg))
        if abs(current_pa) * _BRANCH < self.one_c_pa:
            self._sample_pa = current_pa
            self.health.interrupt()
            return  # too little to say on which branch the cell is
        before_ppm = self.estimator.capacity_ppm
        if 0 < current_pa * 2 < drain_pa * 3:  # the drain is larger before the voltage has fallen
            self._start_charge()  # the voltage input has made a discharge of it for a moment
        base_pa = self._sample_pa
        self._sample_pa = current_pa
        used = self.estimator.observe(voltage_uv, base_pa, current_pa, drain_pa, temperature_cdeg)
        if self.estimator.at_end:
            self.health.interrupt()
            tidy()
        else:
            self.health.observe_step(voltage_uv, current_pa - drain_pa, temperature_cdeg)
            if self.health.on_plateau(voltage_uv, current_pa):
                self.film.observe_plateau(voltage_uv, current_pa, drain_pa, temperature_cdeg)
                tidy()
        if not used:
            return
        charging = current_pa > 0
        if self.estimator.full_swing:
            self.health.full_swing(before_ppm)
        if self.estimator.loss_seen:
            self.health.mark_observed(health.EFFICIENCY)
        if not charging:
            self._shown.reached_end(False)
        elif current_pa * _END_SHARE < self.one_c_pa:
            self._shown.reached_end(True)
            self.film.virgin_ppm = 0

    def soc_ppm(self) -> int:
        """Return the state of charge."""
        return self.estimator.soc_ppm()

    def sigma_ppm(self) -> int:
        """Return its standard deviation."""
        apart = self.soc_ppm() / _PPM - self.estimator.known_share()
        doubt_ppm = self.profile_doubt(apart) * _PPM
        return min(_PPM, int(math.sqrt(self.described_sigma_ppm() ** 2 + doubt_ppm * doubt_ppm)))

    def described_sigma_ppm(self) -> int:
        """Return what it would be of a cell that is known to be of the profile's kind and area."""
        return self.estimator.soc_sigma_ppm()

    def is_unlike_profile(self) -> bool:
        """Return whether both ends have told of a capacity that no cell of the profile has."""
        off_ppm = self.estimator.capacity_ppm - self._activation.factor_ppm()
        return abs(off_ppm) > _UNLIKE_PPM

    def shown_ppm(self) -> "int | None":
        """Return the state of charge for people: it never moves against the current."""
        return self._shown.ppm

    def stored_nah(self) -> int:
        """Return the charge in the cell."""
        return nah(self.ledger.stored_pc())

    def full_nah(self) -> int:
        """Return the charge between empty and full."""
        return nah(self.estimator.full_pc())

    def full_sigma_nah(self) -> int:
        """Return the standard deviation of `full_nah`."""
        capacity = self.estimator.capacity_ppm / _PPM * SCALE
        doubt = self.profile_doubt(1.0)
        sigma = self.estimator.capacity_sigma()
        return self.share_nah(math.sqrt(sigma * sigma + capacity * capacity + doubt * doubt))

    def resistance_mohm(self) -> int:
        """Return the resistance of the cell at 25 degC between C/10 and C/5."""
        return self.health.resistance_mohm(self.one_c_pa)

    def pack_into(self, buffer, offset: int) -> None:
        """Write SIZE bytes."""
        self.ledger.pack_into(buffer, offset)
        offset += ledger.SIZE
        for part, size in zip(self._parts, _SIZES):
            part.pack_into(buffer, offset)
            offset += size
        currents = self._last_pa, self._sample_pa, self.recent_pa
        side, innovation_ppm, stored_ppm = self.estimator.pending
        numbers = self.estimator.proof.numbers()
        waits = numbers[5], innovation_ppm, stored_ppm
        quiet = (self._gap_pc, self._quiet_ms) + waits + numbers[:5]
        last = self._opened | side << _PENDING_SHIFT
        struct.pack_into(_OWN, buffer, offset, *currents, *quiet, last)

    def unpack_from(self, buffer, offset: int) -> None:
        """Read what `pack_into` wrote; the caller has checked its integrity."""
        self.ledger.unpack_from(buffer, offset)
        if not was_opened(buffer, offset):
            return  # so far the node had no profile
        offset += ledger.SIZE
        for part, size in zip(self._parts, _SIZES):
            part.unpack_from(buffer, offset)
            offset += size
        values = struct.unpack_from(_OWN, buffer, offset)
        self._last_pa, self._sample_pa, self.recent_pa = values[:3]
        self._gap_pc, self._quiet_ms = values[3:5]
        self._opened, side = 1, (values[13] & ~UNJUDGED) >> _PENDING_SHIFT
        self.estimator.pending = (side, values[6], values[7]) if side else (0, 0, 0)
        self.estimator.proof.restore(values[8:13] + values[5:6])
        if values[13] & UNJUDGED:
            self.add_gap()
            self.rest()

    def _flow(self, raw_pc, elapsed_ms, temperature_cdeg):
        """Let charge that the sensor has counted act on everything that follows it."""
        offset_pc = self.offset.pa(temperature_cdeg) * elapsed_ms // 1000
        drift_pc = self.offset.sigma_pa(temperature_cdeg) * elapsed_ms // 1000
        moved_pc = raw_pc - offset_pc
        self.book(-offset_pc, ZERO)
        self.estimator.count(moved_pc, drift_pc)
        if abs(moved_pc) * _BRANCH * 1000 < self.one_c_pa * elapsed_ms:
            self.estimator.cut_off()
        self._lose(moved_pc)
        self._leak(elapsed_ms, temperature_cdeg)
        moved_pc += self._taken_pc
        self._taken_pc = 0
        moved_uc = self.health.count(moved_pc)
        # Away from zero: what is less than a millionth of the cell has a direction, too.
        moved_ppm = moved_uc * _PPM * _PPM // self.design_pc + (moved_uc > 0)
        self._shown.update(self.soc_ppm(), moved_ppm)
        if moved_pc < 0 and self.film.virgin_ppm:
            self.film.charged_to(self.soc_ppm())
        before_ppm = self._activation.factor_ppm()
        if self._activation.count(moved_uc):
            self.estimator.capacity_grew(before_ppm, self._activation.factor_ppm())
        if elapsed_ms > 0:
            self._last_pa = _bounded(moved_pc * 1000 // elapsed_ms)
            self._update_recent(elapsed_ms)
            self.film.step(self._last_pa, temperature_cdeg, elapsed_ms)

    def _start_charge(self):
        """Let growth take effect where the voltage input turns a small charging current."""
        self.film.charged_to(self.soc_ppm())
        before_ppm = self._activation.factor_ppm()
        if self._activation.turn():
            self.estimator.capacity_grew(before_ppm, self._activation.factor_ppm())

    def _update_recent(self, elapsed_ms):
        """Let the last interval into the recent mean."""
        gone = -math.expm1(-elapsed_ms / _RECENT_MS)
        # Rounded at another phase each time, so that on average what is below 1 pA acts as well.
        phase = self.health.lived_ms // elapsed_ms * _PHASE % _PHASES / _PHASES
        self.recent_pa += math.floor((self._last_pa - self.recent_pa) * gone + phase)

    def _add_quiet(self, elapsed_ms):
        """Book what must have flowed while the sensor shows exactly nothing."""
        missed_pc = self._last_pa * elapsed_ms // 1000
        self._gap_pc += missed_pc
        self._quiet_ms = min(_MOST_MS, self._quiet_ms + elapsed_ms)
        self.book(missed_pc, GAP)
        self.estimator.add_stuck_gap(self._unsure_pc(elapsed_ms))

    def _end_quiet(self, raw_pc, elapsed_ms, temperature_cdeg):
        """After a stuck sensor: return the time that this count is of.

        Behind stuck readings the accumulator goes on, so that the next count holds all of it, even
        where the current has turned meanwhile. Only a count that is no more than the last current
        leaves in one interval says that the accumulator stood still as well: then the guess stays.
        """
        quiet_ms, gap_pc = self._quiet_ms, self._gap_pc
        self._quiet_ms = self._gap_pc = 0
        usual_pc = self._last_pa * elapsed_ms // 1000
        if gap_pc and abs(raw_pc - usual_pc) * _STILL < abs(usual_pc):
            self._pass_quiet(quiet_ms, temperature_cdeg)
            return elapsed_ms
        self.book(-gap_pc, GAP)
        self.estimator.add_stuck_gap(-self._unsure_pc(quiet_ms))
        return quiet_ms + elapsed_ms

    def _pass_quiet(self, quiet_ms, temperature_cdeg):
        """Let what was guessed stand."""
        self.film.step(self._last_pa, temperature_cdeg, quiet_ms)
        self._leak(quiet_ms, temperature_cdeg)

    def _unsure_pc(self, elapsed_ms):
        """Return what may have flowed unseen: the last current, or one that has begun since."""
        return max(abs(self._last_pa), self.one_c_pa // _BEGUN) * elapsed_ms // 1000

    def _lose(self, moved_pc):
        """Book the part of a charging current that the cell does not store."""
        if moved_pc > 0:
            lost_ppm = self.estimator.loss_ppm
            first_ppm = _PPM - self._profile.first_acceptance_ppm
            lost_ppm += first_ppm * self.film.virgin_ppm // _PPM
            self.book(-(moved_pc * lost_ppm // _PPM), LOSS)

    def _leak(self, elapsed_ms, temperature_cdeg):
        """Book self-discharge: what it would be since the node began less what it was before, so
        that an interval in which less than a picocoulomb leaks does not lose it."""
        stored_pc = max(0, self.ledger.stored_pc())
        year_pc = stored_pc * self.film.leak_ppm_year(temperature_cdeg) // _PPM
        before_pc = year_pc * self.health.lived_ms // _MS_PER_YEAR
        self.health.add_time(elapsed_ms)
        leaked_pc = year_pc * self.health.lived_ms // _MS_PER_YEAR
        self.book(-min(stored_pc, leaked_pc - before_pc), LEAK)
        unsure_pc = leaked_pc // _LEAK_UNSURE - before_pc // _LEAK_UNSURE
        self.widen(min(stored_pc, unsure_pc))

    def profile_doubt(self, share: float) -> float:
        """Return by how much, of the design, a share of the capacity may be off for the sake of a
        profile that may be another cell's (1 sigma): until a full swing has told."""
        return 0.0 if self.health.has_swung() else self._doubted * share

    def share_nah(self, share: float) -> int:
        """Return the charge of a share of the design capacity."""
        return nah(int(share * self.design_pc))


def was_opened(buffer, offset: int) -> int:
    """Return 1 where the gauge that `pack_into` wrote, or once had written, knew its cell."""
    return buffer[offset + SIZE - 1] & 1


def _bounded(pa):
    return max(-_MOST_PA, min(_MOST_PA, pa))

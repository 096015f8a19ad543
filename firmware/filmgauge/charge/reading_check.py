"""What sensors say, judged by what can be: a wrong reading is told and not used.

    check = ReadingCheck(profile)
    check.judge(sampler, elapsed_ms, mean_pa)   # adds to sampler.faults
    sampler.model_cdeg                          # the temperature for the models, None: not known
    sampler.is_usable                           # whether voltage and current tell of the cell

Limits of the cell and records get what was read; only the gauge is kept from it. A temperature
that steps is compared with that of the current sensor's die: both are on one board (assumed: they
part by no more than 3 K and 2 K in a minute), and the node goes on with the die's steps while the
two contradict each other. A current that turns without its polarisation is one whose leads were
swapped: until the two agree again, charge is doubtful, and all of it adds to sigma. A voltage that
is there before the switch of the voltage input has closed is one of a switch that sticks.
"""

import struct

from filmgauge.compat import const
from filmgauge.record import FAULT_CONTRADICTION, FAULT_RANGE, FAULT_READING

# What a thermal mass can do, and how far cell and board part in it: assumed.
_STEP_CDEG = const(500)
_STEP_CDEG_MIN = const(1000)
_APART_CDEG = const(300)
_APART_CDEG_MIN = const(200)
_PARTING_MS = const(300000)  # for longer they do not part
_FAR_CDEG = const(3000)  # no cell is warmer or colder than its board by so much (assumed)
_COLDEST_CDEG = const(-5500)
_WARMEST_CDEG = const(15000)
_AGREE_CDEG = const(300)
_LOOKS = const(3)  # that agree on a step which no other sensor contradicts
_WINDOW_PARTS = const(4)  # one of these parts beyond its window is no voltage of the cell
_MOST_UV = const(5500000)  # of any film cell
_LEAST_PARTS = const(20)  # a current above this share of 1C (1 / n) polarises
_REST_PARTS = const(100)  # one below does not
_TURN_UV = const(15000)  # assumed: a current that turns moves the voltage by twice as much at least
_MOST_MS = const(0xFFFFFFFF)
_NEAR_MS = const(900000)  # of two readings that are a step
# Flags
_HAS_LAST = const(1)  # voltage and current of the last sample
_HAS_CDEG = const(2)
_HAS_DIE = const(4)
_TURNED = const(8)  # the current has turned without its polarisation, in one sample so far
_DOUBT = const(16)  # and in more: charge is not to be trusted
_BEYOND = const(32)  # the current was beyond the range
_SUSPECTS = const(64)  # looks at a temperature that is not believed: two bits
_FORMAT = const("<iihhhIB")
SIZE = const(19)


class ReadingCheck:
    """Knows the last good readings; `profile` None: a cell that nobody knows."""

    def __init__(self, profile):
        self._one_c_pa = self._low_uv = 0
        self._high_uv = _MOST_UV
        if profile:
            beyond_uv = (profile.full_uv - profile.empty_uv) // _WINDOW_PARTS
            self._low_uv = profile.empty_uv - beyond_uv
            self._high_uv = profile.full_uv + beyond_uv
            self._one_c_pa = profile.full_pc() // 3600
        self._uv = self._pa = self._cdeg = self._die_cdeg = self._odd_cdeg = self._away_ms = 0
        self._drain_pa = self._misses = 0
        self._flags = 0
        self.size = SIZE

    def restart(self) -> None:
        """Forget what nobody knows the age of; a doubt stays."""
        self._flags &= _DOUBT

    def last_pa(self) -> "int | None":
        """Return the current of the last sample, None where it is not known."""
        return self._pa if self._flags & _HAS_LAST else None

    def doubt_pc(self, moved_pc: int, most_pa: int, elapsed_ms: int) -> int:
        """Return what may be wrong with the charge of the interval that `judge` has judged,
        1 sigma.

        Assumed: beyond its range, `most_pa`, a sensor misses no more than twice of it. What a
        voltage input whose switch sticks has taken is missed as a whole.
        """
        doubt_pc = self._drain_pa * elapsed_ms // 1000
        if self._flags & (_TURNED | _DOUBT):
            doubt_pc += 2 * abs(moved_pc)
        return doubt_pc + most_pa * elapsed_ms // 1000 if self._misses else doubt_pc

    def judge(self, sampler, elapsed_ms: int, mean_pa: "int | None" = None) -> None:
        """Judge a sample; `mean_pa` is the current that was counted since the last one."""
        before_cdeg = self._cdeg
        self._judge_temperature(sampler, elapsed_ms)
        is_steady = abs(self._cdeg - before_cdeg) < _AGREE_CDEG
        self._drain_pa = self._misses = 0
        uv, pa = sampler.voltage_uv, sampler.current_pa
        sampler.is_usable = False
        if uv is None or pa is None:
            return
        fits = self._low_uv <= uv <= self._high_uv
        if not fits:
            sampler.faults |= FAULT_READING
        if self._judge_range(pa, sampler):
            fits = False
        idle_uv = sampler.idle_uv
        if idle_uv is not None and uv and abs(idle_uv - uv) < uv // 4:
            sampler.faults |= FAULT_CONTRADICTION
            self._drain_pa = sampler.drain_pa
            fits = False
        if self._denies(pa, mean_pa):
            sampler.faults |= FAULT_READING
            fits = False
        elif fits and is_steady and self._flags & _HAS_LAST and elapsed_ms < _NEAR_MS:
            self._judge_turn(uv, pa)
        if fits and not self._flags & _TURNED:
            self._uv, self._pa = uv, pa
            self._flags |= _HAS_LAST
        if self._flags & (_TURNED | _DOUBT):
            sampler.faults |= FAULT_CONTRADICTION
            fits = False
        sampler.is_usable = fits

    def pack_into(self, buffer, offset: int) -> None:
        """Write SIZE bytes."""
        cdeg = self._cdeg, self._die_cdeg, self._odd_cdeg, self._away_ms
        struct.pack_into(_FORMAT, buffer, offset, self._uv, self._pa, *cdeg, self._flags)

    def unpack_from(self, buffer, offset: int) -> None:
        """Read what `pack_into` wrote; the caller has checked its integrity."""
        values = struct.unpack_from(_FORMAT, buffer, offset)
        self._uv, self._pa, self._cdeg, self._die_cdeg, self._odd_cdeg = values[:5]
        self._away_ms, self._flags = values[5:]

    def _judge_temperature(self, sampler, elapsed_ms):
        """Choose the temperature for the models."""
        cdeg, die_cdeg, flags = sampler.temperature_cdeg, sampler.die_cdeg, self._flags
        self._away_ms = min(_MOST_MS, self._away_ms + elapsed_ms)
        knows_die = die_cdeg is not None and flags & _HAS_DIE
        if flags & _HAS_CDEG:
            sampler.model_cdeg = self._cdeg
            if knows_die:
                sampler.model_cdeg += die_cdeg - self._die_cdeg
        if cdeg is not None and self._is_odd(cdeg, die_cdeg, knows_die):
            sampler.faults |= FAULT_READING
            if not flags & _HAS_CDEG or not self._repeats(cdeg, knows_die):
                return
        elif cdeg is None:
            return
        if die_cdeg is not None and abs(cdeg - die_cdeg) > _FAR_CDEG:
            sampler.faults |= FAULT_CONTRADICTION
        self._flags &= ~(3 * _SUSPECTS | _HAS_DIE)
        self._cdeg, self._away_ms = cdeg, 0
        self._flags |= _HAS_CDEG
        if die_cdeg is not None:
            self._die_cdeg = die_cdeg
            self._flags |= _HAS_DIE
        sampler.model_cdeg = cdeg

    def _is_odd(self, cdeg, die_cdeg, knows_die):
        """Return whether a temperature cannot be, or cannot be reached since the last good one."""
        if not _COLDEST_CDEG <= cdeg <= _WARMEST_CDEG:
            return True
        if not self._flags & _HAS_CDEG:
            return False
        step, away_ms = abs(cdeg - self._cdeg), self._away_ms
        if not knows_die:
            return step > _STEP_CDEG + _STEP_CDEG_MIN * away_ms // 60000
        apart = abs(cdeg - self._cdeg - die_cdeg + self._die_cdeg)
        return min(step, apart) > _APART_CDEG + _APART_CDEG_MIN * min(_PARTING_MS, away_ms) // 60000

    def _repeats(self, cdeg, knows_die):
        """Return whether a step was seen often enough to be one, with no other thermometer."""
        looks = self._flags // _SUSPECTS
        if not looks or abs(cdeg - self._odd_cdeg) > _AGREE_CDEG:
            looks, self._odd_cdeg = 0, cdeg
        looks = min(_LOOKS, looks + 1)
        self._flags = self._flags % _SUSPECTS + looks * _SUSPECTS
        return looks == _LOOKS and not knows_die and _COLDEST_CDEG <= cdeg <= _WARMEST_CDEG

    def _judge_range(self, pa, sampler):
        """Return whether a current may be beyond the range; tell where one was or is."""
        was_beyond = self._flags & _BEYOND
        self._flags &= ~_BEYOND
        is_beyond = abs(pa) >= sampler.current.most_pa()
        if is_beyond:
            self._flags |= _BEYOND
        if was_beyond or is_beyond:
            self._misses = 1
            sampler.faults |= FAULT_RANGE
        return is_beyond

    def _denies(self, pa, mean_pa):
        """Return whether the current and what was counted contradict each other."""
        if mean_pa is None or not self._flags & _HAS_LAST:
            return False
        least = self._one_c_pa // _LEAST_PARTS
        same_way = min(abs(pa), abs(self._pa), abs(mean_pa)) > least > 0 and pa * self._pa > 0
        return same_way and pa * mean_pa < 0

    def _judge_turn(self, uv, pa):
        """Compare a current that begins or turns with the step of the voltage."""
        one_c_pa = self._one_c_pa
        turns = pa * self._pa < 0 and abs(self._pa) * _REST_PARTS > one_c_pa
        begins = abs(self._pa) * _REST_PARTS < one_c_pa
        if not one_c_pa or abs(pa) * _LEAST_PARTS < one_c_pa or not (turns or begins):
            self._flags &= ~_TURNED
            return
        rise_uv = uv - self._uv if pa > 0 else self._uv - uv
        if rise_uv > (_TURN_UV if turns else 0):
            self._flags &= ~(_TURNED | _DOUBT)
        elif not self._flags & _TURNED:
            self._flags |= _TURNED
        else:  # seen twice
            self._flags &= ~_TURNED
            if self._flags & _DOUBT and turns and rise_uv > -_TURN_UV:
                self._flags &= ~_DOUBT  # they are swapped back
            else:
                self._flags |= _DOUBT
            self._uv, self._pa = uv, pa

"""What sensors say, judged by what can be: a wrong reading is told and not used.

Base of a sampler. Limits of the cell and records get what was read; only the gauge is kept from
it: `model_cdeg` is the temperature for its models (None: not known), and `is_usable` says whether
voltage and current tell of the cell. `doubt_pc` of the charge since the last sample may be wrong.

- A temperature that steps is compared with that of the current sensor's die: both are on one board
  (assumed: they part by no more than 3 K and 2 K in a minute), and the models go on with the steps
  of the die while the two contradict each other. Without a die three looks in a row are believed.
- A current that turns without its polarisation is one whose leads were swapped: until the two
  agree again, twice what is counted may be wrong.
- A current at the end of the range may be any beyond: assumed, no more than twice as much is
  missed.
- A voltage that is there before the switch of the voltage input has closed is one of a switch that
  sticks, or of a sensor that shows an old one: nobody knows what the input takes meanwhile.
"""

import struct

from filmgauge.compat import const
from filmgauge.record import FAULT_CONTRADICTION, FAULT_RANGE, FAULT_READING
from filmgauge.sensors.ina228 import MOST_CODE, Ina228

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
_USABLE_PARTS = const(20)  # and beyond one of these it tells nothing of the charge
_MOST_UV = const(5500000)  # of any film cell
_LEAST_PARTS = const(20)  # a current above this share of 1C (1 / n) polarises
_REST_PARTS = const(100)  # one below does not
_TURN_UV = const(15000)  # assumed: half of what a current that turns moves the voltage by at least
_LARGEST = const(32767)
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
    """Knows the last good readings of a sampler, for `profile`; None: a cell that nobody knows."""

    current: Ina228

    def __init__(self, profile):
        self._one_c_pa = self._low_uv = self._beyond_uv = 0
        self._high_uv = _MOST_UV
        if profile:
            window_uv = profile.full_uv - profile.empty_uv
            beyond_uv = window_uv // _WINDOW_PARTS
            self._low_uv = profile.empty_uv - beyond_uv
            self._high_uv = profile.full_uv + beyond_uv
            self._beyond_uv = beyond_uv - window_uv // _USABLE_PARTS
            self._one_c_pa = profile.full_pc() // 3600
        self._last_uv = self._last_pa = self._flags = 0
        self._last_cdeg = self._last_die = self._odd_cdeg = self._away_ms = 0
        self._clear()

    def pack_into(self, buffer, offset: int) -> None:
        """Write SIZE bytes."""
        last = self._last_uv, self._last_pa, self._last_cdeg, self._last_die, self._odd_cdeg
        struct.pack_into(_FORMAT, buffer, offset, *last, self._away_ms, self._flags)

    def unpack_from(self, buffer, offset: int) -> None:
        """Read what `pack_into` wrote; the caller has checked its integrity."""
        values = struct.unpack_from(_FORMAT, buffer, offset)
        self._last_uv, self._last_pa, self._last_cdeg, self._last_die = values[:4]
        self._odd_cdeg, self._away_ms, self._flags = values[4:]

    def _clear(self):
        self.faults = 0
        self.voltage_uv = self.current_pa = self.temperature_cdeg = self.model_cdeg = None
        self._idle_uv = self._die_cdeg = None
        self.drain_pa = self.drained_pc = self.doubt_pc = 0
        self.is_usable = False

    def _judge(self, elapsed_ms, moved_pc=None):
        """Judge a sample, `elapsed_ms` after the last one (None: nobody knows), in which
        `moved_pc` was counted, None where nothing counts."""
        if elapsed_ms is None:
            self._flags &= _DOUBT
            elapsed_ms = 0
        before_cdeg = self._last_cdeg
        self._judge_temperature(elapsed_ms)
        is_steady = abs(self._last_cdeg - before_cdeg) < _AGREE_CDEG
        uv, pa = self.voltage_uv, self.current_pa
        if uv is None or pa is None:
            return
        fits = self._low_uv <= uv <= self._high_uv
        if not fits:
            self.faults |= FAULT_READING
        elif not self._low_uv + self._beyond_uv <= uv <= self._high_uv - self._beyond_uv:
            fits = False  # so far from its window it tells no more than that
        if not self._judge_range(pa, elapsed_ms):
            fits = False
        idle_uv = self._idle_uv
        if idle_uv is not None and uv and abs(idle_uv - uv) < uv // 4:
            self.faults |= FAULT_CONTRADICTION
            self.doubt_pc += self.drain_pa * elapsed_ms // 1000
            fits = False
        if moved_pc is not None and elapsed_ms and self._denies(pa, moved_pc * 1000 // elapsed_ms):
            self.faults |= FAULT_READING
            fits = False
        elif fits and is_steady and self._flags & _HAS_LAST and elapsed_ms < _NEAR_MS:
            self._judge_turn(uv, pa)
        if fits and not self._flags & _TURNED:
            self._last_uv, self._last_pa = uv, pa
            self._flags |= _HAS_LAST
        if self._flags & (_TURNED | _DOUBT):
            self.faults |= FAULT_CONTRADICTION
            if moved_pc is None:
                moved_pc = pa * elapsed_ms // 1000
            self.doubt_pc += 2 * abs(moved_pc)
            fits = False
        self.is_usable = fits

    def _judge_temperature(self, elapsed_ms):
        """Choose the temperature for the models."""
        cdeg, die_cdeg, flags = self.temperature_cdeg, self._die_cdeg, self._flags
        before_ms = self._away_ms
        self._away_ms = min(_MOST_MS, before_ms + elapsed_ms)
        knows_die = die_cdeg is not None and flags & _HAS_DIE
        if flags & _HAS_CDEG:
            self.model_cdeg = self._last_cdeg
            if die_cdeg is not None and knows_die:
                self.model_cdeg += die_cdeg - self._last_die
        if cdeg is None:
            return
        if self._is_odd(cdeg, die_cdeg, knows_die):
            self.faults |= FAULT_READING
            if not self._repeats(cdeg, knows_die):
                if knows_die:
                    self._away_ms = before_ms  # a step does not become likely by lasting
                return
        if die_cdeg is not None and abs(cdeg - die_cdeg) > _FAR_CDEG:
            self.faults |= FAULT_CONTRADICTION
        self._flags = self._flags % _SUSPECTS & ~_HAS_DIE | _HAS_CDEG
        self.model_cdeg = self._last_cdeg = cdeg
        self._away_ms = 0
        if die_cdeg is not None:
            self._last_die = die_cdeg
            self._flags |= _HAS_DIE

    def _is_odd(self, cdeg, die_cdeg, knows_die):
        """Return whether a temperature cannot be, or cannot be reached since the last good one."""
        if not _COLDEST_CDEG <= cdeg <= _WARMEST_CDEG:
            return True
        if not self._flags & _HAS_CDEG:
            return False
        step, away_ms = abs(cdeg - self._last_cdeg), self._away_ms
        if not knows_die:
            return step > _STEP_CDEG + _STEP_CDEG_MIN * away_ms // 60000
        apart = abs(cdeg - self._last_cdeg - die_cdeg + self._last_die)
        away_ms = min(_PARTING_MS, away_ms)
        return min(step, apart) > _APART_CDEG + _APART_CDEG_MIN * away_ms // 60000

    def _repeats(self, cdeg, knows_die):
        """Return whether a step was seen often enough to be one, with no other thermometer."""
        looks = self._flags // _SUSPECTS
        if not looks or abs(cdeg - self._odd_cdeg) > _AGREE_CDEG:
            looks = 0
            self._odd_cdeg = max(-_LARGEST, min(_LARGEST, cdeg))
        looks = min(_LOOKS, looks + 1)
        self._flags = self._flags % _SUSPECTS + looks * _SUSPECTS
        return looks == _LOOKS and not knows_die and _COLDEST_CDEG <= cdeg <= _WARMEST_CDEG

    def _judge_range(self, pa, elapsed_ms):
        """Return whether a current is within the range; doubt what is missed where one is not."""
        most_pa = self.current.pa(MOST_CODE)
        is_beyond = abs(pa) >= most_pa
        if is_beyond or self._flags & _BEYOND:
            self.faults |= FAULT_RANGE
            self.doubt_pc += most_pa * elapsed_ms // 1000
        self._flags = self._flags & ~_BEYOND | (_BEYOND if is_beyond else 0)
        return not is_beyond

    def _denies(self, pa, mean_pa):
        """Return whether the current and what was counted contradict each other."""
        last_pa = self._last_pa
        least_pa = self._one_c_pa // _LEAST_PARTS
        if not self._flags & _HAS_LAST or pa * last_pa <= 0 or pa * mean_pa >= 0:
            return False
        return min(abs(pa), abs(last_pa), abs(mean_pa)) > least_pa > 0

    def _judge_turn(self, uv, pa):
        """Compare a current that begins or turns with the step of the voltage."""
        one_c_pa, last_pa = self._one_c_pa, self._last_pa
        turns = pa * last_pa < 0 and abs(last_pa) * _REST_PARTS > one_c_pa
        begins = abs(last_pa) * _REST_PARTS < one_c_pa
        if abs(pa) * _LEAST_PARTS < one_c_pa or not one_c_pa or not (turns or begins):
            self._flags &= ~_TURNED
            return
        rise_uv = uv - self._last_uv if pa > 0 else self._last_uv - uv
        if rise_uv > (_TURN_UV if turns else 0):
            self._flags &= ~(_TURNED | _DOUBT)
        elif not self._flags & _TURNED:
            self._flags |= _TURNED
        elif self._flags & _DOUBT and turns and rise_uv > -_TURN_UV:
            self._flags &= ~(_TURNED | _DOUBT)  # seen twice: they are swapped back
        else:
            self._flags = self._flags & ~_TURNED | _DOUBT

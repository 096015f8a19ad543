"""Limits of the cell: warning, limit and fault, each debounced on its own.

    limits = Limits(profile)                        # or with overrides from the configuration
    limits.look(voltage_uv, current_pa, temperature_cdeg)   # None for what was not read
    limits.level(OVER_VOLTAGE), limits.worst()

A level is raised by looks in a row beyond its threshold and released by looks in a row that are
back by more than a hysteresis; a look between the two ends either row. A missing or impossible
reading leaves the limits of its own quantity as they are and counts as the sensor's failure.
Thresholds come from the profile. Integers only; a look leaves no garbage.
"""

from filmgauge.compat import const

OVER_VOLTAGE = const(0)
UNDER_VOLTAGE = const(1)
OVER_CHARGE = const(2)  # current into the cell
OVER_DISCHARGE = const(3)  # current out of it
TOO_WARM = const(4)
TOO_COLD = const(5)
SENSOR = const(6)
KINDS = const(7)

NONE = const(0)
WARNING = const(1)
LIMIT = const(2)
FAULT = const(3)

# Readings that no film cell gives: the window of LiPON is 0 to 5.5 V, the TMP117 reads -55 to
# 150 degC, and a hundred times the current at which the cell still works is a broken sensor's.
_HIGHEST_UV = const(5500000)
_COLDEST_CDEG = const(-5500)
_WARMEST_CDEG = const(15000)
_IMPOSSIBLE_UA_CM2 = const(1300)
_NO_THERMOMETER = const(1)
_NO_CELL = const(2)

# name of the override, sign, looks to raise and to release (a byte holds up to 127)
_TABLE = (
    ("over_voltage_uv", 1, (2, 2, 2), (2, 3, 10)),
    ("under_voltage_uv", -1, (3, 3, 2), (2, 3, 10)),
    ("over_charge_pa", 1, (3, 2, 2), (2, 3, 10)),
    ("over_discharge_pa", 1, (3, 2, 2), (2, 3, 10)),
    ("too_warm_cdeg", 1, (3, 3, 2), (3, 3, 10)),
    ("too_cold_cdeg", -1, (3, 3, 2), (3, 3, 10)),
    ("sensor", 1, (2, 5, 15), (2, 3, 10)),
)
_RAISED = const(128)
_COUNT = const(127)
SIZE = const(21)  # KINDS x 3


class Limits:
    """Three levels for each kind, for the cell of a profile.

    `overrides` gives three integers for a name in `names()`, from warning to fault, or replaces
    the looks by which every kind is raised or released (`raise_looks`, `release_looks`).
    """

    def __init__(self, profile, overrides=None):
        """Raise ValueError naming the override that is wrong."""
        self._state = bytearray(SIZE)  # raised, and how many looks in a row argue for a change
        self._highest_pa = _IMPOSSIBLE_UA_CM2 * profile.area_ucm2  # 1 uA/cm2 is 1 pA/ucm2
        self._lowest_pa = -self._highest_pa
        thresholds, hysteresis = _defaults(profile)
        wanted = dict(overrides or {})
        raising = _three(wanted, "raise_looks", 1, _COUNT)
        releasing = _three(wanted, "release_looks", 1, _COUNT)
        self._thresholds = []
        self._releases = []
        self._raising = []
        self._releasing = []
        for kind in range(KINDS):
            name, sign, to_raise, to_release = _TABLE[kind]
            three = thresholds[kind]
            if kind != SENSOR:
                three = _three(wanted, name, -(10**12), 10**12) or three
            three = [sign * value for value in three]
            if not three[0] <= three[1] <= three[2]:
                raise ValueError("limits %s must go from warning to fault" % name)
            self._thresholds.extend(three)
            self._releases.extend([value - hysteresis[kind] for value in three])
            self._raising.extend(raising or to_raise)
            self._releasing.extend(releasing or to_release)
        for name in wanted:
            raise ValueError("limits have no %s" % name)

    def look(
        self,
        voltage_uv: "int | None",
        current_pa: "int | None",
        temperature_cdeg: "int | None",
    ) -> int:
        """Let one sample count; return the worst level."""
        silent = 0
        if temperature_cdeg is None or not _COLDEST_CDEG <= temperature_cdeg <= _WARMEST_CDEG:
            silent = _NO_THERMOMETER
        else:
            self._see(TOO_WARM, temperature_cdeg)
            self._see(TOO_COLD, -temperature_cdeg)
        if voltage_uv is None or not 0 <= voltage_uv <= _HIGHEST_UV:
            silent = _NO_CELL
        else:
            self._see(OVER_VOLTAGE, voltage_uv)
            self._see(UNDER_VOLTAGE, -voltage_uv)
        if current_pa is None or not self._lowest_pa <= current_pa <= self._highest_pa:
            silent = _NO_CELL
        else:
            self._see(OVER_CHARGE, current_pa)
            self._see(OVER_DISCHARGE, -current_pa)
        self._see(SENSOR, silent)
        return self.worst()

    def level(self, kind: int) -> int:
        """Return the level of one kind: NONE, WARNING, LIMIT or FAULT."""
        state = self._state
        for level in range(3, 0, -1):
            if state[3 * kind + level - 1] & _RAISED:
                return level
        return NONE

    def worst(self) -> int:
        """Return the highest level of all kinds."""
        worst = NONE
        for kind in range(KINDS):
            level = self.level(kind)
            if level > worst:
                worst = level
        return worst

    def word(self) -> int:
        """Return all levels in 14 bits, two for each kind, OVER_VOLTAGE lowest."""
        word = 0
        for kind in range(KINDS):
            word |= self.level(kind) << 2 * kind
        return word

    def threshold(self, kind: int, level: int) -> int:
        """Return the reading beyond which a level is raised, in the unit of its name."""
        return _TABLE[kind][1] * self._thresholds[3 * kind + level - 1]

    def release(self, kind: int, level: int) -> int:
        """Return the reading at which a level may end."""
        return _TABLE[kind][1] * self._releases[3 * kind + level - 1]

    def pack_into(self, buffer, offset: int) -> None:
        """Write SIZE bytes."""
        buffer[offset : offset + SIZE] = self._state

    def unpack_from(self, buffer, offset: int) -> None:
        """Read what `pack_into` wrote; the caller has checked its integrity."""
        self._state[:] = buffer[offset : offset + SIZE]

    def _see(self, kind, value):
        """Let a value count for the levels of a kind; it is too high when it is too much."""
        state = self._state
        for index in range(3 * kind, 3 * kind + 3):
            raised = state[index] & _RAISED
            if raised:
                argues, needed = value <= self._releases[index], self._releasing[index]
            else:
                argues, needed = value > self._thresholds[index], self._raising[index]
            if not argues:
                state[index] = raised
            elif (state[index] & _COUNT) + 1 >= needed:
                state[index] = raised ^ _RAISED
            else:
                state[index] += 1


def names() -> list:
    """Return the names of the thresholds that can be overridden."""
    return [row[0] for row in _TABLE[:SENSOR]]


def _defaults(profile):
    """Return three thresholds and the hysteresis of every kind."""
    full, empty, area = profile.full_uv, profile.empty_uv, profile.area_ucm2
    window = full - empty
    # Margins over full are assumed: 15, 30 and 60 mV of a window of 3 V are above the errors of
    # the sensor and far below what LiPON stands. A film rests half a volt from either end.
    thresholds = (
        (full + window // 200, full + window // 100, full + window // 50),
        (empty + window // 10, empty, empty - window // 20),
        # Rates at which a film was cycled: 12 and 13.5 uA/cm2, and 25.8 (the highest tried).
        (12 * area, 14 * area, 26 * area),
        (12 * area, 14 * area, 26 * area),
        # 60 degC is the highest temperature tried, -20 the lowest in the table; the rest assumed.
        (6000, 7000, 8500),
        (-2000, -3000, -4000),
        (0, 0, _NO_THERMOMETER),
    )
    return thresholds, (window // 100, window // 20, area, area, 300, 300, 0)


def _three(wanted, name, low, high):
    """Take three integers from the overrides; None when there are none of that name."""
    values = wanted.pop(name, None)
    if values is None:
        return None
    if not isinstance(values, (list, tuple)) or len(values) != 3:
        raise ValueError("limits %s must be three integers" % name)
    for value in values:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(
                "limits %s must be integers from %d to %d, not %r" % (name, low, high, value)
            )
    return values

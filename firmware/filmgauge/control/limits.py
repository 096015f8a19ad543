"""Limits of the cell: warning, limit and fault, each debounced on its own.

    limits = Limits(profile)
    limits.update(voltage_uv, current_pa, temperature_cdeg)   # None for what was not read
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

# Looks in a row that raise each level, kind by kind from warning to fault, and that release it.
_RAISING = const(b"\2\2\2\3\3\2\3\2\2\3\2\2\3\3\2\3\3\2\2\5\x0f")
_RELEASING = const(b"\2\3\x0a\2\3\x0a\2\3\x0a\2\3\x0a\3\3\x0a\3\3\x0a\2\3\x0a")
_RAISED = const(128)
_COUNT = const(127)
SIZE = const(21)  # KINDS x 3


class Limits:
    """Three levels for each kind, for the cell of a profile."""

    def __init__(self, profile):
        self._state = bytearray(SIZE)  # raised, and how many looks in a row argue for a change
        self._word = 0
        full, empty, area = profile.full_uv, profile.empty_uv, profile.area_ucm2
        window = full - empty
        self._highest_pa = _IMPOSSIBLE_UA_CM2 * area  # 1 uA/cm2 is 1 pA/ucm2
        # Rates at which a film was cycled: 12 and 13.5 uA/cm2, and 25.8 (the highest tried).
        rates = (area, 12 * area, 14 * area, 26 * area)
        # Hysteresis and three thresholds; what must not fall too low is told with the other sign.
        # Margins over full are assumed: 15, 30 and 60 mV of a window of 3 V are above the errors
        # of the sensor and far below what LiPON stands. A film rests half a volt from either end.
        rows = (
            (window // 100, full + window // 200, full + window // 100, full + window // 50),
            (window // 20, -empty - window // 10, -empty, window // 20 - empty),
            rates,
            rates,
            # 60 degC is the highest temperature tried, -20 the lowest in the table; the rest
            # is assumed.
            (300, 6000, 7000, 8500),
            (300, 2000, 3000, 4000),
            (0, 0, 0, _NO_THERMOMETER),
        )
        self._thresholds = [value for row in rows for value in row[1:]]
        self._releases = [value - row[0] for row in rows for value in row[1:]]

    def update(
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
            self._debounce(TOO_WARM, temperature_cdeg)
            self._debounce(TOO_COLD, -temperature_cdeg)
        if voltage_uv is None or not 0 <= voltage_uv <= _HIGHEST_UV:
            silent = _NO_CELL
        else:
            self._debounce(OVER_VOLTAGE, voltage_uv)
            self._debounce(UNDER_VOLTAGE, -voltage_uv)
        if current_pa is None or abs(current_pa) > self._highest_pa:
            silent = _NO_CELL
        else:
            self._debounce(OVER_CHARGE, current_pa)
            self._debounce(OVER_DISCHARGE, -current_pa)
        self._debounce(SENSOR, silent)
        return self.worst()

    def level(self, kind: int) -> int:
        """Return the level of one kind: NONE, WARNING, LIMIT or FAULT."""
        return self._word >> 2 * kind & 3

    def worst(self) -> int:
        """Return the highest level of all kinds."""
        word = self._word
        worst = NONE
        while word:
            worst = max(worst, word & 3)
            word >>= 2
        return worst

    def word(self) -> int:
        """Return all levels in 14 bits, two for each kind, OVER_VOLTAGE lowest."""
        return self._word

    def pack_into(self, buffer, offset: int) -> None:
        """Write SIZE bytes."""
        buffer[offset : offset + SIZE] = self._state

    def unpack_from(self, buffer, offset: int) -> None:
        """Read what `pack_into` wrote; the caller has checked its integrity."""
        self._state[:] = buffer[offset : offset + SIZE]
        self._update_word()

    def _debounce(self, kind, value):
        """Let a value count for the levels of a kind; it is too high when it is too much."""
        state = self._state
        for index in range(3 * kind, 3 * kind + 3):
            raised = state[index] & _RAISED
            if raised:
                argues, needed = value <= self._releases[index], _RELEASING[index]
            else:
                argues, needed = value > self._thresholds[index], _RAISING[index]
            if not argues:
                state[index] = raised
            elif (state[index] & _COUNT) + 1 >= needed:
                state[index] = raised ^ _RAISED
                self._update_word()
            else:
                state[index] += 1

    def _update_word(self):
        """Work out the word: of each kind the highest level that is raised."""
        word = 0
        for index in range(SIZE):
            if self._state[index] & _RAISED:
                shift = index // 3 * 2
                word = word & ~(3 << shift) | index % 3 + 1 << shift
        self._word = word

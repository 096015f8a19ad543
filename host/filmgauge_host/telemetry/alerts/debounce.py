"""When a condition counts as true, and when as over: `for` and `keep_firing_for` of a rule."""

import re
from dataclasses import dataclass

_FORM = re.compile(r"(\d+(?:\.\d+)?) ?(records?|s|min|h|d)")
_UNITS_S = {"s": 1, "min": 60, "h": 3600, "d": 86400}
_RECORDS_MAX = 1000
_SECONDS_MAX = 365 * 86400


@dataclass(frozen=True, slots=True)
class Hold:
    """How long something must last: a number of records in a row, or seconds."""

    records: int = 0
    seconds: float = 0.0

    def reached(self, records: int, seconds: float) -> bool:
        """Return whether that many records and seconds are enough."""
        return records >= self.records and seconds >= self.seconds

    def __str__(self) -> str:
        if self.records:
            return f"{self.records} record{'s' if self.records > 1 else ''}"
        for unit in ("d", "h", "min"):
            if self.seconds >= _UNITS_S[unit] and not self.seconds % _UNITS_S[unit]:
                return f"{self.seconds / _UNITS_S[unit]:g}{unit}"
        return f"{self.seconds:g}s"


def parse_hold(text: str, of_records: bool) -> Hold:
    """Return what `3 records`, `90s`, `15min`, `2h` or `1d` says; raise ValueError.

    of_records: whether what is judged are records; what is not cannot be counted in them.
    """
    found = _FORM.fullmatch(text.strip())
    if found is None:
        raise ValueError(
            f"must be such as '3 records', '90s', '15min', '2h' or '1d', not {text!r}"
        )
    number, unit = float(found[1]), found[2]
    if unit in _UNITS_S:
        seconds = number * _UNITS_S[unit]
        if seconds > _SECONDS_MAX:
            raise ValueError(f"must be 0s to 365d, not {text!r}")
        return Hold(seconds=seconds)
    if not of_records:
        raise ValueError(f"must be a time: this rule is not judged on records, as in {text!r}")
    if not 1 <= number <= _RECORDS_MAX or number % 1:
        raise ValueError(f"must be 1 to {_RECORDS_MAX} records, not {text!r}")
    return Hold(records=int(number))


@dataclass(slots=True)
class Debounce:
    """Whether one alert is raised, after what `update` has judged in turn."""

    raised: bool = False
    _changing: bool = False  # towards the other state
    _since_s: float = 0.0
    _records: int = 0

    @property
    def is_idle(self) -> bool:
        """Whether nothing is remembered here."""
        return not self.raised and not self._changing

    def update(self, opposed: bool, now_s: float, hold: Hold) -> bool:
        """Return whether the state changes now.

        opposed: whether what is true now is the other state. hold: how long it must be. now_s:
        of any clock that does not go back.
        """
        if not opposed:
            self._changing = False
            return False
        if not self._changing:
            self._changing, self._since_s, self._records = True, now_s, 0
        self._records += 1
        if not hold.reached(self._records, now_s - self._since_s):
            return False
        self.raised, self._changing = not self.raised, False
        return True

"""What a column of a cycler's file can be, and the units that it can have."""

from array import array
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

# The numbers of a column; numpy takes them over without a copy.
if TYPE_CHECKING:
    Values: TypeAlias = array[float]
else:
    Values = array  # it takes no subscript before Python 3.12


class Quantity(StrEnum):
    """What a column says; the value is the name that `--columns` takes."""

    TIME = "time"  # since the test began
    STEP_TIME = "step_time"  # since the step began
    DATE = "date"  # day and time of day, as text
    UNIX_TIME = "unix_time"
    CURRENT = "current"
    VOLTAGE = "voltage"
    POWER = "power"
    TEMPERATURE = "temperature"
    CYCLE = "cycle"
    STEP = "step"
    STATE = "state"  # whether the cycler charges, discharges or rests, in words
    COUNT = "count"  # one count of charge, with a sign or without
    CHARGED = "charged"  # a count of charging alone
    DISCHARGED = "discharged"  # a count of discharging alone
    CHANNEL = "channel"  # which of several cells


# The time of a file is what it has of these first.
TIMES = (Quantity.TIME, Quantity.UNIX_TIME, Quantity.STEP_TIME, Quantity.DATE)
# They have no unit.
UNITLESS = (Quantity.CYCLE, Quantity.STEP, Quantity.STATE, Quantity.DATE, Quantity.CHANNEL)


@dataclass(frozen=True, slots=True)
class Unit:
    """How a number of a file becomes s, A, V, W, Ah or degC: factor times it, plus offset."""

    name: str
    factor: float = 1.0
    offset: float = 0.0
    # A current or a charge per cm2 of film.
    per_cm2: bool = False
    # Hours, minutes and seconds with colons.
    is_clock: bool = False


_PREFIXES = {"": 1.0, "m": 1e-3, "u": 1e-6, "n": 1e-9, "p": 1e-12}
_WORDS = {"milli": "m", "micro": "u", "nano": "n"}
_TIMES = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("ms", "msec", "millisecond", "milliseconds"), 1e-3),
    **dict.fromkeys(("us", "microsecond", "microseconds"), 1e-6),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours", "decimalhours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86400.0),
}
# Name without prefix, in lower case -> factor of the unit without prefix.
_ELECTRIC = {
    Quantity.CURRENT: dict.fromkeys(("a", "amp", "amps", "ampere", "amperes"), 1.0),
    Quantity.VOLTAGE: dict.fromkeys(("v", "volt", "volts"), 1.0),
    Quantity.POWER: dict.fromkeys(("w", "watt", "watts"), 1.0),
    Quantity.COUNT: {
        **dict.fromkeys(("ah", "ahr", "a.h", "a-h", "amp-hr", "amp.hr", "amphr"), 1.0),
        **dict.fromkeys(("ampere_hour", "amperehour", "ampere-hour"), 1.0),
        **dict.fromkeys(("c", "as", "a.s", "coulomb", "coulombs"), 1.0 / 3600.0),
    },
}
_TEMPERATURES = {
    **dict.fromkeys(("degc", "c", "celsius", "°c", "℃", "deg.c", "degreec", "øc"), 0.0),
    **dict.fromkeys(("k", "kelvin", "degk"), -273.15),
}
_SECONDS = (Quantity.TIME, Quantity.STEP_TIME, Quantity.UNIX_TIME)
_COUNTS = (Quantity.COUNT, Quantity.CHARGED, Quantity.DISCHARGED)
_PER_CM2 = ("/cm2", "/cm^2", "/cm²", ".cm-2", ".cm^-2", ".cm⁻²", "cm-2")


def unit_of(quantity: Quantity, text: str) -> Unit | None:
    """The unit that a text is for a quantity, or None where it is none.

    Both signs of micro will do, and A.h for Ah.
    """
    name = text.strip().rstrip(".").replace("µ", "u").replace("μ", "u")
    name = name.replace(" ", "").replace("·", ".").replace("*", ".")
    if quantity in _SECONDS:
        if ":" in name:
            return Unit(text, is_clock=True)
        factor = _TIMES.get(name) or _TIMES.get(name.lower())
        return None if factor is None else Unit(text, factor)
    if quantity is Quantity.TEMPERATURE:
        offset = _TEMPERATURES.get(name.lower())
        return None if offset is None else Unit(text, offset=offset)
    if quantity in UNITLESS:
        return Unit(text) if name in ("1", "#", "") else None
    per_cm2 = next((each for each in _PER_CM2 if name.lower().endswith(each)), "")
    if per_cm2:
        if quantity is not Quantity.CURRENT and quantity not in _COUNTS:
            return None
        name = name[: -len(per_cm2)]
    factor = _electric(Quantity.COUNT if quantity in _COUNTS else quantity, name)
    return None if factor is None else Unit(text, factor, per_cm2=bool(per_cm2))


def _electric(quantity: Quantity, name: str) -> float | None:
    known = _ELECTRIC[quantity]
    for word, prefix in _WORDS.items():
        if name.lower().startswith(word):
            return _scaled(known.get(name[len(word) :].lower()), prefix)
    if name.lower() in known:
        return known[name.lower()]
    return _scaled(known.get(name[1:].lower()), name[:1].lower())


def _scaled(factor: float | None, prefix: str) -> float | None:
    if factor is None or prefix not in _PREFIXES:
        return None
    return factor * _PREFIXES[prefix]

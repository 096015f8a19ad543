"""One thing that is done to a cell: a constant current or a held voltage, and what ends it."""

from dataclasses import dataclass
from enum import Enum
from math import inf


class End(Enum):
    """What ended a step."""

    TIME = "time"
    LOW = "low"  # the voltage fell to low_v
    HIGH = "high"  # the voltage rose to high_v
    FADED = "faded"  # the current of a hold fell to until_ua
    STATE = "state"  # the true state of charge came to until_soc


@dataclass(frozen=True, slots=True)
class Step:
    """A current (uA, positive charges) for at most duration_s; with hold_v at most this current.

    low_v, high_v: voltages that end it. hold_v: charge with whatever current keeps this voltage,
    until it has faded to until_ua. until_soc: true state of charge that ends it, for a course
    that must stay within bounds. is_pulse: a burst, which does not end a discharge when it is cut
    off. A step that ends by its voltage wakes the node.
    """

    current_ua: float
    duration_s: float = inf
    low_v: float | None = None
    high_v: float | None = None
    hold_v: float | None = None
    until_ua: float = 0.0
    until_soc: float | None = None
    is_pulse: bool = False

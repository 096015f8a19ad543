"""What may be wrong with a board: a virtual one is made so on purpose, to see that it shows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

# How its start ends: in an error, for want of memory, or with the interpreter itself.
RadioFailure = Literal["error", "no_memory", "panic"]


@dataclass(frozen=True)
class BoardFaults:
    """Faults of a board; by default there are none.

    stuck_pins: pin -> level that its pad has whatever the board does. radio_fails: in what the
    start of its radio ends, None where it starts. radio_wakes: whether an event of the radio ends
    a light sleep. watchdog_bites: whether one that is not fed resets the board. A flash that
    forgets: `Flash.forget_last`.
    """

    stuck_pins: Mapping[int, int] = field(default_factory=dict)
    radio_fails: RadioFailure | None = None
    radio_wakes: bool = True
    watchdog_bites: bool = True


NO_FAULTS = BoardFaults()

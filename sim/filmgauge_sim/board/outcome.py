"""How a run of the firmware ended: the board stops it, it never stops itself."""

import enum
from dataclasses import dataclass


class ResetCause(enum.IntEnum):
    """Why the board boots, as `machine.reset_cause()` of the ESP32 port numbers it."""

    POWER_ON = 1
    HARD = 2
    WATCHDOG = 3
    DEEP_SLEEP = 4
    SOFT = 5


@dataclass(frozen=True)
class Outcome:
    """`cause` of the next boot, None when there is none; `sleep_ms` before it; `reason` to log.

    resumes: the run has only been interrupted and goes on after `sleep_ms` of light sleep.
    asleep: the board slept when it happened, so that no wake was cut short.
    """

    cause: ResetCause | None
    sleep_ms: int = 0
    reason: str = ""
    resumes: bool = False
    asleep: bool = False


class BoardStopped(BaseException):
    """Raised where a request ends the run. Not an Exception: firmware must not catch it."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.reason)
        self.outcome = outcome


class LightSleep(BaseException):
    """Raised by a request for a light sleep that interrupts the run; the caller passes it."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome)
        self.outcome = outcome


INTERRUPTED = Outcome(cause=None, resumes=True)
YIELDED = Outcome(cause=None, resumes=True)  # `VirtualBoard.continue_sleep` passes its slices
POWER_CUT = Outcome(ResetCause.POWER_ON, reason="power cut")

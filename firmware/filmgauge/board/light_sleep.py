"""What ports have in common whose sleep keeps RAM, so that a node never boots anew by itself.

Nothing but a reset stops their watchdog: it runs on in sleep and waits for a time that a sleep
may outlast. A sleep is therefore cut into slices with the watchdog fed between them. No memory
outlives a reset; what is remembered over one is in the journal.
"""

import machine
from machine import WDT

from filmgauge.board.steady_clock import SteadyClock
from filmgauge.compat import const

_REPORT_BYTES = const(26000)  # a record takes as much on its way, measured with `window`
_REPORTER_BYTES = const(12000)  # and what only reports need, where it is not loaded


class LightSleeper:
    """A port says how long its watchdog can wait, how long a slice of sleep may be, and how much
    TLS takes of Python's heap."""

    boots_anew = False
    files_outlive_cuts = True
    LONGEST_WATCHDOG_MS = 0
    SLICE_MS = 0
    TICKS_RUN = False  # through sleep
    TAIL = 0
    TLS_BYTES = 0

    def __init__(self):
        self.cause = self._boot_cause()
        self.clock = SteadyClock(self.TICKS_RUN)
        self._retained = bytearray()
        self._watchdog = None

    def retained(self, data=None):
        """Return what outlives sleep and a failed wake, but no reset; or replace it."""
        if data is not None:
            if len(data) != len(self._retained):
                self._retained = bytearray(len(data))
            self._retained[:] = data
        return self._retained

    def pages(self, bonds=False):
        """Return a block device of raw pages beside the file system, for a PageStore; None where
        there are none, or littlefs outlives power cuts."""

    def clock_ms(self) -> int:
        """Return a time in ms that nobody sets: it goes on through sleep, and begins anew with
        each boot."""
        return self.clock.now_ms()

    def clock_leapt(self, last_ms: int) -> bool:
        """Return whether the date has leapt since the last call."""
        return self.clock.has_leapt(last_ms)

    def watchdog(self, timeout_ms: int):
        """Return the running watchdog, fed; it waits LONGEST_WATCHDOG_MS at most."""
        if self._watchdog is None:
            self._watchdog = WDT(timeout=min(timeout_ms, self.LONGEST_WATCHDOG_MS))
        self._watchdog.feed()
        return self._watchdog

    def feed(self) -> None:
        """Feed the watchdog, where it runs."""
        if self._watchdog is not None:
            self._watchdog.feed()

    def boot_cause(self) -> int:
        """Return why the board has booted, 0 from the second call on."""
        cause, self.cause = self.cause, 0
        return cause

    def _boot_cause(self):
        return machine.reset_cause()

    def report_bytes(self, config, is_loaded: bool) -> int:
        """Return how much of the heap a report takes; is_loaded: with what only reports need."""
        needed = _REPORT_BYTES if is_loaded else _REPORT_BYTES + _REPORTER_BYTES
        return needed + self.TLS_BYTES if config.mqtt_tls else needed

    def mark_running(self, is_running: bool) -> None:
        """Do nothing: the port's cause says all."""

    def reset(self) -> None:
        """Boot anew."""
        self.mark_running(False)
        machine.reset()

    def sleep(self, duration_ms: int) -> None:
        """Sleep with RAM kept, until `duration_ms` from now."""
        until_ms = self.clock_ms() + duration_ms
        while True:
            self.feed()
            left_ms = until_ms - self.clock_ms()
            if left_ms <= 0:
                return
            slice_ms = min(left_ms, self.SLICE_MS)
            self.clock.sleeping(slice_ms)
            machine.lightsleep(slice_ms)

"""The sleeps of a board: deep, light, and those within a wake that a Bluetooth peer may end."""

import struct
from collections.abc import Callable
from dataclasses import dataclass, replace

from filmgauge_sim.board.bluetooth import Bluetooth
from filmgauge_sim.board.board_kind import BoardKind
from filmgauge_sim.board.clock import BoardClock
from filmgauge_sim.board.load import BoardLoad
from filmgauge_sim.board.outcome import YIELDED, BoardStopped, LightSleep, Outcome, ResetCause
from filmgauge_sim.board.shims import _protocol

_SHORTEST_SLEEP_MS = 1000  # a shorter light sleep is a nap within a wake

Handler = Callable[[int, int, bytes], bytes]


@dataclass(frozen=True)
class _OpenSleep:
    """A sleep that a peer may end, until the board's clock reads `until_us`; light or awake."""

    until_us: int
    light: bool


class Sleep:
    """Handlers by operation.

    Where others move the air, a sleep that a peer may end interrupts the run, and is passed slice
    by slice. A long sleep with memory kept interrupts the run too, but the slices behind its first
    one, between which the firmware only feeds its watchdog, need not before `unbroken_until_us`.
    """

    def __init__(
        self,
        kind: BoardKind,
        clock: BoardClock,
        load: BoardLoad,
        bluetooth: Bluetooth,
        radio_wakes: bool = True,
    ) -> None:
        self._kind = kind
        self._clock = clock
        self._load = load
        self._bluetooth = bluetooth
        self._radio_wakes = radio_wakes
        self._yielded: _OpenSleep | None = None
        self._answer = b""
        self.unbroken_until_us = 0
        self.slept = False  # nothing was done since the last long sleep but feeding the watchdog
        self.has_gone_on = False  # slices behind the first have passed in it
        self.handlers: dict[int, Handler] = {
            _protocol.SLEEP_US: self._sleep_us,
            _protocol.DEEPSLEEP: self._deepsleep,
            _protocol.LIGHTSLEEP: self._lightsleep,
        }

    def deep(self, duration_ms: int) -> None:
        """Pass a deep sleep as long as the board's own clock makes it."""
        self._load.advance(self._true_us(duration_ms * 1000), "deep sleep")

    def light(self, duration_ms: int) -> None:
        """Pass a light sleep as long as the board's own clock makes it, and come awake."""
        begun_us = self._load.now_us
        self._load.advance(self._true_us(duration_ms * 1000), "light sleep")
        if self._kind.port == "rp2":  # its RTC has no clock meanwhile, and is read to the second
            self._clock.stand_still(begun_us, self._load.now_us)
        self._load.advance(self._kind.wake_us, "waking")
        self._answer = self._new_date()

    def forget(self) -> None:
        """Give up a sleep that has interrupted the run: the board has lost its power."""
        self._yielded = None
        self.slept = self.has_gone_on = False

    @property
    def has_yielded(self) -> bool:
        """Whether the run is interrupted by a sleep that a peer may end."""
        return self._yielded is not None

    def go_on(self) -> bool:
        """Pass a slice of such a sleep; return False, with nothing passed, when it is over."""
        sleep = self._yielded
        if sleep is None:
            return False
        if self._is_over(sleep):
            self._yielded = None
            self._answer = self._wake(sleep)
            return False
        self._pass_slice(sleep)
        return True

    def resume_answer(self) -> bytes:
        """Return the answer to the request that interrupted the run."""
        answer, self._answer = self._answer, b""
        return answer

    def _reading_us(self) -> int:
        return self._clock.reading_us(self._load.now_us)

    def _true_us(self, duration_us: int) -> int:
        """Return the true length of a duration on the board's clock, from now."""
        return self._clock.true_us(self._reading_us() + duration_us) - self._load.now_us

    def _sleep_us(self, small: int, argument: int, data: bytes) -> bytes:
        if not self._bluetooth.active:
            self._load.work(self._true_us(argument))
            return b""
        return self._pass_open(_OpenSleep(self._reading_us() + argument, light=False))

    def _deepsleep(self, small: int, argument: int, data: bytes) -> bytes:
        if not argument:
            raise BoardStopped(Outcome(cause=None, reason="deep sleep without an end"))
        self._load.interpreter_work()
        raise BoardStopped(Outcome(ResetCause.DEEP_SLEEP, sleep_ms=argument))

    def _lightsleep(self, small: int, argument: int, data: bytes) -> bytes:
        if not argument:
            raise BoardStopped(Outcome(cause=None, reason="light sleep without an end"))
        if argument >= _SHORTEST_SLEEP_MS:
            self._load.interpreter_work()
        if self._bluetooth.active:  # then it is within a wake
            return self._pass_open(_OpenSleep(self._reading_us() + argument * 1000, light=True))
        if self._kind.keeps_ram and argument >= _SHORTEST_SLEEP_MS:
            if not self.slept or self._load.now_us >= self.unbroken_until_us:
                self.slept = True
                raise LightSleep(Outcome(cause=None, sleep_ms=argument, resumes=True))
            self._go_on_sleeping(argument)
        else:
            self.light(argument)
        return self.resume_answer()

    def _go_on_sleeping(self, duration_ms: int) -> None:
        """Pass a slice that is not the first of its sleep."""
        self.has_gone_on = True
        load = self._load
        begun_us = load.now_us
        try:
            self.light(duration_ms)
        except BoardStopped as stopped:
            raise BoardStopped(replace(stopped.outcome, asleep=True)) from None
        load.interrupt_us += load.now_us - begun_us

    def _pass_open(self, sleep: _OpenSleep) -> bytes:
        """Pass a sleep that a peer may end, or yield and leave that to `go_on`."""
        if self._bluetooth.is_paced:
            self._yielded = sleep
            raise LightSleep(YIELDED)
        while not self._is_over(sleep):
            self._pass_slice(sleep)
        return self._wake(sleep)

    def _is_over(self, sleep: _OpenSleep) -> bool:
        if sleep.until_us <= self._reading_us():
            return True
        return (self._radio_wakes or not sleep.light) and self._bluetooth.interrupts()

    def _pass_slice(self, sleep: _OpenSleep) -> None:
        """Pass what is left of a sleep, but not beyond the time at which a peer may end it."""
        now_us = self._load.now_us
        step_us = self._true_us(sleep.until_us - self._reading_us())
        input_us = self._bluetooth.next_input_us(now_us)
        if input_us is not None:
            step_us = min(step_us, max(1, input_us - now_us))
        if sleep.light:
            self._load.advance(step_us, "light sleep")
        else:
            self._load.work(step_us)

    def _new_date(self) -> bytes:
        """Return what a light sleep answers: by how much the date was set, where it was."""
        offset_us = self._clock.unknown_offset_us()
        return b"" if offset_us is None else struct.pack("<q", offset_us)

    def _wake(self, sleep: _OpenSleep) -> bytes:
        """Come awake; return what the request for the sleep answers."""
        if sleep.light:
            self._load.advance(self._kind.wake_us, "waking")
            return self._new_date()
        left_us = max(0, sleep.until_us - self._reading_us())
        return struct.pack("<I", left_us) if left_us else b""

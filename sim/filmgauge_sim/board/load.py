"""The load that a board is: time passes in states, and each draws its current from the supply."""

from collections.abc import Callable
from typing import Protocol

from filmgauge_sim.board.bluetooth import Bluetooth
from filmgauge_sim.board.board_kind import BoardKind
from filmgauge_sim.board.outcome import BoardStopped, Outcome, ResetCause
from filmgauge_sim.board.radio_schedule import ADVERT, CONNECTION_EVENT
from filmgauge_sim.board.wifi import Station

_NEVER_US = 1 << 62
_BURSTS = {  # on top of a state
    ADVERT: {"active": "advertising", "light sleep": "advertising asleep"},
    CONNECTION_EVENT: {"active": "connected", "light sleep": "connected asleep"},
}


class Supply(Protocol):
    """What a board lives from, where that can fail."""

    @property
    def now_us(self) -> int:
        """The time that the supply has reached."""
        ...

    def draw(self, current_ua: float, now_us: int, until_us: int) -> int | None:
        """Give a current from `now_us` to `until_us`; return when it failed, None if it held."""
        ...

    def restore(self, until_us: int) -> bool:
        """Wait until it gives power again, at most until `until_us`; return whether it does."""
        ...


class BoardLoad:
    """A board's virtual time, and what it draws meanwhile.

    now_us: true time since the scenario began; time_us: how much of it in each state. What lets
    time pass raises BoardStopped where the supply fails or the watchdog bites, with `now_us` the
    time at which it did. power_lost is called where the supply fails.
    interrupt_us: a run that has no end is interrupted from then on.
    """

    def __init__(
        self,
        kind: BoardKind,
        supply: Supply | None,
        station: Station,
        bluetooth: Bluetooth,
        power_lost: Callable[[], None],
    ) -> None:
        self.now_us = 0
        self.interrupt_us = _NEVER_US
        self._kind = kind
        self._currents_ua = kind.currents_ua()
        self.time_us = dict.fromkeys(self._currents_ua, 0)
        self._supply = supply
        self._station = station
        self._bluetooth = bluetooth
        self._power_lost = power_lost
        self._watchdog_us = 0  # its time, 0 where none runs
        self._watchdog_at_us = _NEVER_US
        self._unbooked_us = 0  # of the interpreter's work
        self._burst_us = 0  # left of what the radio does
        self._burst = ADVERT
        self._bursts_us = {
            ADVERT: kind.advertisement_us,
            CONNECTION_EVENT: kind.connection_event_us,
        }

    @property
    def charge_pc(self) -> dict[str, float]:
        """Charge by state in uA us, which is pC."""
        return {state: us * self._currents_ua[state] for state, us in self.time_us.items()}

    def await_power(self, until_us: int) -> bool:
        """Wait for the supply, at most until `until_us`; return whether it gives power."""
        if self._supply is None:
            return True
        powered = self._supply.restore(until_us)
        self.now_us = max(self.now_us, self._supply.now_us)  # a powered board may be ahead
        return powered

    def disconnect(self) -> None:
        """Draw nothing, until time passes in a state again."""
        if self._supply is not None:
            self._supply.draw(0.0, self.now_us, self.now_us)

    def reset(self) -> None:
        """Begin anew, as in reset or deep sleep: no watchdog, no radio, no work."""
        self._watchdog_us = self._burst_us = self._unbooked_us = 0
        self._watchdog_at_us = _NEVER_US

    def start_watchdog(self, timeout_us: int) -> None:
        """Let a watchdog bite after a time without `feed_watchdog`."""
        self._watchdog_us = timeout_us
        self.feed_watchdog()

    def feed_watchdog(self) -> None:
        """Give the watchdog, if one runs, its whole time again."""
        if self._watchdog_us:
            self._watchdog_at_us = self.now_us + self._watchdog_us

    def hang(self) -> Outcome:
        """End a run whose firmware does nothing any more: only a watchdog still acts."""
        if not self._watchdog_us:
            return Outcome(cause=None, reason="the firmware hangs and no watchdog runs")
        try:
            self._pass(max(0, self._watchdog_at_us - self.now_us), "active")
        except BoardStopped as stopped:
            return stopped.outcome
        return Outcome(ResetCause.WATCHDOG, reason="watchdog")

    def expect_work(self, check_work_us: int) -> None:
        """Expect the interpreter to work so long at least on what it has asked for now."""
        if check_work_us > self._unbooked_us:
            self._unbooked_us = check_work_us

    def interpreter_work(self) -> None:
        """Pass what the interpreter has worked on a sample, before what it asks for next."""
        work_us, self._unbooked_us = self._unbooked_us, 0
        if work_us:
            self.work(work_us)

    def work(self, duration_us: int) -> None:
        """Pass time with the processor awake, at what the radio adds."""
        station = self._station
        if not (station.powered or self._bluetooth.active or self._burst_us):
            self._draw_for(duration_us, "active")
        elif station.powered:
            connected = station.is_connected(self.now_us)
            self.advance(duration_us, "radio" if connected else "associating")
        else:
            self.advance(duration_us, "active")

    def work_unwatched(self, duration_us: int) -> None:
        """Pass time as `work` does, with the watchdog held meanwhile."""
        self._watchdog_at_us += duration_us
        self.work(duration_us)

    def advance(self, duration_us: int, state: str) -> None:
        """Pass time in a state, and in the bursts of Bluetooth that fall into it."""
        if state == "light sleep" and self._station.powered:
            state = "radio"
        bluetooth = self._bluetooth
        silent = state == "light sleep" and not self._kind.radio_core
        if silent or not (bluetooth.active or self._burst_us):
            self._draw_for(duration_us, state)
            return
        schedule = bluetooth.schedule
        until_us = self.now_us + duration_us
        while True:
            if self._burst_us:
                step_us = min(self._burst_us, until_us - self.now_us)
                self._draw_for(step_us, _BURSTS[self._burst].get(state, state))
                self._burst_us -= step_us
            due_us = schedule.next_us
            if self._burst_us or due_us is None or due_us >= until_us:
                break
            self._draw_for(max(0, due_us - self.now_us), state)
            self._burst = bluetooth.send_due(self.now_us)
            self._burst_us = self._bursts_us[self._burst]
        self._draw_for(until_us - self.now_us, state)
        bluetooth.follow(self.now_us)

    def _draw_for(self, duration_us: int, state: str) -> None:
        """Pass time in a state alone, until the watchdog bites."""
        until_us = self.now_us + duration_us
        if until_us >= self._watchdog_at_us:
            self._pass(max(0, self._watchdog_at_us - self.now_us), state)
            raise BoardStopped(Outcome(ResetCause.WATCHDOG, reason="watchdog"))
        if self._supply is not None:
            self._pass(duration_us, state)
            return
        self.time_us[state] += duration_us
        self.now_us = until_us

    def _pass(self, duration_us: int, state: str) -> None:
        """Take the charge from the supply; where that fails, the run ends at that time."""
        until_us = self.now_us + duration_us
        if self._supply is not None:
            lost_us = self._supply.draw(self._currents_ua[state], self.now_us, until_us)
            if lost_us is not None:
                self.time_us[state] += lost_us - self.now_us
                self.now_us = lost_us
                self._power_lost()
                raise BoardStopped(Outcome(ResetCause.POWER_ON, reason="brown-out"))
        self.time_us[state] += duration_us
        self.now_us = until_us

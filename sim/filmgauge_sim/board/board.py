"""The virtual board: plays every request of the firmware and moves virtual time.

Time moves only here: by what a request takes, by sleeping, and by what the interpreter reports
to have passed since its last request. All times are true microseconds unless named otherwise.
"""

import random
import struct
from collections.abc import Callable
from dataclasses import dataclass

from filmgauge_sim.board.bluetooth import ADVERT, CONNECTION_EVENT, Bluetooth, RadioError
from filmgauge_sim.board.bluetooth_requests import RadioRequests
from filmgauge_sim.board.board_kind import BoardKind
from filmgauge_sim.board.clock import BoardClock
from filmgauge_sim.board.flash import Flash
from filmgauge_sim.board.meter import LoadMeter
from filmgauge_sim.board.outcome import DOZING, BoardStopped, LightSleep, Outcome, ResetCause
from filmgauge_sim.board.radio_port import NullRadio, RadioPort
from filmgauge_sim.board.shims import _protocol
from filmgauge_sim.board.wifi import AccessPoint, Station
from filmgauge_sim.board.world import Supply, World
from filmgauge_sim.parts.bus import Nack

RTC_BYTES = 2048
_ENODEV = 19
_EIO = 5
_EINVAL = 22
_REQUEST_US = 10  # assumed: the interpreter's own work around a driver call
_GPIO_US = 2  # assumed
_SHORTEST_SLEEP_MS = 1000  # a shorter light sleep is a nap within a wake
_NEVER_US = 1 << 62
_BURSTS = {  # on top of a state
    ADVERT: {"active": "advertising", "light sleep": "advertising asleep"},
    CONNECTION_EVENT: {"active": "connected", "light sleep": "connected asleep"},
}

Handler = Callable[[int, int, bytes], bytes]


@dataclass(frozen=True)
class _Doze:
    """A sleep within a wake, until the board's clock reads `until_us`; asleep lightly or awake."""

    until_us: int
    asleep: bool


class VirtualBoard:
    """One board of a kind in a world. `now_us` is true time since the scenario began.

    supply: what it lives from, None where power never fails (USB). Where it fails, `boot`,
    `sleep` and `request` raise BoardStopped, and `now_us` is the time at which it did.
    """

    def __init__(
        self,
        kind: BoardKind,
        world: World,
        flash: Flash,
        access_point: AccessPoint,
        clock: BoardClock,
        seed: int,
        unique_id: bytes,
        real_wait_ms: int = 5000,
        supply: Supply | None = None,
        antenna: RadioPort | None = None,
    ) -> None:
        self.kind = kind
        self.flash = flash
        self._currents_ua = kind.currents_ua()
        self.meter = LoadMeter(self._currents_ua)
        self._time_us = self.meter.time_us
        self.now_us = 0
        self.clock = clock
        self.requests = 0
        self.transfers = 0  # on the bus: a run without any was no wake
        self.wifi_sessions = 0  # how often Wi-Fi was switched on
        self.interrupt_us = _NEVER_US  # a run that has no end is interrupted from then on
        self.gives_way = False  # whether a sleep that a peer may end interrupts the run
        self._doze: _Doze | None = None  # what interrupted it
        self._woken = b""
        self.cut_at_request: int | None = None
        self.console: Callable[[bytes], None] = lambda _: None
        self._world = world
        self._supply = supply
        self._access_point = access_point
        self._station = Station(access_point)
        self._random = random.Random(seed)
        self._unique_id = unique_id
        self._real_wait_ms = real_wait_ms
        self._cause = ResetCause.POWER_ON
        self.rtc_memory = b""
        self._watchdog_us: int | None = None
        self._watchdog_at_us = 0
        self._high_pins: set[int] = set()
        self._holds_pins = False
        self._work_us = 0  # of the interpreter, since it last asked for something
        self.bluetooth = Bluetooth(unique_id, str(seed), antenna or NullRadio())
        self._burst_us = 0  # left of what the radio does
        self._burst = ADVERT
        self._bursts_us = {
            ADVERT: kind.advertisement_us,
            CONNECTION_EVENT: kind.connection_event_us,
        }
        radio = RadioRequests(self.bluetooth, lambda: self.now_us)
        self._handlers = self._make_handlers() | radio.handlers

    # Between runs of the firmware

    def await_power(self, until_us: int) -> bool:
        """Wait for the supply, at most until `until_us`; return whether the board has power."""
        if self._supply is None:
            return True
        powered = self._supply.restore(until_us)
        self.now_us = max(self.now_us, self._supply.now_us)  # a powered board may be ahead
        return powered

    def boot(self, cause: ResetCause) -> None:
        """Begin a run: everything but flash, and RTC memory over sleep and resets, is new."""
        self._cause = cause
        if cause is ResetCause.POWER_ON:
            self.rtc_memory = b""
            self.clock.power_on_us = self.now_us
        self._station = Station(self._access_point)
        self._silence()
        if cause is not ResetCause.DEEP_SLEEP:  # else pads stay held until they are set anew
            self._holds_pins = False
        if not self._holds_pins:
            self._release_pins()
        self._watchdog_us = None
        self._work_us = 0
        self._pass(self.kind.boot_us, "boot")

    def sleep(self, duration_ms: int) -> None:
        """Pass a deep sleep as long as the board's own clock makes it."""
        if not self._holds_pins:
            self._release_pins()
        self._silence()
        self._watchdog_us = None
        self._pass(self._board_us(duration_ms * 1000), "deep sleep")

    def light_sleep(self, duration_ms: int) -> None:
        """Pass a light sleep as long as the board's own clock makes it, and come awake."""
        self._pass(self._board_us(duration_ms * 1000), "light sleep")
        self._pass(self.kind.wake_us, "waking")

    def idle(self, duration_us: int) -> None:
        """Pass time with the firmware awake and waiting for what comes from outside."""
        self._compute(duration_us)

    @property
    def dozing(self) -> bool:
        """Whether the run is interrupted by a sleep that a peer may end."""
        return self._doze is not None

    def doze_on(self) -> bool:
        """Pass a slice of such a sleep; return False, with nothing passed, when it is over.

        The air must have come as far as the board.
        """
        doze = self._doze
        if doze is None:
            return False
        if self._is_over(doze):
            self._doze = None
            self._woken = self._awake(doze)
            return False
        self._slice(doze)
        return True

    def woken(self) -> bytes:
        """Return the answer to the request that interrupted the run."""
        answer, self._woken = self._woken, b""
        return answer

    def hang(self) -> Outcome:
        """End a run whose firmware does nothing any more: only a watchdog still acts."""
        if self._watchdog_us is None:
            return Outcome(cause=None, note="the firmware hangs and no watchdog runs")
        try:
            self._meter(max(0, self._watchdog_at_us - self.now_us), "active")
        except BoardStopped as stopped:
            return stopped.outcome
        return Outcome(ResetCause.WATCHDOG, note="watchdog")

    # Requests

    def request(
        self, operation: int, small: int, argument: int, data: bytes, elapsed_us: int
    ) -> tuple[int, bytes]:
        """Play one request; return (errno or 0, answer).

        Raises BoardStopped when it ends the run: sleep, reset, watchdog or a power cut; and
        LightSleep when it interrupts the run: `light_sleep` or `doze_on` passes it, and `woken`
        gives the answer.
        """
        self.requests += 1
        if self.requests == self.cut_at_request:
            self.cut_at_request = None
            raise BoardStopped(Outcome(ResetCause.POWER_ON, note="power cut"))
        self._compute(elapsed_us + _REQUEST_US)
        handler = self._handlers.get(operation)
        if handler is None:
            return _EINVAL, b""
        try:
            return 0, handler(small, argument, data)
        except Nack:
            return _ENODEV, b""
        except RadioError as error:
            number = error.number
            return (number if number > 0 else _protocol.BLE_OWN_ERROR | -number), b""
        except ValueError as error:
            self.console(f"board: {error}\n".encode())
            return _EIO, b""

    def reading_us(self) -> int:
        """Return the board's clock now."""
        return self.clock.reading_us(self.now_us)

    def _make_handlers(self) -> dict[int, Handler]:
        return {
            _protocol.HELLO: self._hello,
            _protocol.SLEEP_US: self._sleep_us,
            _protocol.I2C_READ: self._i2c_read,
            _protocol.I2C_WRITE: self._i2c_write,
            _protocol.I2C_SCAN: self._i2c_scan,
            _protocol.PIN_SET: self._pin_set,
            _protocol.PIN_READ: self._pin_read,
            _protocol.PIN_HOLD: self._pin_hold,
            _protocol.RTC_READ: lambda *_: self.rtc_memory,
            _protocol.RTC_WRITE: self._rtc_write,
            _protocol.DEEPSLEEP: self._deepsleep,
            _protocol.LIGHTSLEEP: self._lightsleep,
            _protocol.RESET: self._reset,
            _protocol.HANG: self._hang,
            _protocol.FLASH_PROGRAM: self._flash_program,
            _protocol.FLASH_ERASE: self._flash_erase,
            _protocol.WLAN_ACTIVE: self._wlan_active,
            _protocol.WLAN_CONNECT: self._wlan_connect,
            _protocol.WLAN_STATUS: self._wlan_status,
            _protocol.WDT_START: self._wdt_start,
            _protocol.WDT_FEED: self._wdt_feed,
            _protocol.RANDOM: lambda _, count, __: self._random.randbytes(min(count, 4096)),
            _protocol.CONSOLE: self._console,
        }

    def _hello(self, small: int, argument: int, data: bytes) -> bytes:
        return struct.pack(
            _protocol.HELLO_ANSWER,
            self._cause,
            self.flash.blocks,
            self._access_point.latency_us,
            self._real_wait_ms,
            self._unique_id,
            _protocol.PORTS.index(self.kind.port),
        )

    def _sleep_us(self, small: int, argument: int, data: bytes) -> bytes:
        bluetooth = self.bluetooth
        if not bluetooth.active:
            self._compute(self._board_us(argument))
            return b""
        return self._sleep_through(_Doze(self.reading_us() + argument, asleep=False))

    def _sleep_through(self, doze: "_Doze") -> bytes:
        """Pass a sleep that the radio may end, or leave that to `doze_on`; return the answer."""
        if self.gives_way and self.bluetooth.talks:
            self._doze = doze
            raise LightSleep(DOZING)
        while not self._is_over(doze):
            self._slice(doze)
        return self._awake(doze)

    def _is_over(self, doze: "_Doze") -> bool:
        return doze.until_us <= self.reading_us() or self.bluetooth.interrupts()

    def _slice(self, doze: "_Doze") -> None:
        """Pass what is left of a sleep, but not beyond the time at which a peer may end it."""
        step_us = self._board_us(doze.until_us - self.reading_us())
        tells_us = self.bluetooth.tells_us(self.now_us)
        if tells_us is not None:
            step_us = min(step_us, max(1, tells_us - self.now_us))
        if doze.asleep:
            self._pass(step_us, "light sleep")
        else:
            self._compute(step_us)

    def _awake(self, doze: "_Doze") -> bytes:
        """Come awake; return what the request for the sleep answers."""
        if doze.asleep:
            self._pass(self.kind.wake_us, "waking")
            return b""
        left_us = max(0, doze.until_us - self.reading_us())
        return struct.pack("<I", left_us) if left_us else b""

    def _i2c_read(self, small: int, argument: int, data: bytes) -> bytes:
        length = argument >> 8
        self.transfers += 1
        self._work_us = max(self._work_us, self.kind.glance_us)
        bus = self._world.bus
        self._compute(bus.duration_us(length + 3))
        self._world.advance_to(self.now_us)
        return bus.read(small, argument & 0xFF, length, self.now_us)

    def _i2c_write(self, small: int, argument: int, data: bytes) -> bytes:
        self.transfers += 1
        bus = self._world.bus
        self._compute(bus.duration_us(len(data) + 2))
        self._world.advance_to(self.now_us)
        bus.write(small, argument & 0xFF, data, self.now_us)
        return b""

    def _i2c_scan(self, small: int, argument: int, data: bytes) -> bytes:
        bus = self._world.bus
        self._compute(112 * bus.duration_us(1))
        self._world.advance_to(self.now_us)
        return bytes(bus.scan(self.now_us))

    def _pin_set(self, small: int, argument: int, data: bytes) -> bytes:
        self._compute(_GPIO_US)
        self._world.advance_to(self.now_us)
        self._world.set_pin(small, argument, self.now_us)
        self._high_pins.discard(small)
        if argument:
            self._high_pins.add(small)
            if small == self.kind.pins.gate:  # it looks at the voltage, and then works on it
                self._work_us = self.kind.look_us
        return b""

    def _pin_read(self, small: int, argument: int, data: bytes) -> bytes:
        """Tell the level of an input: only the wires of the bus have anything that pulls them."""
        self._compute(_GPIO_US)
        pins = self.kind.pins
        pulled_up = small in (pins.scl, pins.sda) and self._world.bus.pulled_up
        return bytes((int(pulled_up or bool(argument)),))

    def _pin_hold(self, small: int, argument: int, data: bytes) -> bytes:
        self._holds_pins = bool(small)
        return b""

    def _rtc_write(self, small: int, argument: int, data: bytes) -> bytes:
        if len(data) > RTC_BYTES:
            raise ValueError(f"RTC memory has {RTC_BYTES} bytes, not {len(data)}")
        self._work()
        self.rtc_memory = bytes(data)
        return b""

    def _deepsleep(self, small: int, argument: int, data: bytes) -> bytes:
        if not argument:
            raise BoardStopped(Outcome(cause=None, note="deep sleep without an end"))
        self._work()
        raise BoardStopped(Outcome(ResetCause.DEEP_SLEEP, sleep_ms=argument))

    def _lightsleep(self, small: int, argument: int, data: bytes) -> bytes:
        if not argument:
            raise BoardStopped(Outcome(cause=None, note="light sleep without an end"))
        if argument >= _SHORTEST_SLEEP_MS:
            self._work()
        if self.bluetooth.active:  # then it is within a wake
            return self._sleep_through(_Doze(self.reading_us() + argument * 1000, asleep=True))
        if self.kind.keeps_ram and argument >= _SHORTEST_SLEEP_MS:
            raise LightSleep(Outcome(cause=None, sleep_ms=argument, resumes=True))
        self.light_sleep(argument)
        return b""

    def _reset(self, small: int, argument: int, data: bytes) -> bytes:
        raise BoardStopped(Outcome(ResetCause.HARD, note="reset by the firmware"))

    def _hang(self, small: int, argument: int, data: bytes) -> bytes:
        raise BoardStopped(self.hang())

    def _flash_program(self, small: int, argument: int, data: bytes) -> bytes:
        self._work()
        self._compute(self.flash.program(argument, data))
        return b""

    def _flash_erase(self, small: int, argument: int, data: bytes) -> bytes:
        self._work()
        self._compute(self.flash.erase(argument))
        return b""

    def _wlan_active(self, small: int, argument: int, data: bytes) -> bytes:
        self._work()
        self.wifi_sessions += bool(small) and not self._station.active
        self._station.set_active(bool(small))
        return b""

    def _wlan_connect(self, small: int, argument: int, data: bytes) -> bytes:
        ssid, _, password = data.decode().partition("\0")
        self._station.join(ssid, password, self.now_us)
        return b""

    def _wlan_status(self, small: int, argument: int, data: bytes) -> bytes:
        return struct.pack("<H", self._station.status(self.now_us))

    def _wdt_start(self, small: int, argument: int, data: bytes) -> bytes:
        self._watchdog_us = argument * 1000
        self._watchdog_at_us = self.now_us + self._watchdog_us
        return b""

    def _wdt_feed(self, small: int, argument: int, data: bytes) -> bytes:
        if self._watchdog_us is not None:
            self._watchdog_at_us = self.now_us + self._watchdog_us
        return b""

    def _console(self, small: int, argument: int, data: bytes) -> bytes:
        self.console(data)
        return b""

    def _release_pins(self) -> None:
        """Let outputs fall low, as they do with the board asleep, in reset or without power."""
        for pin in sorted(self._high_pins):
            self._world.advance_to(self.now_us)
            self._world.set_pin(pin, 0, self.now_us)
        self._high_pins.clear()

    # Time and charge

    def _board_us(self, duration_us: int) -> int:
        """Return the true length of a duration on the board's clock, from now."""
        return self.clock.true_us(self.reading_us() + duration_us) - self.now_us

    def _work(self) -> None:
        """Pass what the interpreter has worked on a sample, before what it asks for next."""
        work_us, self._work_us = self._work_us, 0
        if work_us:
            self._compute(work_us)

    def _compute(self, duration_us: int) -> None:
        """Pass time with the processor awake, at what the radio adds."""
        station = self._station
        if not station.active:
            self._pass(duration_us, "active")
        elif station.status(self.now_us) == _protocol.STAT_GOT_IP:
            self._pass(duration_us, "radio")
        else:
            self._pass(duration_us, "associating")

    def _pass(self, duration_us: int, state: str) -> None:
        """Pass time in a state, and in the bursts of advertising that fall into it."""
        bluetooth = self.bluetooth
        silent = state == "light sleep" and not self.kind.radio_core
        if silent or not (bluetooth.active or self._burst_us):
            self._spend(duration_us, state)
            return
        until_us = self.now_us + duration_us
        while True:
            if self._burst_us:
                step_us = min(self._burst_us, until_us - self.now_us)
                self._spend(step_us, _BURSTS[self._burst].get(state, state))
                self._burst_us -= step_us
            due_us = bluetooth.next_us
            if self._burst_us or due_us is None or due_us >= until_us:
                break
            self._spend(max(0, due_us - self.now_us), state)
            self._burst = bluetooth.send_due(self.now_us)
            self._burst_us = self._bursts_us[self._burst]
        self._spend(until_us - self.now_us, state)
        if bluetooth.talks:
            bluetooth.antenna.follow(self.now_us)

    def _silence(self) -> None:
        """Let the radio lose its power."""
        self.bluetooth.power_off()
        self._burst_us = 0
        self._doze = None

    def _spend(self, duration_us: int, state: str) -> None:
        now_us = self.now_us + duration_us
        if self._watchdog_us is not None and now_us >= self._watchdog_at_us:
            self._meter(max(0, self._watchdog_at_us - self.now_us), state)
            raise BoardStopped(Outcome(ResetCause.WATCHDOG, note="watchdog"))
        if self._supply is not None:
            self._draw(self._supply, duration_us, state)
        self._time_us[state] += duration_us
        self.now_us = now_us

    def _meter(self, duration_us: int, state: str) -> None:
        if self._supply is not None:
            self._draw(self._supply, duration_us, state)
        self._time_us[state] += duration_us
        self.now_us += duration_us

    def _draw(self, supply: Supply, duration_us: int, state: str) -> None:
        """Take the charge from the supply; where that fails, the run ends at that time."""
        until_us = self.now_us + duration_us
        lost_us = supply.draw(self._currents_ua[state], self.now_us, until_us)
        if lost_us is None:
            return
        self._time_us[state] += lost_us - self.now_us
        self.now_us = lost_us
        self._watchdog_us = None
        self._silence()
        self._release_pins()
        raise BoardStopped(Outcome(ResetCause.POWER_ON, note="brown-out"))

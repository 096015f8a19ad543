"""The virtual board: plays every request of the firmware and moves virtual time.

Time moves only here: by what a request takes, by sleeping, and by what the interpreter reports
to have passed since its last request. All times are true microseconds unless named otherwise.
"""

import random
import struct
from collections.abc import Callable

from filmgauge_sim.board.bluetooth import Bluetooth, RadioError
from filmgauge_sim.board.bluetooth_requests import RadioRequests
from filmgauge_sim.board.board_faults import NO_FAULTS, BoardFaults, RadioFailure
from filmgauge_sim.board.board_kind import BoardKind
from filmgauge_sim.board.certificate_dates import date_problem
from filmgauge_sim.board.clock import BoardClock
from filmgauge_sim.board.flash import Flash
from filmgauge_sim.board.load import BoardLoad, Supply
from filmgauge_sim.board.outcome import POWER_CUT, BoardStopped, Outcome, ResetCause
from filmgauge_sim.board.pins_and_bus import Handler, PinsAndBus, World
from filmgauge_sim.board.radio_port import RadioPort
from filmgauge_sim.board.shims import _protocol
from filmgauge_sim.board.sleeping import Sleep
from filmgauge_sim.board.wifi import AccessPoint, Station
from filmgauge_sim.parts.bus import Nack

RTC_BYTES = 2048
_ENODEV = 19
_EIO = 5
_ENOMEM = 12
_EINVAL = 22
_ETIMEDOUT = 110  # a driver waits in vain for its radio
_REQUEST_US = 10  # assumed: the interpreter's own work around a driver call
_MOST_RANDOM = 4096
_SCAN_US = 2_000_000  # assumed: all channels of Wi-Fi
_BETWEEN_SLICES = (_protocol.WDT_FEED, _protocol.LIGHTSLEEP)  # of a long sleep
VERSION = (1, 29, 0)


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
        radio_port: RadioPort | None = None,
        faults: BoardFaults = NO_FAULTS,
    ) -> None:
        self.kind = kind
        self.flash = flash
        self.clock = clock
        self.requests = 0
        self.wifi_sessions = 0  # how often Wi-Fi was switched on
        self.cut_at_request: int | None = None
        self.console: Callable[[bytes], None] = lambda _: None
        self.rtc_memory = b""
        self.memory_at_power_on = b""  # what the next power-on finds in RTC memory
        self.identity = identity(VERSION, kind.mpy, kind.machine)
        self._real_wait_ms = real_wait_ms
        self._random = random.Random(seed)
        self.unique_id = unique_id
        self._faults = faults
        self._cause = ResetCause.POWER_ON
        self.station = Station(access_point)
        self.bluetooth = Bluetooth(unique_id, str(seed), radio_port or RadioPort())
        self.load = BoardLoad(kind, supply, self.station, self.bluetooth, self.lose_power)
        self._pins = PinsAndBus(kind, world, self.load, faults.stuck_pins)
        self._sleep = Sleep(kind, clock, self.load, self.bluetooth, faults.radio_wakes)
        self.radio_fails: RadioFailure | None = faults.radio_fails
        radio = RadioRequests(self.bluetooth, lambda: self.load.now_us, self._start_radio)
        self._handlers: dict[int, Handler] = {
            **self._own_handlers(),
            **self._pins.handlers,
            **self._sleep.handlers,
            **radio.handlers,
        }

    @property
    def now_us(self) -> int:
        """The time that the board has reached."""
        return self.load.now_us

    @property
    def transfers(self) -> int:
        """How many there were on the bus: a run without any was no wake."""
        return self._pins.transfers

    def reading_us(self) -> int:
        """Return the board's clock now."""
        return self.clock.reading_us(self.load.now_us)

    # Between runs of the firmware

    def boot(self, cause: ResetCause) -> None:
        """Begin a run: everything but flash, and RTC memory over sleep and resets, is new."""
        self._cause = cause
        if cause is ResetCause.POWER_ON:
            self.rtc_memory, self.memory_at_power_on = self.memory_at_power_on, b""
            self.clock.power_on(self.now_us)
        elif self.kind.port == "rp2":  # main.c sets the date at each boot
            self.clock.begin_date(self.now_us)
        self.station.power_off()
        self._power_off()
        if cause is ResetCause.DEEP_SLEEP:  # pads stay held until they are set anew
            self._pins.release_unless_held()
        else:
            self._pins.release()
        self.load.advance(self.kind.boot_us, "boot")

    def soft_reset(self) -> None:
        """Begin a run of the interpreter alone; the RP2 port does not count it as a reset."""
        if self.kind.port != "rp2":
            self._cause = ResetCause.SOFT

    def sleep(self, duration_ms: int) -> None:
        """Pass a deep sleep as long as the board's own clock makes it."""
        self._pins.release_unless_held()
        self._power_off()
        self._sleep.deep(duration_ms)

    def light_sleep(self, duration_ms: int) -> None:
        """Pass a light sleep as long as the board's own clock makes it, and come awake."""
        self._sleep.light(duration_ms)

    @property
    def has_yielded(self) -> bool:
        """Whether the run is interrupted by a sleep that a peer may end."""
        return self._sleep.has_yielded

    def continue_sleep(self) -> bool:
        """Pass a slice of such a sleep; return False, with nothing passed, when it is over.

        The air must have come as far as the board.
        """
        return self._sleep.go_on()

    def resume_answer(self) -> bytes:
        """Return the answer to the request that interrupted the run."""
        return self._sleep.resume_answer()

    def sleep_unbroken(self, until_us: int) -> None:
        """Let a sleep that the firmware cuts into slices for its watchdog interrupt the run once,
        and not with each slice, where it lies before `until_us`."""
        self._sleep.unbroken_until_us = until_us

    def _power_off(self) -> None:
        """Let radio, watchdog, what is in RAM only and what was going on end."""
        self.flash.lose_power()
        self.bluetooth.power_off()
        self.load.reset()
        self._sleep.forget()

    def lose_power(self) -> None:
        """Stop where it is: radio, watchdog and RAM end, pads let go."""
        self._power_off()
        self._pins.release()

    # Requests

    def request(
        self, operation: int, small: int, argument: int, data: bytes, elapsed_us: int
    ) -> tuple[int, bytes]:
        """Play one request; return (errno or 0, answer).

        Raises BoardStopped when it ends the run: sleep, reset, watchdog or a power cut; and
        LightSleep when it interrupts the run: `light_sleep` or `continue_sleep` passes it, and
        `resume_answer` gives the answer.
        """
        self.requests += 1
        if self.requests == self.cut_at_request:
            self.cut_at_request = None
            self.flash.lose_power()
            raise BoardStopped(POWER_CUT)
        self.load.work(elapsed_us + _REQUEST_US)
        if self._sleep.slept:
            self._follow_sleep(operation)
        handler = self._handlers.get(operation)
        if handler is None:
            return _EINVAL, b""
        try:
            return 0, handler(small, argument, data)
        except BoardStopped:
            self.flash.lose_power()
            raise
        except Nack:
            return _ENODEV, b""
        except RadioError as error:
            number = error.number
            return (number if number > 0 else _protocol.BLE_OWN_ERROR | -number), b""
        except ValueError as error:
            self.console(f"board: {error}\n".encode())
            return _EIO, b""

    def _follow_sleep(self, operation: int) -> None:
        """Find out whether a long sleep goes on; where others have not seen all of it pass, the
        run is interrupted once it is over."""
        if operation in _BETWEEN_SLICES:
            return
        sleep = self._sleep
        if sleep.has_gone_on:
            self.load.interrupt_us = self.load.now_us
        sleep.slept = sleep.has_gone_on = False

    def _own_handlers(self) -> dict[int, Handler]:
        return {
            _protocol.HELLO: self._hello,
            _protocol.RTC_READ: lambda *_: self.rtc_memory,
            _protocol.RTC_WRITE: self._rtc_write,
            _protocol.RTC_SET: self._rtc_set,
            _protocol.RESET: self._reset,
            _protocol.HANG: self._hang,
            _protocol.FLASH_PROGRAM: self._flash_program,
            _protocol.FLASH_ERASE: self._flash_erase,
            _protocol.FLASH_READ: self._flash_read,
            _protocol.FLASH_SYNC: self._flash_sync,
            _protocol.WLAN_ACTIVE: self._wlan_active,
            _protocol.WLAN_CONNECT: self._wlan_connect,
            _protocol.WLAN_SCAN: self._wlan_scan,
            _protocol.WLAN_STATUS: self._wlan_status,
            _protocol.CERTIFICATE: self._certificate,
            _protocol.WDT_START: self._wdt_start,
            _protocol.WDT_FEED: self._wdt_feed,
            _protocol.RANDOM: self._random_bytes,
            _protocol.CONSOLE: self._console,
        }

    def _hello(self, small: int, argument: int, data: bytes) -> bytes:
        self.clock.current_offset_us()
        return self.greeting()

    def greeting(self) -> bytes:
        """Return what the board would answer to HELLO now."""
        head = struct.pack(
            _protocol.HELLO_ANSWER,
            self._cause,
            self.flash.pages,
            self.station.latency_us,
            self._real_wait_ms,
            self.unique_id,
            _protocol.PORTS.index(self.kind.port),
            self.kind.holds_all,
            self.clock.offset_us,
        )
        return head + self.identity

    def _rtc_write(self, small: int, argument: int, data: bytes) -> bytes:
        if len(data) > RTC_BYTES:
            raise ValueError(f"RTC memory has {RTC_BYTES} bytes, not {len(data)}")
        self.load.interpreter_work()
        self.rtc_memory = bytes(data)
        return b""

    def _rtc_set(self, small: int, argument: int, data: bytes) -> bytes:
        (self.clock.offset_us,) = struct.unpack("<q", data)
        self.clock.current_offset_us()
        return b""

    def _reset(self, small: int, argument: int, data: bytes) -> bytes:
        raise BoardStopped(Outcome(ResetCause.HARD, reason="reset by the firmware"))

    def _hang(self, small: int, argument: int, data: bytes) -> bytes:
        raise BoardStopped(self.load.hang())

    def _flash_program(self, small: int, argument: int, data: bytes) -> bytes:
        self.load.interpreter_work()
        self.flash.program(argument, data, self.load.work)
        return b""

    def _flash_erase(self, small: int, argument: int, data: bytes) -> bytes:
        self.load.interpreter_work()
        self.flash.erase(argument, self.load.work)
        return b""

    def _flash_read(self, small: int, argument: int, data: bytes) -> bytes:
        address = argument & 0xFFFFF
        self.load.work(_protocol.READ_US)
        return self.flash.image[address : address + (argument >> 20)]

    def _flash_sync(self, small: int, argument: int, data: bytes) -> bytes:
        self.load.interpreter_work()
        self.flash.sync(self.load.work)
        return b""

    def _wlan_active(self, small: int, argument: int, data: bytes) -> bytes:
        self.load.interpreter_work()
        is_on = small == _protocol.RADIO_ON
        if is_on or (small == _protocol.RADIO_DRIVER and self.radio_fails != "panic"):
            self._start_radio()
        if small == _protocol.RADIO_DRIVER:
            return b""
        self.wifi_sessions += is_on and not self.station.active
        self.station.set_active(is_on)
        if is_on or small == _protocol.RADIO_WITHOUT_POWER or not self.kind.wifi_stays:
            self.station.powered = is_on
        return b""

    def _start_radio(self) -> None:
        """Start the radio, which may end in an error, or in the interpreter's own failure.

        That resets an ESP32 (esp_system panic handler) and an STM32 (HardFault_C_Handler), and an
        RP2 stands still in it.
        """
        if self.radio_fails is None:
            return
        if self.radio_fails != "panic":
            raise RadioError(_ENOMEM if self.radio_fails == "no_memory" else _ETIMEDOUT)
        if self.kind.port == "rp2":
            raise BoardStopped(self.load.hang())
        raise BoardStopped(Outcome(ResetCause.HARD, reason="panic"))

    def _wlan_connect(self, small: int, argument: int, data: bytes) -> bytes:
        ssid, _, password = data.decode().partition("\0")
        self.station.join(ssid, password, self.now_us)
        return b""

    def _wlan_scan(self, small: int, argument: int, data: bytes) -> bytes:
        self.load.work(_SCAN_US)
        return self.station.audible(self.now_us).encode()

    def _wlan_status(self, small: int, argument: int, data: bytes) -> bytes:
        station = self.station
        fails_us = station.lookup_fails_us
        return struct.pack(
            "<HII",
            station.status(self.now_us),
            station.latency_us,
            _protocol.LOOKUP_HANGS if fails_us is None else fails_us,
        )

    def _certificate(self, small: int, argument: int, data: bytes) -> bytes:
        """Hold a certificate of a TLS peer against the date; its own is met in a handshake."""
        if small:
            self.load.work(self.kind.handshake_us)
        port = self.kind.port
        date_us = self.clock.date_us(self.now_us) + _protocol.DATE_US[port]
        return date_problem(data, date_us // 1_000_000 + _protocol.EPOCH_S[port]).encode()

    def _wdt_start(self, small: int, argument: int, data: bytes) -> bytes:
        if self._faults.watchdog_bites:
            self.load.start_watchdog(argument * 1000)
        return b""

    def _wdt_feed(self, small: int, argument: int, data: bytes) -> bytes:
        self.load.feed_watchdog()
        return b""

    def _random_bytes(self, small: int, argument: int, data: bytes) -> bytes:
        return self._random.randbytes(min(argument, _MOST_RANDOM))

    def _console(self, small: int, argument: int, data: bytes) -> bytes:
        self.console(data)
        return b""


def identity(version: tuple[int, int, int], mpy: int, machine: str) -> bytes:
    """Return what a board says of itself: interpreter, bytecode (`_mpy`) and name."""
    return struct.pack("<BBBH", *version, mpy) + machine.encode()

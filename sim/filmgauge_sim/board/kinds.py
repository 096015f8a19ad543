"""Kinds of boards: what each draws, how long it takes to boot, and how it sleeps."""

from dataclasses import dataclass
from typing import Literal

from filmgauge_sim.board.pins import PINS, BoardPins
from filmgauge_sim.board.shims._ops import WIFI_PORTS

Port = Literal["esp32", "stm32", "rp2"]

_MPY = 6 | 3 << 8  # version 6.3 of the bytecode


@dataclass(frozen=True)
class BoardKind:
    """Load states of a board. Currents in uA at the supply, times in us.

    keeps_ram: its firmware sleeps lightly with RAM kept and never boots anew by itself, so that
    a run of it has no end; light sleeps of a second and more part one wake from the next.
    """

    name: str
    boot_us: int  # from power or timer to the first line of the firmware
    boot_ua: float
    active_ua: float
    light_sleep_ua: float
    deep_sleep_ua: float
    associating_ua: float  # radio on, joining
    connected_ua: float  # radio on, mean of listening and sending
    supply_v: float = 3.3  # at which it draws these currents
    brown_out_v: float = 2.8  # below this on its capacitor it is in reset
    sensors_v: float = 3.3  # at which its sensors draw theirs
    port: Port = "esp32"
    keeps_ram: bool = False
    radio_core: bool = False  # its radio goes on while it sleeps lightly
    # Of an advertising event on three channels, on top of what the board draws then: 3.5-11 uC
    # on such radios; 7 uC in 2.5 ms is in the middle (assumed, with the waits between channels).
    advertisement_us: int = 2_500
    advertisement_ua: float = 2_800.0
    # A connection event has one packet each way on one channel: half of that (assumed).
    connection_event_us: int = 1_250
    wake_us: int = 0  # after a light sleep, until its clocks run again
    waking_ua: float = 0.0
    # What no request tells of: the interpreter's work in a wake that looks at the voltage (gauge,
    # limits, state), and in one that only asks for the current.
    look_us: int = 0
    glance_us: int = 0
    heap_kb: int = 64  # of MicroPython, with which the ESP32 port starts
    pins: BoardPins = PINS["esp32-s3"]
    # What the interpreter says of itself: sys.implementation._machine and _mpy.
    machine: str = "ESP32C3 module with ESP32C3"
    mpy: int = _MPY | 11 << 10  # bytecode, and the architecture that py/persistentcode.h numbers
    file_system_blocks: int = 512  # of 4 KiB: half of 4 MB

    @property
    def has_wifi(self) -> bool:
        """Whether its port has the module `network`."""
        return self.port in WIFI_PORTS

    def currents_ua(self) -> dict[str, float]:
        """Return the current of each load state."""
        return {
            "boot": self.boot_ua,
            "active": self.active_ua,
            "waking": self.waking_ua,
            "light sleep": self.light_sleep_ua,
            "deep sleep": self.deep_sleep_ua,
            "associating": self.associating_ua,
            "radio": self.connected_ua,
            "advertising": self.active_ua + self.advertisement_ua,
            "advertising asleep": self.light_sleep_ua + self.advertisement_ua,
            "connected": self.active_ua + self.advertisement_ua,
            "connected asleep": self.light_sleep_ua + self.advertisement_ua,
        }


_KINDS = (
    BoardKind(
        name="esp32-c3",
        # A boot costs 27 mC, as measured on such boards; 0.68 s and 40 mA are one way to it
        # (assumed split).
        boot_us=680_000,
        boot_ua=40_000.0,
        active_ua=28_000.0,  # assumed: modem off, 160 MHz
        light_sleep_ua=300.0,  # assumed: hundreds of uA
        deep_sleep_ua=6.0,  # datasheet: 5-7 uA
        # Boot, join and publish together cost 132 mC, as measured on such boards; with 0.9 s to
        # join these currents lead there (assumed split).
        associating_ua=105_000.0,
        connected_ua=90_000.0,
        supply_v=3.3,
        brown_out_v=2.8,  # assumed: highest level of its brown-out detector
        # MICROPY_GC_INITIAL_HEAP_SIZE of the port (ports/esp32/mpconfigport.h). It could double
        # it once, which the virtual board does not: what it carries has room on a real one.
        heap_kb=64,
        look_us=4_000,  # see below, at 160 MHz
        glance_us=300,
        pins=PINS["esp32-c3"],
    ),
    BoardKind(
        name="esp32-c6",
        # As the C3 in all that is not said here: same port, same sleep (assumed). More current
        # awake for its second core, asleep in the datasheet's 7 uA.
        boot_us=680_000,
        boot_ua=40_000.0,
        active_ua=30_000.0,
        light_sleep_ua=300.0,
        deep_sleep_ua=7.0,
        associating_ua=105_000.0,
        connected_ua=90_000.0,
        look_us=4_000,
        glance_us=300,
        machine="ESP32C6 module with ESP32C6",
        pins=PINS["esp32-c6"],
    ),
    BoardKind(
        name="esp32-s3",
        # As the C3, with two faster cores awake (assumed); asleep in the datasheet's 7-8 uA.
        boot_us=680_000,
        boot_ua=50_000.0,
        active_ua=45_000.0,
        light_sleep_ua=300.0,
        deep_sleep_ua=8.0,
        associating_ua=115_000.0,
        connected_ua=100_000.0,
        look_us=4_000,
        glance_us=300,
        machine="Generic ESP32S3 module with ESP32S3",
        mpy=_MPY | 10 << 10,
        file_system_blocks=1536,  # 6 MB of its 8 MB
        pins=PINS["esp32-s3"],
    ),
    BoardKind(
        name="pico-w",
        boot_us=500_000,  # assumed
        boot_ua=30_000.0,
        active_ua=30_000.0,  # assumed: 125 MHz, radio off
        light_sleep_ua=1_500.0,  # measured by others: 1-2 mA
        deep_sleep_ua=1_500.0,  # the port sleeps lightly and resets
        associating_ua=90_000.0,  # assumed
        connected_ua=70_000.0,  # assumed
        port="rp2",
        keeps_ram=True,
        wake_us=1_000,  # assumed: PLLs start again
        waking_ua=15_000.0,  # assumed
        heap_kb=160,  # assumed: 264 KB of SRAM less what lwIP and the radio's driver take
        look_us=5_000,  # as the C3's, at 125 MHz
        glance_us=400,
        machine="Raspberry Pi Pico W with RP2040",
        mpy=_MPY | 4 << 10,
        file_system_blocks=212,  # 848 KB (mpconfigboard.h of RPI_PICO_W)
        pins=PINS["pico-w"],
    ),
    BoardKind(
        name="stm32wb55",
        boot_us=150_000,  # assumed: no radio, a small file system; imports of frozen bytecode
        boot_ua=8_000.0,  # assumed, as active
        active_ua=8_000.0,  # assumed: 64 MHz from the linear regulator, whatever its supply
        light_sleep_ua=2.0,  # assumed: stop mode with RTC and all RAM
        deep_sleep_ua=0.6,  # assumed: standby with RTC
        associating_ua=8_000.0,  # it has no Wi-Fi
        connected_ua=8_000.0,
        # Its regulator gives 1.8 V from the capacitor, the lowest that all of it runs from, and
        # needs 0.2 V for that (both assumed).
        supply_v=1.8,
        brown_out_v=2.0,
        # The INA228 needs 2.7 V, so a load switch connects the sensors to the capacitor itself;
        # their power is taken as if it always had 3.3 V (assumed).
        sensors_v=3.3,
        port="stm32",
        keeps_ram=True,
        # Crystal and PLL start again (assumed: 1 ms). Meanwhile the processor waits on the
        # oscillator that it woke up with (powerctrl_enter_stop_mode of the port), at 16 MHz: a
        # quarter of what it takes at 64 MHz (assumed).
        wake_us=1_000,
        waking_ua=2_000.0,
        # `make bench` counts the gauge's share of a look in passes of a loop of ten bytecodes, 60
        # cycles each (assumed): 7.9 ms at 64 MHz. Limits and state are taken for a quarter of it
        # (assumed). A glance is some 500 bytecodes (assumed).
        look_us=10_000,
        glance_us=500,
        radio_core=True,
        # 192 KB of SRAM1 less 4 KB of file cache and 16 KB of stack (stm32wb55xg.ld of the port)
        # less static data: assumed 44 KB with the BLE stack.
        heap_kb=128,
        machine="NUCLEO-WB55 with STM32WB55RGV6",
        mpy=_MPY | 7 << 10,
        file_system_blocks=64,  # 256 KB: FLASH_FS of stm32wb55xg.ld
        pins=PINS["stm32wb55"],
    ),
)


def board_kind(name: str) -> BoardKind:
    """Return a kind by name. Raises ValueError naming the known ones."""
    for kind in _KINDS:
        if kind.name == name:
            return kind
    known = ", ".join(kind.name for kind in _KINDS)
    raise ValueError(f"board must be one of {known}, not {name!r}")

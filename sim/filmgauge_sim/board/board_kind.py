"""What a kind of board is: what it draws, how long it takes to boot, how it sleeps, its pins.

The kinds themselves stand in `filmgauge_sim.nodes.boards`.
"""

from dataclasses import dataclass
from typing import Literal

from filmgauge.store.page_store import FILE_SYSTEM_PAGES
from filmgauge_sim.board.flash import NOR, FlashDriver
from filmgauge_sim.board.shims._protocol import WIFI_PORTS

Port = Literal["esp32", "stm32", "rp2"]


@dataclass(frozen=True)
class BoardPins:
    """Where a node of this kind has its parts, as the firmware's configuration numbers pins."""

    scl: int
    sda: int
    gate: int  # high connects the bus input of the INA228
    sensors: int  # high gives both sensors their supply, where they are switched
    disconnect: int  # high opens the switch between cell and shunt
    charge: int  # high lets the charger charge, where it asks
    supply: int = -1  # an analog input at half of the capacitor's voltage, where there is one


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
    pins: BoardPins
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
    sample_work_us: int = 0
    check_work_us: int = 0
    heap_kb: int = 80  # of MicroPython
    tls_heap_kb: int = 8  # what more a node takes that speaks TLS; the port of the ESP32 has it
    # What the interpreter says of itself: sys.implementation._machine and _mpy.
    machine: str = "ESP32C3 module with ESP32C3"
    chip: str = "ESP32C3"  # by which that is recognised: in capitals, without hyphens
    mpy: int = (
        6 | 3 << 8 | 11 << 10
    )  # bytecode, and the architecture that py/persistentcode.h numbers
    flash_pages: int = 512  # of 4 KiB, for file system and journal: half of 4 MB
    flash: FlashDriver = NOR
    # Pads that keep a held level through deep sleep, the first so many; of a port that boots anew.
    held_pins: int = 256
    analog_pins: tuple[int, ...] = ()  # of which the firmware knows how to read the voltage
    # Of a TLS handshake with a certificate of P-256 that its issuer has signed: the processor's.
    # Users of the ESP32 measured 1.2 s, with an issuer of RSA (assumed).
    handshake_us: int = 1_200_000
    wifi_stays: bool = False  # its radio draws its current until `WLAN.deinit`
    holds_all: bool = False  # whether `esp32.gpio_deep_sleep_hold` is there, which holds the rest
    slice_s: float = 0.0  # longest light sleep of the firmware, which feeds a watchdog; 0: any
    naps_asleep: bool = False  # whether the firmware sleeps lightly while a sensor converts

    @property
    def has_wifi(self) -> bool:
        """Whether its port has the module `network`."""
        return self.port in WIFI_PORTS

    @property
    def file_system_pages(self) -> int:
        """What its file system gets: where that does not outlive power cuts, there are raw pages
        beside it."""
        pages = self.flash_pages
        return min(pages, FILE_SYSTEM_PAGES) if self.flash.page_in_ram else pages

    @property
    def has_bluetooth(self) -> bool:
        """Whether the firmware reports over Bluetooth on it: its port has no other radio."""
        return self.radio_core and not self.has_wifi

    def recognises(self, machine: str) -> bool:
        """Return whether an interpreter that calls its machine so runs on such a board."""
        return self.chip in machine.replace("-", "").upper()

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

"""The catalogue of boards: the one place that names them."""

from filmgauge_sim.board.board_kind import BoardKind, BoardPins
from filmgauge_sim.board.flash import FlashDriver
from filmgauge_sim.board.shims._protocol import STM32_BLOCK

_MPY = 6 | 3 << 8  # version 6.3 of the bytecode

# The pins that a node uses are free ones that decide nothing at reset. `docs/hardware.md` has the
# same table with the labels that are printed on the boards.
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
        # The port starts with 64 (ports/esp32/mpconfigport.h) and doubles it when that is too
        # little: then it has 128. The virtual board has 80, in one piece, where the firmware needs
        # 71 to 76 (docs/figures.md): a heap that is nearly full fragments.
        heap_kb=80,
        sample_work_us=4_600,  # see below, at 160 MHz
        check_work_us=300,
        held_pins=6,  # of the RTC domain
        # ESP32-C3-DevKitM-1. Strapping: 2, 8, 9; flash: 12-17; USB: 18, 19; console: 20, 21. What
        # stays as it is in deep sleep is on pins of the RTC domain.
        pins=BoardPins(scl=5, sda=4, gate=6, sensors=7, disconnect=3, charge=1),
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
        sample_work_us=4_600,
        check_work_us=300,
        machine="ESP32C6 module with ESP32C6",
        chip="ESP32C6",
        # Every pad can be held by itself. ESP32-C6-DevKitC-1. Strapping: 4, 5, 8, 9, 15; USB:
        # 12, 13; console: 16, 17.
        pins=BoardPins(scl=7, sda=6, gate=10, sensors=11, disconnect=2, charge=3),
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
        sample_work_us=4_600,
        check_work_us=300,
        machine="Generic ESP32S3 module with ESP32S3",
        chip="ESP32S3",
        mpy=_MPY | 10 << 10,
        flash_pages=1536,  # 6 MB of its 8 MB
        held_pins=22,  # of the RTC domain
        # ESP32-S3-DevKitC-1. Strapping: 0, 3, 45, 46; flash and PSRAM: 26-37; USB: 19, 20;
        # console: 43, 44; light: 38 or 48; RTC: 0-21.
        pins=BoardPins(scl=9, sda=8, gate=10, sensors=11, disconnect=12, charge=13),
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
        wifi_stays=True,
        tls_heap_kb=0,  # it is in those 160
        # Users measured 0.7 to 3 s of connecting with mbedtls 3.5 (assumed: nearly all of it is
        # computing).
        handshake_us=2_400_000,
        keeps_ram=True,
        wake_us=1_000,  # assumed: PLLs start again
        waking_ua=15_000.0,  # assumed
        heap_kb=160,  # assumed: 264 KB of SRAM less what lwIP and the radio's driver take
        sample_work_us=5_900,  # as the C3's, at 125 MHz
        check_work_us=400,
        machine="Raspberry Pi Pico W with RP2040",
        chip="PICO W WITH RP2040",
        slice_s=7.5,  # below the 8.3 s of its watchdog
        mpy=_MPY | 4 << 10,
        flash_pages=212,  # 848 KB (mpconfigboard.h of RPI_PICO_W)
        flash=FlashDriver(prog=256),  # _boot.py of the port
        # Raspberry Pi Pico W. Its radio has 23, 24, 25 and 29; I2C0 can be on 4 and 5.
        pins=BoardPins(scl=5, sda=4, gate=6, sensors=7, disconnect=8, charge=9),
    ),
    BoardKind(
        name="stm32wb55",
        boot_us=150_000,  # assumed: no radio, a small file system; imports of frozen bytecode
        boot_ua=8_000.0,  # assumed, as active
        active_ua=8_000.0,  # assumed: 64 MHz from the linear regulator, whatever its supply
        # Stop 1 with RTC and all RAM (datasheet, from memory); `machine.lightsleep` enters no
        # deeper stop.
        light_sleep_ua=9.0,
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
        # cycles each (assumed): 9.2 ms at 64 MHz. Limits and state are taken for a quarter of it
        # (assumed). A glance is some 500 bytecodes (assumed).
        sample_work_us=11_500,
        check_work_us=500,
        radio_core=True,
        # A build for NUCLEO_WB55 has 154,048 bytes, from which its Bluetooth stack takes what it
        # allocates (assumed: 22 KB).
        heap_kb=128,
        machine="NUCLEO-WB55 with STM32WB55RGV6",
        chip="STM32WB55",
        slice_s=28.0,  # below the 32 s of its watchdog
        naps_asleep=True,
        mpy=_MPY | 7 << 10,
        flash_pages=64,  # 256 KB: FLASH_FS of stm32wb55xg.ld
        # flashbdev.c of the port. Erase of a page, and 512 double words of 82 us: assumed, from
        # the datasheet as remembered.
        analog_pins=(0, 1, 32, 33, 34, 35),  # PA0, PA1, PC0 to PC3: A3 to A0, A5, A4 of the board
        flash=FlashDriver(block=STM32_BLOCK, page_in_ram=True, erase_us=22_000, program_us=2_625),
        # P-NUCLEO-WB55, pins counted 16 to a port: B8, B9, A4, A5, A6, A7.
        pins=BoardPins(scl=24, sda=25, gate=4, sensors=5, disconnect=6, charge=7),
    ),
)

BOARDS: dict[str, BoardKind] = {kind.name: kind for kind in _KINDS}
USUAL = _KINDS[0].name  # where nobody names a board


def board_kind(name: str) -> BoardKind:
    """Return a kind by name. Raises ValueError naming the known ones."""
    if name not in BOARDS:
        raise ValueError(f"board must be one of {', '.join(BOARDS)}, not {name!r}")
    return BOARDS[name]

"""STM32WB: Stop 1 keeps all RAM at some 9 uA.

What differs from other ports, all of it in ports/stm32 of MicroPython:
- Pins have names. The configuration counts 16 to a port: 0 is PA0, 24 is PB8. A board may have
  other names like those, so the processor's are asked for.
- The hardware I2C buses have fixed pins; a soft one goes where the configuration says.
- The watchdog waits 32 s at most.
- The wake-up timer is exact to 0.5 ms up to 32 s, and beyond that counts whole seconds.
- Its file system does not outlive power cuts (store/page_store.py): state and records are in raw
  pages where the file system has been made shorter than the device.
- `lightsleep` sets the mode each time (powerctrl.c), and no deeper one can be had from Python:
  `idle` with the bits of Stop 2 set would sleep, and come back with clocks that nobody restores.
- Ticks stand still in stop mode: only the date tells how long it was, and the sleep asked for.
- A hard fault resets the board as `reset` does (powerctrl_mcu_reset). A backup register of the RTC
  outlives both, and is written once a boot.
"""

import struct
import time

import machine
import pyb  # pyright: ignore  # the stubs are of another port
from machine import Pin, SoftI2C

from filmgauge.board.light_sleep import LightSleeper
from filmgauge.compat import const

_PORTS = const("ABCDEFGH")
_PAGE = const(4096)
_LEAST_BYTES = const(20480)  # of a PageStore, and of bonds
_BOND_BYTES = const(8192)
_BACKUP_19 = const(0x4000289C)  # the last backup register (RM0434), of which the port uses none
_RUNNING = const(0x46470001)
_SHORTEST_NAP_MS = const(2)  # below, waking up costs more than it saves: 1 ms (assumed)


class Stm32Wb(LightSleeper):
    """The board of a harvesting node. It has no Wi-Fi."""

    name = "stm32wb"
    files_outlive_cuts = False
    LONGEST_WATCHDOG_MS = 32000
    SLICE_MS = 28000  # its RC clock may run a tenth fast

    def _boot_cause(self):
        cause = machine.reset_cause()
        was_running = machine.mem32[_BACKUP_19] == _RUNNING
        return machine.WDT_RESET if was_running and cause != machine.PWRON_RESET else cause

    def mark_running(self, is_running: bool) -> None:
        """Let the next boot be a failure, or not."""
        machine.mem32[_BACKUP_19] = _RUNNING if is_running else 0

    def pages(self, bonds=False):
        """Return what the file system leaves of the storage, or of that the part of the bonds;
        None where it is too little."""
        whole = pyb.Flash(start=0)
        end = whole.ioctl(4, 0) * whole.ioctl(5, 0)
        head = bytearray(32)
        for block in (0, 1):  # where main.c of the port looks for a superblock
            whole.readblocks(block, head, 0)
            if head[8:16] == b"littlefs":
                size, count = struct.unpack_from("<II", head, 24)
                begin = -(-size * count // _PAGE) * _PAGE
                if begin + _LEAST_BYTES <= end:
                    end -= _BOND_BYTES
                    if bonds:
                        return pyb.Flash(start=end)
                    return pyb.Flash(start=begin, len=end - begin)
        return None

    def i2c(self, pin_scl: int, pin_sda: int, frequency_hz: int):
        """Return the I2C bus."""
        return SoftI2C(_pin(pin_scl), _pin(pin_sda), freq=frequency_hz)

    def output(self, pin: int):
        """Return an output pin, low."""
        return Pin(_pin(pin), Pin.OUT, value=0)

    def latch(self, pin: int, level: int) -> None:
        """Set an output; stop mode keeps its level."""
        Pin(_pin(pin), Pin.OUT, value=level)

    def analog(self, pin: int) -> int:
        """Return the voltage at a pin, 65535 for the board's own supply."""
        return machine.ADC(_pin(pin)).read_u16()  # pyright: ignore

    def nap(self, duration_ms: int) -> None:
        """Wait for a sensor, in stop mode where that is worth it."""
        if duration_ms < _SHORTEST_NAP_MS:
            time.sleep_ms(duration_ms)
        else:
            self.clock.sleeping(duration_ms)
            machine.lightsleep(duration_ms)

    def doze(self, duration_ms: int) -> None:
        """Sleep in stop mode for a while, or until the radio has something to tell."""
        self.feed()
        duration_ms = max(1, min(duration_ms, self.SLICE_MS))
        self.clock.sleeping(duration_ms, True)
        machine.lightsleep(duration_ms)

    def uplink(self, config, profile):
        """Return the way of records to their receiver."""
        if not config.ble_advertise_ms:
            from filmgauge.uplink import NoUplink

            return NoUplink()
        import bluetooth  # a node that does not use the radio does not load it

        from filmgauge.uplink.ble.uplink import BleUplink

        return BleUplink(self, config, profile, bluetooth)


def _pin(number):
    return getattr(Pin.cpu, _PORTS[number >> 4] + str(number & 15))  # pyright: ignore

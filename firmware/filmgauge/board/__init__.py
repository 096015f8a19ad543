"""Everything that differs between ports: one file a port, and the choice among them.

A board offers: name, boots_anew, retained(data=None), clock_ms(), clock_leapt(last_ms),
boot_cause(), i2c(...), output(pin), latch(pin, level), watchdog(ms), feed(), pages(bonds=False),
nap(ms), uplink(config, profile), sleep(ms), reset(); cause: what boot_cause returns next; TAIL:
bytes that are to follow the state in memory that outlives a reset, first the record that is being
sent, 0 without any; where it has Wi-Fi: radio_off(wlan), and Bluetooth: doze(ms); where it boots
anew: add_ms(passed), and where not: report_bytes(config, is_loaded); where it can have a
pin_supply: analog(pin).

mark_running(is_running) leaves a mark that outlives a reset. Ports have one cause for a reset that
the firmware asks for and for one that a failure of the interpreter itself ends in (a panic, a hard
fault); where the mark says that the firmware was running, `boot_cause` is WATCHDOG.
"""

import os

from filmgauge.compat import const

POWER_ON = const(1)  # of `boot_cause`, as all ports number `machine.reset_cause`
WATCHDOG = const(3)
DEEP_SLEEP = const(4)


def this_board():
    """Return the board that the code runs on; RuntimeError when no port fits."""
    system = os.uname()[0]
    if system == "esp32":
        from filmgauge.board.esp32 import Esp32

        return Esp32()
    if system == "rp2":
        from filmgauge.board.rp2 import Rp2

        return Rp2()
    if system == "pyboard":  # what the STM32 port calls itself on every board
        from filmgauge.board.stm32wb import Stm32Wb

        return Stm32Wb()
    raise RuntimeError("no board file for " + system)

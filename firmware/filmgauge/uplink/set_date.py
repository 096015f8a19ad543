"""Sets the date of a board, which goes on through deep sleep; loaded when a command says so, and
for certificates where light sleep stops it."""

import time

import machine

from filmgauge.compat import const

_EPOCHS_APART_S = const(946684800)  # 1970 to 2000, in which ports differ


def set_date(clock, unix_s: int) -> None:
    """Set it; `clock`, the board's own, goes on as if nothing had been."""
    clock.now_ms()  # what has passed by the old date
    if time.gmtime(0)[0] == 2000:
        unix_s -= _EPOCHS_APART_S
    year, month, day, hour, minute, second = time.gmtime(unix_s)[:6]
    machine.RTC().datetime((year, month, day, 0, hour, minute, second, 0))
    clock.date_ms = time.time_ns() // 1000000


def renew_date(clock) -> None:
    """Set it to what `clock` knows, of a port where it stands still in sleep: a certificate is
    held against it."""
    clock.now_ms()
    date_ms = clock.date_ms
    set_date(clock, date_ms // 1000)
    clock.date_ms = date_ms  # the RTC has whole seconds

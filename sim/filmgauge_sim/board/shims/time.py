"""`time` on the board's clock. Reading it takes a microsecond.

Ticks wrap at 2**30 as on a 32-bit board: those of the unix port would not for centuries. The date
is that of the port's RTC, which anybody may set; ticks know nothing of it. What a port has in ROM
takes heap here, so calendars are loaded when they are asked for.
"""

import _board
import _interrupts
import _link
import _protocol
import ustruct

_TICKS = (1 << 30) - 1
_HALF = 1 << 29
_LONGEST_US = 1000000000


def ticks_us():
    _link.elapse(1)
    return (_link.running_us() - _boot_us) & _TICKS


def ticks_ms():
    _link.elapse(1)
    return (_link.running_us() - _boot_us) // 1000 & _TICKS


ticks_cpu = ticks_us


def ticks_add(ticks, delta):
    return (ticks + delta) & _TICKS


def ticks_diff(end, start):
    return ((end - start + _HALF) & _TICKS) - _HALF


def time_ns():
    _link.elapse(1)
    return (_link.now_us() + _date_us) * 1000


def time():
    return time_ns() // 1000000000


def __getattr__(name):
    import _calendar

    return getattr(_calendar, name)


def sleep_us(us):
    while us > 0:
        step = us if us < _LONGEST_US else _LONGEST_US
        left = _link.call(_protocol.SLEEP_US, 0, step)
        us -= step
        if left:
            us += ustruct.unpack("<I", left)[0]
            _interrupts.handle()


def sleep_ms(ms):
    sleep_us(ms * 1000)


def sleep(seconds):
    sleep_us(int(seconds * 1000000))


def stand_still(us):
    """Let the ticks leave out a time: some ports stop them in light sleep."""
    global _boot_us
    _boot_us += us


def _use_offset(answer):
    """Read what a light sleep answers: nothing unless the RTC was set meanwhile."""
    global _date_us
    if answer:
        _date_us = _protocol.DATE_US[_board.port] + ustruct.unpack("<q", answer)[0]


_date_us = _protocol.DATE_US[_board.port] + _board._date_offset_us
_boot_us = _link.running_us()

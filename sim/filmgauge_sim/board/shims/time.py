"""`time` on the board's clock. Reading it takes a microsecond.

Ticks wrap at 2**30 as on a 32-bit board: those of the unix port would not for centuries. The date
is that of the port's RTC, which anybody may set; ticks know nothing of it.
"""

import _board
import _interrupts
import _link
import _protocol
import ustruct
import utime

_TICKS = (1 << 30) - 1
_HALF = 1 << 29
_LONGEST_US = 1000000000
_UNIX_2000_S = 946684800
# Seconds from 1970 to the epoch of a port, and to the date with which its RTC begins (main.c).
_EPOCH_S, _BEGIN_S = {
    "esp32": (_UNIX_2000_S, _UNIX_2000_S),
    "rp2": (0, 1609459200),  # 2021-01-01
    "stm32": (_UNIX_2000_S, 1420070400),  # 2015-01-01
}[_board.port]


def ticks_us():
    _link.elapse(1)
    return (_link.now_us() - _boot_us) & _TICKS


def ticks_ms():
    _link.elapse(1)
    return (_link.now_us() - _boot_us) // 1000 & _TICKS


ticks_cpu = ticks_us


def ticks_add(ticks, delta):
    return (ticks + delta) & _TICKS


def ticks_diff(end, start):
    return ((end - start + _HALF) & _TICKS) - _HALF


def _date_us():
    """Return the RTC in us since the port's epoch."""
    return _link.now_us() + _date_at_us


def time_ns():
    _link.elapse(1)
    return _date_us() * 1000


def time():
    _link.elapse(1)
    return _date_us() // 1000000


def gmtime(seconds=None):
    if seconds is None:
        seconds = time()
    return tuple(utime.gmtime(seconds + _EPOCH_S))[:8]


localtime = gmtime


def mktime(fields):
    year, month, day, hours, minutes, seconds = fields[:6]
    if month < 3:
        year, month = year - 1, month + 12
    leap_days = year // 4 - year // 100 + year // 400
    days = 365 * year + leap_days + (153 * (month - 3) + 2) // 5 + day - 719469  # since 1970
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds - _EPOCH_S


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


def date(monday, has_us):
    """Return the RTC as year, month, day, weekday from `monday`, hours, minutes, seconds, us."""
    _link.elapse(1)
    seconds, us = divmod(_date_us(), 1000000)
    year, month, day, hours, minutes, seconds, weekday = gmtime(seconds)[:7]
    return year, month, day, weekday + monday, hours, minutes, seconds, us if has_us else 0


def set_date(fields, has_us):
    """Set the RTC from what `date` returns; the weekday is worked out."""
    if len(fields) != 8:
        raise ValueError("requested length 8 but object has length %d" % len(fields))
    year, month, day, _, hours, minutes, seconds, us = fields
    date_us = mktime((year, month, day, hours, minutes, seconds)) * 1000000
    offset_us = date_us + (us if has_us else 0) - _link.now_us() - _BEGIN_AT_US
    _link.call(_protocol.RTC_SET, 0, 0, ustruct.pack("<q", offset_us))
    use_offset(offset_us)


def use_offset(offset_us):
    """Go on with an RTC that was set by so much beside what it began with."""
    global _date_at_us
    _date_at_us = _BEGIN_AT_US + offset_us


def date_was_set(answer):
    """Read what a light sleep answers: nothing unless the RTC was set meanwhile."""
    if answer:
        use_offset(ustruct.unpack("<q", answer)[0])


_BEGIN_AT_US = (_BEGIN_S - _EPOCH_S) * 1000000
use_offset(_board.date_offset_us)
_boot_us = _link.now_us()

"""Dates of `time` and of the RTC."""

import time

import _board
import _link
import _protocol
import ustruct
import utime


def gmtime(seconds=None):
    if seconds is None:
        seconds = time.time()
    return tuple(utime.gmtime(seconds + _protocol.EPOCH_S[_board.port]))[:8]


localtime = gmtime


def mktime(fields):
    year, month, day, hours, minutes, seconds = fields[:6]
    if month < 3:
        year, month = year - 1, month + 12
    leap_days = year // 4 - year // 100 + year // 400
    days = 365 * year + leap_days + (153 * (month - 3) + 2) // 5 + day - 719469  # since 1970
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds - _protocol.EPOCH_S[_board.port]


def date():
    """Return what `RTC.datetime` does: year, month, day, weekday, hours, minutes, seconds, us. One
    port counts weekdays from 1, another has whole seconds."""
    seconds, us = divmod(time.time_ns() // 1000, 1000000)
    if _board.port == "rp2":
        us = 0
    year, month, day, hours, minutes, seconds, weekday = gmtime(seconds)[:7]
    return year, month, day, weekday + (_board.port == "stm32"), hours, minutes, seconds, us


def set_date(fields):
    """Set the RTC from what `date` returns; the weekday is worked out. One port alone sets parts
    of a second."""
    if len(fields) != 8:
        raise ValueError("requested length 8 but object has length %d" % len(fields))
    year, month, day, _, hours, minutes, seconds, us = fields
    date_us = mktime((year, month, day, hours, minutes, seconds)) * 1000000
    if _board.port == "esp32":
        date_us += us
    offset = ustruct.pack("<q", date_us - _link.now_us() - _protocol.DATE_US[_board.port])
    _link.call(_protocol.RTC_SET, 0, 0, offset)
    time._use_offset(offset)

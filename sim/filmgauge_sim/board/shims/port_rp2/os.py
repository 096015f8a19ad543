"""`os` of the RP2 port on the board's own file system."""

import _link
import _protocol
from uos import ilistdir, listdir, mkdir, remove, rename, rmdir, stat, statvfs  # noqa: F401


def uname():
    return ("rp2", "rp2", "1.29.0", "v1.29.0 (virtual)", "Virtual Pico W")


def urandom(count):
    return _link.call(_protocol.RANDOM, 0, count)

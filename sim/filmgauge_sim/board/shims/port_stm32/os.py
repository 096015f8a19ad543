"""`os` of the STM32 port on the board's own file system."""

import _link
import _protocol
from uos import ilistdir, listdir, mkdir, remove, rename, rmdir, stat, statvfs  # noqa: F401


def uname():
    return ("pyboard", "pyboard", "1.29.0", "v1.29.0 (virtual)", "Virtual STM32WB55 board")


def urandom(count):
    return _link.call(_protocol.RANDOM, 0, count)

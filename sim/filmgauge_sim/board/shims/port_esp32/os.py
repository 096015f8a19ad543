"""`os` of the ESP32 port on the board's own file system."""

import _link
import _protocol
from uos import ilistdir, listdir, mkdir, remove, rename, rmdir, stat, statvfs  # noqa: F401


def uname():
    return ("esp32", "esp32", "1.29.0", "v1.29.0 (virtual)", "Virtual ESP32-C3 module")


def urandom(count):
    return _link.call(_protocol.RANDOM, 0, count)

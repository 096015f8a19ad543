"""`os` of a board on its own file system."""

import _board
import _link
import _protocol
from uos import ilistdir, listdir, mkdir, remove, rename, rmdir, stat, statvfs  # noqa: F401


def uname():
    name = _protocol.PLATFORMS[_board.port]
    release = "%d.%d.%d" % tuple(_board.hello[_protocol.VERSION_AT : _protocol.MPY_AT])
    return (name, name, release, "v" + release, _board.hello[_protocol.NAME_AT :].decode())


def urandom(count):
    return _link.call(_protocol.RANDOM, 0, count)

"""`os` of a board with a serial port, on the board's own file system."""

import _console
import _link
import _protocol
from uos import *  # noqa: F403


def uname():
    name = _console.platform
    return (name, name, _console.release, "v" + _console.release, _console.machine_name)


def urandom(count):
    return _link.call(_protocol.RANDOM, 0, count)

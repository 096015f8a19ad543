"""`os` of a board on its own file system."""

import sys

import _board
import _link
import _protocol
from uos import *  # noqa: F403


def uname():
    implementation = sys.implementation  # with a serial port: of the board (_console)
    name = _protocol.PLATFORMS[_board.port]
    release = "%d.%d.%d" % implementation.version[:3]
    return (name, name, release, "v" + release, implementation._machine)


def urandom(count):
    return _link.call(_protocol.RANDOM, 0, count)

"""Mounts the board's file system and its ROM, and runs the firmware."""

import sys

import _board
import _flash
import _protocol
import uos
import vfs

serial = len(sys.argv) > 1  # a board with a serial port runs what is on its file system

place = "/flash" if serial and _board.port == "stm32" else "/"  # as the ports have it
is_mounted = _flash.mount(uos.getenv(_protocol.FLASH_VARIABLE), place)
vfs.mount(vfs.VfsPosix("." if serial else _board.port), "/rom", readonly=True)

if serial:
    sys.path[:] = ["/rom/shims/serial", "/rom/shims", "/rom/shims/port_" + _board.port]
    if _board.port in _protocol.WIFI_PORTS:
        sys.path.append("/rom/shims/wifi")
    if place == "/" or not is_mounted:
        sys.path.extend(("", ".frozen", "/lib"))
    else:
        uos.chdir(place)
        sys.path.extend(("", ".frozen", place, place + "/lib"))
    import _console  # noqa: F401  first, since it changes what `sys` is
    import _repl

    _repl.start()
elif is_mounted:
    sys.path[:] = ["/rom", ".frozen"]
    import main  # noqa: F401

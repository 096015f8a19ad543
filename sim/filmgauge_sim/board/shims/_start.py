# Started by the launcher: ROM folder and flash image are its arguments.
import sys

rom, image = sys.argv[1:3]
sys.path[:] = [rom + "/shims", ".frozen"]

import _board  # noqa: E402
import _flash  # noqa: E402
import vfs  # noqa: E402

_flash.mount(image)
vfs.mount(vfs.VfsPosix(rom), "/rom")
sys.path[:] = ["/rom/shims", "/rom/shims/port_" + _board.port, "/rom/firmware", ".frozen"]

import main  # noqa: E402, F401

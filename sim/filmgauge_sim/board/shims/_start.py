# Started by the launcher: ROM folder and flash image are its arguments.
import sys

rom, image = sys.argv[1:3]
serial = len(sys.argv) > 3  # a board with a serial port runs what is on its file system
sys.path[:] = [rom + "/shims", ".frozen"]
if serial:
    sys.path.insert(0, rom + "/shims/serial")

import _board  # noqa: E402
import _flash  # noqa: E402
import vfs  # noqa: E402

_flash.mount(image)
vfs.mount(vfs.VfsPosix(rom), "/rom", readonly=True)
sys.path[:] = ["/rom/shims", "/rom/shims/port_" + _board.port, "/rom/firmware", ".frozen"]

if serial:
    sys.path[2:] = ["", ".frozen", "/lib"]
    sys.path.insert(0, "/rom/shims/serial")
    import _console  # noqa: F401  first, since it changes what `sys` is
    import _repl

    _repl.start()
else:
    import main  # noqa: F401

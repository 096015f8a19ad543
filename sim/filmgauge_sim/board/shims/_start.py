# Started by the launcher: ROM folder and flash image are its arguments. The interpreter compiles
# it at every boot, so there is no more in it than leads to what has been compiled.
import sys

sys.path[:] = [sys.argv[1] + "/shims", ".frozen"]
if len(sys.argv) > 3:
    sys.path.insert(0, sys.argv[1] + "/shims/serial")

import _boot  # noqa: E402, F401

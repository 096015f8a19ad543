# Started by the launcher, in the ROM folder. The interpreter compiles it at every boot, so there
# is no more in it than leads to what has been compiled.
import sys

sys.path[:] = ["shims", ".frozen"]
if len(sys.argv) > 1:
    sys.path.insert(0, "shims/serial")

import _boot  # noqa: E402, F401

"""Everything that differs between ports: one file a port, and the choice among them."""

import os


def this_board():
    """Return the board that the code runs on; RuntimeError when no port fits."""
    system = os.uname()[0]
    if system == "esp32":
        from filmgauge.board.esp32 import Esp32

        return Esp32()
    raise RuntimeError("no board file for " + system)

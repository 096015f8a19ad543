"""Started by the board after every boot: runs the version of the firmware that is in place."""

import launch

launch.start()

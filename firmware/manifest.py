"""Freezes the firmware into an interpreter.

make -C ports/esp32 BOARD=ESP32_GENERIC_C3 FROZEN_MANIFEST=/path/to/firmware/manifest.py

The port's own manifest comes first: it freezes what the port's boot needs.
"""

# ruff: noqa: F821  the functions are the build's
# pyright: reportUndefinedVariable=false

include("$(PORT_DIR)/boards/manifest.py")
package("filmgauge", base_path=".")
module("launch.py", base_path=".")
module("update.py", base_path=".")
module("crash.py", base_path=".")
module("safe.py", base_path=".")
module("main.py", base_path=".")

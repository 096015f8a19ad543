"""A Raspberry Pi Pico W emulated down to its instructions, with a node's world on its pins.

What runs on it is MicroPython's own image, which the user brings, with the firmware in its flash;
`tools/emulate.py` puts it together. Only emulator.py needs the emulator (the extra `emulate`).
"""

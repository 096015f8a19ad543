"""Started by the board after every boot."""

from filmgauge.start import start

start()

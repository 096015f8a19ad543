"""Started by the board after every boot."""

from filmgauge.node import run

run()

"""Wires of the sensors' bus, and what is on it: with the interpreter alone."""

import time

from machine import Pin


def pulled_levels(wire) -> list:
    """Return the levels of a wire: pulled down, and pulled up."""
    found = []
    for pull in (Pin.PULL_DOWN, Pin.PULL_UP):
        wire.init(Pin.IN, pull)
        time.sleep_ms(2)
        found.append(wire.value())
    wire.init(Pin.IN, None)
    return found


def scan_parts(bus) -> list:
    """Return [address, words at 3Eh, 3Fh and 0Fh] of every part that answers; -1 for no word."""
    return [[address, _identity(bus, address)] for address in bus.scan()]


def _identity(bus, address):
    words = []
    for register in (0x3E, 0x3F, 0x0F):
        try:
            raw = bus.readfrom_mem(address, register, 2)
            words.append(raw[0] << 8 | raw[1])
        except OSError:
            words.append(-1)
    return words

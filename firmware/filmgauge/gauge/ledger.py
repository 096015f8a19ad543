"""Charge in integers: what was measured, booked and corrected, a line each.

    ledger = Ledger()
    ledger.add_pc(MEASURED, -2200000)       # from the accumulator of the sensor
    ledger.add_pc(INPUT, -270000)           # known, though no sensor saw it
    ledger.stored_pc()

A line is two words, whole microcoulombs and the picocoulombs left over (0 to 999999), so that
31-bit small integers hold it at a resolution of 1 pC without rounding and without garbage. Beyond
537 C, which a node behind a window passes in a few years, a whole 2**30 uC moves to the bits above
the picocoulombs: there is room for 2000 of them, 600 Ah.
"""

import struct
from array import array

from filmgauge.compat import const

OPENING = const(0)  # what the cell held when counting began
MEASURED = const(1)  # went through the shunt
CORRECTED = const(2)  # moved by what the ends of the curve told
# Known but not measured:
ZERO = const(3)  # counted by the sensor though nothing flowed: its offset, taken off again
INPUT = const(4)  # what the voltage input takes while it looks
LOSS = const(5)  # charge that the cell did not store: coulombic loss
LEAK = const(6)  # self-discharge
SLEEP = const(7)  # the sleeping node with its converter and leakage, where no sensor sees it
SENSOR = const(8)  # sensors and processor during a sample, where no sensor sees it
RADIO = const(9)  # reports, where no sensor sees them
GAP = const(10)  # estimated for a time in which the sensor was stuck
LINES = const(11)
_FIRST_BOOKED = const(3)
UNJUDGED = const(0x80)  # in what a gauge remembers: only the ledger was kept since

_PC_PER_UC = const(1000000)
_REST = const(0xFFFFF)  # bits of the picocoulombs
_REST_BITS = const(20)
_MOST_UC = const(0x20000000)
_MOVED_BITS = const(30)
_MOVED_UC = const(0x40000000)
SCALE = const(0.004)  # 1 sigma of the shunt and of the sensor's oscillator, in every charge
_FORMAT = const("<22i")
SIZE = const(88)


class Ledger:
    """Lines of charge."""

    def __init__(self):
        self._words = array("i", [0] * (2 * LINES))

    def add_pc(self, line: int, pc: int) -> None:
        """Add `pc` to a line; exact for every integer, without garbage below 2**30 pC."""
        words = self._words
        at = 2 * line
        rest = words[at + 1]
        pc += rest & _REST
        moved = rest >> _REST_BITS
        uc = words[at] + pc // _PC_PER_UC
        while uc >= _MOST_UC:  # once, but for what is far beyond any cell
            uc -= _MOVED_UC
            moved += 1
        while uc < -_MOST_UC:
            uc += _MOVED_UC
            moved -= 1
        words[at] = uc
        words[at + 1] = moved << _REST_BITS | pc % _PC_PER_UC

    def line_pc(self, line: int) -> int:
        """Return a line in pC."""
        uc, rest = self._words[2 * line], self._words[2 * line + 1]
        return (uc + (rest >> _REST_BITS << _MOVED_BITS)) * _PC_PER_UC + (rest & _REST)

    def line_nah(self, line: int) -> int:
        """Return a line in nAh."""
        return nah(self.line_pc(line))

    def sums_nah(self) -> "tuple[int, int, int]":
        """Return what was measured, what is known but not measured, and what was corrected."""
        booked_pc = self.stored_pc(_FIRST_BOOKED)
        return self.line_nah(MEASURED), nah(booked_pc), self.line_nah(CORRECTED)

    def stored_pc(self, first: int = OPENING) -> int:
        """Return the sum of the lines from `first` on in pC: of all, it is the charge in the cell
        as the ledger has it."""
        uc = pc = moved = 0
        for line in range(first, LINES):
            rest = self._words[2 * line + 1]
            uc += self._words[2 * line]
            pc += rest & _REST
            moved += rest >> _REST_BITS
        return (uc + (moved << _MOVED_BITS)) * _PC_PER_UC + pc

    def pack_into(self, buffer, offset: int) -> None:
        """Write SIZE bytes."""
        struct.pack_into(_FORMAT, buffer, offset, *self._words)

    def unpack_from(self, buffer, offset: int) -> None:
        """Read what `pack_into` wrote; the caller has checked its integrity."""
        self._words = array("i", struct.unpack_from(_FORMAT, buffer, offset))


def nah(pc: int) -> int:
    """Return pC in nAh, rounded to the nearest (1 nAh is 3600000 pC)."""
    return (pc + 1800000) // 3600000

"""Records of a node on an emulated board, and what was true when it took them."""

import re
from pathlib import Path

from filmgauge.record.record import Record
from filmgauge_sim.board.flash import PAGE, Flash
from filmgauge_sim.circuit.cycler_bench import CyclerBench
from filmgauge_sim.circuit.harvesting import HarvestingCircuit
from filmgauge_sim.circuit.truth import Truth
from filmgauge_sim.nodes.flash_reader import backlog, stored_record

_WAITS = re.compile(rb"filmgauge: record (\d+) waits")  # what the firmware says (node.py)


class EmulatedRecords:
    """Follows a node in `world` by its console and its flash.

    What is true beside a record is what was so when the firmware last turned to a sensor before
    it said that the record waits.
    """

    def __init__(self, world: CyclerBench | HarvestingCircuit, flash_file: Path) -> None:
        self._world = world
        self._flash_file = flash_file
        self._sensed = world.truth()
        self._truths: dict[int, Truth] = {}
        self._line = b""
        self._read: set[str] = set()

    def sense(self) -> None:
        """Be called when the firmware turns to a sensor."""
        self._sensed = self._world.truth()

    def lines(self, data: bytes) -> list[str]:
        """Return the lines that end in what the console has just written."""
        *whole, self._line = (self._line + data).split(b"\n")
        for line in whole:
            if found := _WAITS.search(line):
                self._truths[int(found[1])] = self._sensed
        return [line.decode("ascii", "replace").rstrip() for line in whole]

    def new(self, file_system: bytes) -> list[tuple[Record, Truth]]:
        """Return the records that have come into a file system, with what is true beside each."""
        self._flash_file.write_bytes(file_system)
        flash = Flash(self._flash_file, len(file_system) // PAGE)
        names = [name for name in backlog(flash) if name not in self._read]
        records = [stored_record(flash, name) for name in names]
        flash.close()
        self._read.update(names)
        return [(each, self._truths.get(each.values()[1], self._sensed)) for each in records]

"""How a node wears its flash in ten years, from the erases that were measured.

    wear = flash_wear(description)
    wear.hottest            # erases of the page that has most of them
    wear.is_bearable        # below what flash endures

An upper bound: as if every record waited for somebody to fetch it.
"""

import math
from dataclasses import dataclass

from filmgauge.store.page_store import BOND_PAGES
from filmgauge_sim.nodes.description import NodeDescription

ENDURANCE = 10_000  # erases that flash endures: datasheets
YEARS = 10
_DAYS = 3652
_DAY_S = 86_400
# Erases of a save and of a record in a file system, with the date that ports write beside a file
# (`python -m bench flash-wear`, docs/figures.md); by the size that its port programs at once.
_MEASURED = {32: (0.27 + 0.07, 0.16 + 0.07), 256: (0.46 + 0.07, 0.34 + 0.07)}
# The hottest raw page against the mean of all: 1.32 of `window`, 1.16 of `implant` (as above).
_UNEVEN = 1.35
# littlefs moves a directory after so many erases of its blocks (block_cycles of the port).
_BLOCK_CYCLES = 100
_OCCUPIED_KB = 256  # two versions of the firmware and the records of a full backlog, at most


@dataclass(frozen=True, slots=True)
class FlashWear:
    """pages: that share the erases; hottest: erases of one of them in ten years."""

    saves_day: float
    records_day: float
    erases_day: float
    pages: int
    hottest: int

    @property
    def is_bearable(self) -> bool:
        """Whether flash endures as much."""
        return self.hottest <= ENDURANCE

    @property
    def endures_years(self) -> float:
        """How long flash endures it."""
        return YEARS * ENDURANCE / self.hottest


def flash_wear(description: NodeDescription) -> FlashWear:
    """Return the wear of a node as it is described, its service never reduced."""
    intervals, kind = description.intervals, description.kind
    wakes_day = _DAY_S / intervals.sample_s
    saves_day = wakes_day / intervals.journal_every
    records_day = wakes_day / intervals.report_every
    if kind.flash.page_in_ram:  # raw pages
        erases_day = saves_day + records_day
        if description.advertises:  # a save and a record of one wake are one write
            erases_day -= wakes_day / math.lcm(intervals.journal_every, intervals.report_every)
        pages = kind.flash_pages - kind.file_system_pages - BOND_PAGES
        hottest = _UNEVEN * erases_day * _DAYS / pages
    else:
        a_save, a_record = _MEASURED[kind.flash.prog]
        erases_day = saves_day * a_save + records_day * a_record
        pages = max(2, kind.flash_pages - _OCCUPIED_KB // 4)
        hottest = erases_day * _DAYS / pages + _BLOCK_CYCLES
    return FlashWear(saves_day, records_day, erases_day, pages, round(hottest))

"""One node of a load: records that a real one would make, kept until the broker has them."""

import math
import random
from collections import deque

from filmgauge.record.record import Record

_DAY_S = 86400.0
_FULL_NAH = 12_000  # of a cell of 1 cm2
_SWING = 0.3  # of the charge in a day
_PLATEAU_UV = 2_050_000
_HYSTERESIS_UV = 60_000


class FleetNode:
    """Makes the records of one node of one life and one boot, and remembers the unacknowledged.

    name: of the node. seed: of its life and its place in the day. A record is taken from `waiting`
    by who sends it, and is back there, oldest first, when its connection was lost.
    """

    def __init__(self, name: str, seed: str) -> None:
        draw = random.Random(seed)
        self.name = name
        self.life = draw.randrange(1, 1 << 32)
        self.made = 0
        self.waiting: deque[Record] = deque()
        self._phase = draw.random() * math.tau
        self._middle = draw.uniform(0.4, 0.6)
        self._temperature_cdeg = draw.randrange(1500, 3000)

    def report(self, up_s: int) -> None:
        """Make the record of a moment, `up_s` seconds after the node's start."""
        angle = self._phase + up_s * math.tau / _DAY_S
        charge = self._middle + _SWING * math.sin(angle)
        # nAh a second are 3600 nA; a cycle of the day gives one to four uA
        current_pa = round(_SWING * math.cos(angle) * math.tau / _DAY_S * _FULL_NAH * 3.6e6)
        stored_nah = round(charge * _FULL_NAH)
        charges = current_pa > 0
        voltage_uv = _PLATEAU_UV + (_HYSTERESIS_UV if charges else -_HYSTERESIS_UV)
        self.waiting.append(
            Record(
                life=self.life,
                boot=1,
                seq=self.made,
                up_s=up_s,
                soc_ppm=round(charge * 1e6),
                soc_sigma_ppm=5000,
                shown_ppm=round(charge * 1e6),
                stored_nah=stored_nah,
                full_nah=_FULL_NAH,
                full_sigma_nah=100,
                available_nah=stored_nah // 2,
                available_sigma_nah=200,
                available_full_nah=_FULL_NAH // 2,
                measured_nah=stored_nah,
                booked_nah=0,
                corrected_nah=0,
                voltage_uv=voltage_uv,
                current_pa=current_pa,
                temperature_cdeg=self._temperature_cdeg,
                faults=0,
                limits=0,
                awake_ms=40,
                backlog=min(len(self.waiting), 65534),
                resets=0,
                refused=0,
                restarts=0,
            )
        )
        self.made += 1

"""When a node that plans its reports reports next: what the planner needs, from one report.

    every = plan_report(state, config, fields, is_charging, every)

Loaded with a report and let go behind it. All that outlives the wake is in the memory: the wake
of this report and the wakes to the next one, the block of four hours that has begun, and what
the planner has learnt.

What a block has brought is what the ledger has gained, without corrections, and what the node
has taken meanwhile by its budget: the harvester has spared the cell as much. A boot begins a block
anew, since nobody knows how long the power was gone; the blocks of the week go on from there.
An interval is seldom a whole number of wakes: what is left of one counts for the next.

In the dark, where only light can come, a node wakes but each five minutes, or to report. While the
cell takes all the current that its converter brings, as in a bright noon, what the harvester has
beyond that is turned away, and reports are for nothing.
"""

import struct

from filmgauge.compat import const
from filmgauge.control.report_planner import BLOCK_S, BLOCKS, Budget, ReportPlanner, interval
from filmgauge.energy_budget import IDLE_EVERY, MEAN_DELAY_MS, TYPICAL_UV
from filmgauge.record import FAULT_CELL
from filmgauge.state import PLAN_AT, STEP

# Wake of the report; wakes to the next one, with STEP, and the share of the planner; when it was
# and when the block began, s of this boot; ledger, nAh; brought in the block so far, ppm; block of
# the week; flags, and in their upper half what is left of the interval, sixteenths of a wake.
_FORMAT = const("<IHHIIiiBB")
_PLANNER_AT = const(26)
SIZE = const(86)
_FULL = const(2)  # the cell was full in this block
_KNOWN = const(4)  # there was a report before, planned as now
_REST_SHIFT = const(4)
_MOST_NAH = const(0x7FFFFFFF)
_FULL_PPM = const(950000)  # assumed: from here on more may have been on offer
_RARE_S = const(300)  # from wake to wake in the dark
_MOST_STEP = const(15)
_BOUND_PARTS = const(16)  # charged by one of these parts more or less: nothing else limits


def plan_report(state, config, fields, is_charging: int, every: int) -> int:
    """Plan the next report behind the one of `fields`; return the wakes until it comes, 0 where a
    level of service allows none: one in `every`."""
    ReportPlan(memoryview(state.buffer)[PLAN_AT:], config).update(state.wakes, fields, is_charging)
    return every and state.planned_wakes()[1]


class ReportPlan:
    """The plan of a node that is configured to plan, in `memory`, SIZE bytes."""

    def __init__(self, memory, config):
        self._memory = memory
        self._config = config
        self._full_nah = 1
        self._least = config.report_every
        self._most = max(self._least, config.report_most)
        self._planner = ReportPlanner(memory[_PLANNER_AT:SIZE])

    def update(self, wakes: int, fields, is_charging: int) -> None:
        """Plan the next report behind that of `fields`, which has all of a record. Where it has
        no charge nobody knows what the cell can bear: the next one comes as late as it may."""
        last = struct.unpack_from(_FORMAT, self._memory, 0)
        last_wakes, _, share, last_s, begun_s, last_nah, brought_ppm, block, flags = last
        now_s, full_nah = fields.up_s, fields.full_nah
        if not full_nah or fields.soc_ppm is None:
            struct.pack_into("<IH", self._memory, 0, wakes, self._most)
            return
        self._full_nah = full_nah
        now_nah = _gained_nah(fields)
        if not flags & _KNOWN:  # what an earlier version has learnt has other places
            for at in range(_PLANNER_AT, SIZE):
                self._memory[at] = 0
        replan = not flags & _KNOWN or not wakes or not begun_s <= last_s <= now_s
        if replan:
            last_s = begun_s = now_s
            brought_ppm, last_nah = 0, now_nah
        is_full = fields.soc_ppm >= _FULL_PPM
        if is_full:
            flags |= _FULL
        gained_nah, elapsed_s = now_nah - last_nah, now_s - last_s
        is_bound = _is_bound(gained_nah, elapsed_s, fields.current_pa)
        arrived_ppm = self._arrived_ppm(gained_nah, elapsed_s, wakes - last_wakes)
        while now_s - begun_s >= BLOCK_S:
            begun_s += BLOCK_S
            part_ppm = arrived_ppm * (begun_s - last_s) // (now_s - last_s)
            if now_s - begun_s < BLOCKS * BLOCK_S:  # of what lies further back nothing is kept
                self._planner.add(block, brought_ppm + part_ppm, bool(flags & _FULL))
            arrived_ppm -= part_ppm
            block, brought_ppm, flags, last_s = (block + 1) % BLOCKS, 0, flags & ~_FULL, begun_s
            replan = True
        budget = self._budget(fields)
        if replan:
            share = self._planner.share(block, budget)
        wakes_16 = 16 * self._least  # the cell takes no more: reports are for nothing
        if not is_charging or not (is_full or is_bound):
            wakes_16 = interval(share, budget, bool(is_charging))
        wakes_16 += flags >> _REST_SHIFT
        every = wakes_16 >> 4
        if not is_charging:
            every = _in_steps(every, rare_wakes(self._config.sample_s), self._most)
        flags = flags & _FULL | _KNOWN | (wakes_16 & 15) << _REST_SHIFT
        struct.pack_into(
            _FORMAT, self._memory, 0, wakes, every, share, now_s, begun_s, now_nah,
            brought_ppm + arrived_ppm, block, flags,
        )  # fmt: skip

    def _budget(self, fields):
        """Return what the node has and takes."""
        sample_s = self._config.sample_s
        wakes = BLOCK_S // sample_s
        block_ppm = self._taken_ppm(BLOCK_S, wakes)
        return Budget(
            self._sure_ppm(fields),
            block_ppm,
            max(1, self._report_ppm()),
            max(1, wakes),
            self._least,
            self._most,
            block_ppm - self._taken_ppm(BLOCK_S, wakes // rare_wakes(sample_s)),
        )

    def _sure_ppm(self, fields):
        """Return what the cell has for certain and can give, of all that it holds."""
        if fields.available_nah is None:
            sure_ppm = fields.soc_ppm - 2 * fields.soc_sigma_ppm
        else:
            sure_nah = fields.available_nah - 2 * fields.available_sigma_nah
            sure_ppm = sure_nah * 1000000 // self._full_nah
        return max(0, sure_ppm)

    def _arrived_ppm(self, gained_nah, elapsed_s, wakes):
        """Return what the harvester has brought to the cell, and spared it."""
        if not elapsed_s:
            return 0
        taken_ppm = self._taken_ppm(elapsed_s, wakes) + self._report_ppm()
        return max(0, gained_nah * 1000000 // self._full_nah + taken_ppm)

    def _taken_ppm(self, duration_s, wakes):
        """Return what the node takes in so many wakes, without reports."""
        config = self._config
        wake_nj = config.wake_nj // config.look_every + config.glance_nj // IDLE_EVERY
        return self._share_ppm(config.own_nw * duration_s + wakes * wake_nj)

    def _report_ppm(self):
        """Return what one report takes."""
        config = self._config
        adverts = config.ble_advertise_ms // (config.ble_interval_ms + MEAN_DELAY_MS) + 1
        return self._share_ppm(config.wake_nj + config.report_nj + adverts * config.advert_nj)

    def _share_ppm(self, nanojoules):
        """Return an energy out of the capacitor as a share of the cell's charge."""
        nj_a_nah = TYPICAL_UV * 36 // 10000  # 1 nAh is 3.6 uC
        nah = nanojoules * 1000 // nj_a_nah * 1000 // self._config.refill_ppm
        return nah * 1000000 // self._full_nah


def rare_wakes(sample_s: int) -> int:
    """Return how many usual wakes one stands for in the dark, at most."""
    return max(1, min(_MOST_STEP, _RARE_S // sample_s))


def _in_steps(wakes, most_step, most_wakes):
    """Return wakes of some steps each, with STEP, that come nearest to so many usual ones."""
    every = (wakes + most_step - 1) // most_step
    step = (wakes + every // 2) // every
    if every * step > most_wakes:
        step -= 1
    return every + step * STEP


def _is_bound(gained_nah, elapsed_s, current_pa):
    """Return whether the cell was charged with this current all the time: between the bursts of a
    converter that has no more to give there are gaps, and where the light fades it was more."""
    if not current_pa or current_pa < 0 or not elapsed_s:
        return False
    most_nah = current_pa * elapsed_s // 3600000
    return abs(gained_nah - most_nah) <= most_nah // _BOUND_PARTS


def _gained_nah(fields):
    """Return what the ledger has without corrections. Its other lines may stand at the bounds of
    their fields; and those of the record after a change are the cell's before, which is over."""
    corrected_nah = 0 if fields.faults & FAULT_CELL else fields.corrected_nah
    return max(-_MOST_NAH, min(_MOST_NAH, fields.stored_nah - corrected_nah))

"""How often a node that lives from a harvester may report: as often as its charge and what the
harvest is likely to bring allow, and never so often that a dark stretch ends it.

    planner = ReportPlanner(bytearray(SIZE))            # what it has learnt outlives a wake
    planner.add(block, harvest_ppm, block_ppm, is_full) # what a block of four hours has brought
    wakes = planner.report_every(block, budget, least, most)    # while the cell feeds the node
    wakes = planner.while_charging(wakes, least, is_full)       # and while the harvester does

A block is a sixth of a day; the memory has what the 42 blocks of the last week brought, and a mean
for each block of a day. A block to come is guessed to be as it was a week, two days or one day
ago, or as it is on the mean: whichever guess was right more often speaks. All charges are shares
of the full cell in ppm, so that a byte holds a block; the charge of the cell is what is available
at its present temperature, since a cold film holds much back. The
rate is the largest that lasts, by that forecast, until the cell is full again. As far as the
forecast was wrong before, enough stays for the deepest fall of the charge that the node has seen,
with reports as seldom as it may. What the harvester gives beyond the converter's charging current
is lost unless it is used at once, and the way through the cell costs a third: reports are more
frequent while it charges.
"""

from filmgauge.compat import const

BLOCK_S = const(14400)
BLOCKS = const(42)  # of a week
_DAY = const(6)  # blocks
SIZE = const(60)
# Places in the memory: a byte for each block of the week, one for each block of a day, the errors
# of four guesses and the mean of what came, the present fall and the deepest one, two bytes each,
# and how many blocks were learnt, to 255.
_DAYS_AT = const(42)
_ERRORS = const(48)
_MEAN = const(52)
_FALL = const(53)
_DEEPEST = const(55)
_LEARNT = const(57)
_PERIODS = const((42, 12, 6, 0))  # blocks back of each guess; 0 is the mean of that block of a day
_UNIT_PPM = const(2000)  # of a byte: half of the cell in a block at most
_FINE_PPM = const(100)  # of two bytes
_FULL_PPM = const(1000000)
_RESERVE_PPM = const(40000)  # assumed: the end of the curve is not to be trusted further
_DEEPER = const(5)  # quarters of the deepest fall that must be left
_LEAST_DOUBT = const(64)  # of 256: however right a forecast was, something may come
_FORGET = const(1500)  # blocks in which the deepest fall is forgotten by a factor of e
_FIRST_DAYS = const(3)  # assumed: the deepest fall of a node that has seen none
_MORE_IN_LIGHT = const(8)  # times as many reports while the cell is charged
_STEPS = const(10)  # of a bisection: a thousandth of the range


class Budget:
    """What a node has and takes, ppm of the full cell: its charge for certain, what a block takes
    without reports, and one report."""

    def __init__(self, sure_ppm: int, block_ppm: int, report_ppm: int, wakes: int):
        self.sure_ppm = sure_ppm
        self.block_ppm = block_ppm
        self.report_ppm = report_ppm
        self.wakes = wakes  # in a block


class ReportPlanner:
    """Learns what blocks bring; all that it knows is in `memory`, SIZE bytes."""

    def __init__(self, memory):
        self._memory = memory

    def add(self, block: int, harvest_ppm: int, block_ppm: int, is_full: bool = False) -> None:
        """Learn what a block of the week has brought to a cell, and what it takes at least; one
        that was full may have been offered more, so that it counts for no less than expected."""
        memory = self._memory
        units = min(255, max(0, harvest_ppm) // _UNIT_PPM)
        if is_full:
            units = max(units, self._guess(self._best(), block, 0))
        at = _DAYS_AT + block % _DAY
        learnt = memory[_LEARNT]
        for number, period in enumerate(_PERIODS):
            self._learn(_ERRORS + number, 4 * abs(units - self._guess(period, block, 0)))
        self._learn(_MEAN, 4 * units)
        memory[block] = units
        day = memory[at]
        memory[at] = units if learnt < _DAY else (3 * day + units + 2) // 4
        memory[_LEARNT] = min(255, learnt + 1)
        fall = self._two(_FALL) + (block_ppm - max(0, harvest_ppm)) // _FINE_PPM
        fall = 0 if is_full else max(0, fall)
        self._put_two(_FALL, fall)
        deepest = self._two(_DEEPEST)
        if not learnt:
            deepest = _FIRST_DAYS * _DAY * block_ppm // _FINE_PPM
        self._put_two(_DEEPEST, max(fall, deepest - deepest // _FORGET))

    def report_every(self, block: int, budget: Budget, least: int, most: int) -> int:
        """Return after how many wakes to report, from `least` to `most`, in the block to come."""
        low, high = budget.wakes * 1000 // most, budget.wakes * 1000 // least  # reports, 1e-3
        if self._lasts(block, budget, low, high, high):
            return least
        sure, top = low, high
        for _ in range(_STEPS):
            rate = (sure + high + 1) // 2
            if self._lasts(block, budget, low, top, rate):
                sure = rate
            else:
                high = rate
        if sure == low:
            return most
        return min(most, max(least, -(-budget.wakes * 1000 // sure)))

    def while_charging(self, every: int, least: int, is_full: bool) -> int:
        """Return after how many wakes to report while the harvester feeds the node: a full cell
        takes no more of it, so that reports are for nothing."""
        return least if is_full else max(least, every // _MORE_IN_LIGHT)

    def _lasts(self, block, budget, low, high, rate):
        """Return whether a rate of reports (1e-3 of a block) can be carried on until the cell is
        full again, or for a week, and leaves what may be needed."""
        dark = budget.block_ppm + rate * budget.report_ppm // 1000
        light = min(high, _MORE_IN_LIGHT * rate)
        light = budget.block_ppm + light * budget.report_ppm // 1000
        level = budget.sure_ppm
        if rate > low and level - dark < _RESERVE_PPM + self._doubted_ppm(budget.block_ppm):
            return False
        period = self._best()
        for ahead in range(BLOCKS):
            brings = self._guess(period, block, ahead) * _UNIT_PPM
            level += brings - (light if brings > budget.block_ppm else dark)
            if level >= _FULL_PPM:
                return True
            if level < _RESERVE_PPM:
                return False
        return True

    def _doubted_ppm(self, block_ppm):
        """Return what the rest of the deepest fall takes, as far as the forecast is in doubt."""
        memory = self._memory
        deepest = self._two(_DEEPEST)
        if not memory[_LEARNT]:
            deepest = _FIRST_DAYS * _DAY * block_ppm // _FINE_PPM
        left = max(0, deepest * _DEEPER // 4 - self._two(_FALL)) * _FINE_PPM
        error = min(memory[_ERRORS : _ERRORS + 4])
        doubt = 256
        if memory[_LEARNT] >= BLOCKS:
            doubt = min(256, max(_LEAST_DOUBT, 256 * error // max(1, memory[_MEAN])))
        return left * doubt // 256

    def _best(self):
        """Return the period of the guess that was right most often."""
        memory = self._memory
        best = 3
        for number in range(3):
            known = memory[_LEARNT] >= _PERIODS[number]
            if known and memory[_ERRORS + number] < memory[_ERRORS + best]:
                best = number
        return _PERIODS[best]

    def _guess(self, period, block, ahead):
        """Return what the block `ahead` of `block`, which is the next one, is likely to bring."""
        memory = self._memory
        if not period:
            return memory[_DAYS_AT + (block + ahead) % _DAY]
        return memory[(block + ahead % period - period) % BLOCKS]

    def _learn(self, at, value):
        memory = self._memory
        memory[at] = (31 * memory[at] + min(255, value) + 16) // 32

    def _two(self, at):
        return self._memory[at] | self._memory[at + 1] << 8

    def _put_two(self, at, value):
        value = min(65535, value)
        self._memory[at], self._memory[at + 1] = value & 255, value >> 8

"""How often a node that lives from a harvester may report: as often as its charge and what the
harvest is likely to bring allow, and never so often that a dark stretch ends it.

    planner = ReportPlanner(bytearray(SIZE))            # what it has learnt outlives a wake
    planner.add(block, harvest_ppm, is_full)            # what a block of four hours has brought
    share = planner.share(block, budget)                # of the most reports, in the block to come
    wakes_16 = interval(share, budget, is_light)        # from report to report, sixteenths

A block is a sixth of a day; the memory has what the 42 blocks of the last week brought, and a mean
for each block of a day. A block to come is guessed to be as it was a week, two days or one day
ago, or as it is on the mean: whichever guess was right more often speaks. All charges are shares
of the full cell in ppm, so that a byte holds a block; the charge of the cell is what is available
at its present temperature, since a cold film holds much back.

The share is the largest that lasts, by that forecast, until the cell is full again. Reports come
first while the harvester feeds the node, because the way through the cell costs a third; only a
share beyond half of the most allows more of them in the dark than there must be.

A forecast may be wrong, so that a reserve stays for dark days that nobody has foreseen: two days,
and up to three where the harvest brings no more than the node takes at least, since such a node
does not recover from one dark stretch before the next; reports in the light leave less. It
is needed as far as the forecast was wrong in the last weeks: all of it where the errors are a
twelfth of what came. Of clouds a node knows too little after a bright month to need less, while
lamps and machines repeat themselves to a hundredth. First forecasts count for a quarter wrong.
"""

from filmgauge.compat import const

BLOCK_S = const(14400)
BLOCKS = const(42)  # of a week
MOST_SHARE = const(2048)
_LIGHT_SHARE = const(1024)  # as many reports in the light as there may be, as few in the dark
_DAY = const(6)  # blocks
SIZE = const(60)
# Places in the memory: a byte for each block of the week, one for each block of a day, two for the
# mean error of each of four guesses, and how many blocks were learnt, to 255.
_DAYS_AT = const(42)
_ERRORS = const(48)
_LEARNT = const(56)
_PERIODS = const((42, 12, 6, 0))  # blocks back of each guess; 0 is the mean of that block of a day
_UNIT_PPM = const(2000)  # of a byte: half of the cell in a block at most
_FINE = const(256)  # of an error, a unit
_ERROR_BLOCKS = const(64)  # in which an error is forgotten by a factor of e: eleven days
_FULL_PPM = const(1000000)
_LOWEST_PPM = const(40000)  # assumed: the end of the curve is not to be trusted further
_DARK_BLOCKS = const(12)  # of the reserve
_LIGHT_BLOCKS = const(8)  # of what reports in the light must leave
_POOR_BLOCKS = const(6)  # more of both from hand to mouth
_MOST_RESERVE_PPM = const(800000)
_WRONG = const(12)  # a forecast that errs by a twelfth of the mean is not to be relied on
_FIRST_ERROR = const(4)  # assumed: one of which nothing is known errs by a quarter of it
_STEPS = const(10)  # of a bisection: a five-hundredth of the range


class Budget:
    """What a node has and takes, ppm of the full cell: its charge for certain, what a block takes
    without reports, and one report. wakes: in a block; least, most: from report to report;
    spared_ppm: how much less a block in the dark takes, where each wake does not report."""

    def __init__(
        self, sure_ppm: int, block_ppm: int, report_ppm: int, wakes: int, least: int, most: int,
        spared_ppm: int = 0,
    ):  # fmt: skip
        self.sure_ppm = sure_ppm
        self.block_ppm = block_ppm
        self.report_ppm = report_ppm
        self.wakes = wakes
        self.least = least
        self.most = most
        self.spared_ppm = spared_ppm

    def rate(self, share: int, is_light: bool) -> int:
        """Return the reports of a block in thousandths."""
        low, high = self.wakes * 1000 // self.most, self.wakes * 1000 // self.least
        part = min(share, _LIGHT_SHARE) if is_light else max(0, share - _LIGHT_SHARE)
        return low + (high - low) * part // _LIGHT_SHARE

    def taken_ppm(self, share: int, is_light: bool) -> int:
        """Return what a block takes with its reports."""
        taken_ppm = self.block_ppm + self.rate(share, is_light) * self.report_ppm // 1000
        if is_light:
            return taken_ppm
        silent = min(_LIGHT_SHARE, MOST_SHARE - share)
        return taken_ppm - self.spared_ppm * silent // _LIGHT_SHARE


def interval(share: int, budget: Budget, is_light: bool) -> int:
    """Return the wakes from report to report in sixteenths."""
    rate = budget.rate(share, is_light)
    if not rate:
        return 16 * budget.most
    wakes_16 = 16000 * budget.wakes // rate
    return min(16 * budget.most, max(16 * budget.least, wakes_16))


class ReportPlanner:
    """Learns what blocks bring; all that it knows is in `memory`, SIZE bytes."""

    def __init__(self, memory):
        self._memory = memory

    def add(self, block: int, harvest_ppm: int, is_full: bool = False) -> None:
        """Learn what a block of the week has brought to a cell; one that was full may have been
        offered more, so that it counts for no less than expected."""
        memory = self._memory
        units = min(255, max(0, harvest_ppm) // _UNIT_PPM)
        if is_full:
            units = max(units, self._guess(_PERIODS[self._best()], block, 0))
        learnt = memory[_LEARNT]
        for number, period in enumerate(_PERIODS):
            if learnt >= max(_DAY, period):
                self._add_error(number, abs(units - self._guess(period, block, 0)))
        at = _DAYS_AT + block % _DAY
        day = memory[at]
        memory[at] = units if learnt < _DAY else (3 * day + units + 2) // 4
        memory[block] = units
        memory[_LEARNT] = min(255, learnt + 1)
        if learnt < _DAY:
            error = _FINE * sum(memory[:BLOCKS]) // (_FIRST_ERROR * (learnt + 1))
            for number in range(len(_PERIODS)):
                self._put_error(number, error)

    def share(self, block: int, budget: Budget) -> int:
        """Return what share of the reports to make from `block` on, the one to come: 0 for none
        but those that there must be, MOST_SHARE for all that there may be."""
        light_ppm = self._reserve_ppm(_LIGHT_BLOCKS, budget.block_ppm)
        dark_ppm = self._reserve_ppm(_DARK_BLOCKS, budget.block_ppm)
        if self._lasts(block, budget, MOST_SHARE, dark_ppm):
            return MOST_SHARE
        sure, high = 0, MOST_SHARE
        for _ in range(_STEPS):
            share = (sure + high + 1) // 2
            reserve_ppm = dark_ppm if share > _LIGHT_SHARE else light_ppm
            if self._lasts(block, budget, share, reserve_ppm):
                sure = share
            else:
                high = share
        return sure

    def _lasts(self, block, budget, share, reserve_ppm):
        """Return whether a share can be carried on until the cell is full again, or for a week,
        and the first block leaves the reserve."""
        light, dark = budget.taken_ppm(share, True), budget.taken_ppm(share, False)
        level = budget.sure_ppm
        period = _PERIODS[self._best()]
        for ahead in range(BLOCKS):
            brings = self._guess(period, block, ahead) * _UNIT_PPM
            takes = light if brings > budget.block_ppm else dark
            if not ahead and level - takes < _LOWEST_PPM + reserve_ppm:
                return False
            level += brings - takes
            if level >= _FULL_PPM:
                return True
            if level < _LOWEST_PPM:
                return False
        return True

    def _reserve_ppm(self, blocks, block_ppm):
        """Return what must be left for days that are darker than foreseen: for so many blocks
        without any harvest, and more where little comes."""
        memory = self._memory
        learnt = min(BLOCKS, memory[_LEARNT])
        brought = sum(memory[:BLOCKS])
        mean_ppm = brought * _UNIT_PPM // max(1, learnt)
        short_ppm = min(block_ppm, max(0, 2 * block_ppm - mean_ppm))
        reserve_ppm = min(_MOST_RESERVE_PPM, blocks * block_ppm + _POOR_BLOCKS * short_ppm)
        doubt = _FINE
        if brought:
            doubt = min(_FINE, _WRONG * self._error(self._best()) * learnt // brought)
        return reserve_ppm * doubt // _FINE

    def _best(self):
        """Return the number of the guess that was right most often."""
        best = 3
        for number in range(3):
            known = self._memory[_LEARNT] >= _PERIODS[number]
            if known and self._error(number) < self._error(best):
                best = number
        return best

    def _guess(self, period, block, ahead):
        """Return what the block `ahead` of `block`, which is the next one, is likely to bring."""
        memory = self._memory
        if not period:
            return memory[_DAYS_AT + (block + ahead) % _DAY]
        return memory[(block + ahead % period - period) % BLOCKS]

    def _add_error(self, number, units):
        error = self._error(number)
        error += (_FINE * units - error + _ERROR_BLOCKS // 2) // _ERROR_BLOCKS
        self._put_error(number, error)

    def _error(self, number):
        """Return the mean error of a guess, in _FINE of a unit."""
        at = _ERRORS + 2 * number
        return self._memory[at] | self._memory[at + 1] << 8

    def _put_error(self, number, error):
        at = _ERRORS + 2 * number
        self._memory[at], self._memory[at + 1] = error & 255, error >> 8

"""The planner of reports: what it learns, what lasts, and what it never does."""

from noise import Noise

from filmgauge.control.report_planner import BLOCKS, SIZE, Budget, ReportPlanner

WAKES = 240  # of a minute, in a block of four hours
BASE_PPM = 40000  # of the cell in a block without reports: a cell lasts four days
REPORT_PPM = 150
MOST = 120
DAY = (0, 0, 120000, 120000, 40000, 0)


def budget(sure_ppm, report_ppm=REPORT_PPM):
    return Budget(sure_ppm, BASE_PPM, report_ppm, WAKES)


def taught(days, brings=DAY, weekends=DAY, memory=None):
    """Return a planner that has lived through so many days."""
    planner = ReportPlanner(bytearray(SIZE) if memory is None else memory)
    for block in range(6 * days):
        of_day = weekends if block // 6 % 7 > 4 else brings
        planner.add(block % BLOCKS, of_day[block % 6], BASE_PPM)
    return planner


def test_an_interval_stays_within_its_bounds():
    noise = Noise(1)
    for planner in (taught(0), taught(3), taught(30), taught(30, weekends=(0,) * 6)):
        for _ in range(40):
            sure = noise.below(1000001)
            block = noise.below(BLOCKS)
            every = planner.report_every(block, budget(sure), 2, MOST)
            assert 2 <= every <= MOST
            assert 2 <= planner.while_charging(every, 2, False) <= every
            assert planner.while_charging(every, 2, True) == 2


def test_more_charge_never_reports_less_often():
    for planner in (taught(10), taught(30, weekends=(0,) * 6)):
        last = MOST
        for sure in range(0, 1000001, 50000):
            every = planner.report_every(0, budget(sure), 1, MOST)
            assert every <= last
            last = every


def test_a_node_that_knows_nothing_is_careful():
    assert taught(0).report_every(0, budget(600000), 1, MOST) == MOST


def test_an_empty_cell_reports_as_seldom_as_it_may():
    assert taught(30).report_every(0, budget(20000), 1, MOST) == MOST


def test_a_cell_that_is_filled_each_day_reports_often():
    planner = taught(
        30, brings=(0, 0, 200000, 200000, 200000, 0), weekends=(0, 0, 200000, 200000, 200000, 0)
    )
    assert planner.report_every(4, budget(950000), 1, MOST) <= 6


def test_a_weekend_that_it_knows_is_lived_through():
    """On Friday evening it slows down so far that the charge lasts until Monday; on Monday
    evening the same charge allows more."""
    planner = taught(35, brings=(0, 0, 200000, 200000, 80000, 0), weekends=(0,) * 6)
    friday, monday = 4 * 6 + 5, 5
    before, after = (
        planner.report_every(block, budget(850000), 1, MOST) for block in (friday, monday)
    )
    assert before > after
    # Friday 20 h to Monday 8 h are 15 blocks.
    taken = 15 * (BASE_PPM + WAKES * REPORT_PPM // before)
    assert taken < 850000


def test_days_that_come_every_other_day_are_known_as_such():
    """A charger that comes every two days: neither the week nor the day repeats."""
    planner = ReportPlanner(bytearray(SIZE))
    for block in range(6 * 28):
        brings = 300000 if block % 12 in (3, 4) else 0
        planner.add(block % BLOCKS, brings, BASE_PPM)
    soon = planner.report_every(2, budget(500000), 1, MOST)  # the charger comes with the next one
    late = planner.report_every(5, budget(500000), 1, MOST)  # and now not for more than a day
    assert soon < late


def test_dark_days_that_it_has_seen_are_reckoned_with():
    """The same bright weeks; one of two nodes has lived through three dark days before."""
    noise = Noise(7)
    dark, bright = (ReportPlanner(bytearray(SIZE)) for _ in range(2))
    for block in range(6 * 60):
        brings = DAY[block % 6] * noise.between(50, 150) // 100
        lost = 0 if 60 <= block < 96 else brings
        dark.add(block % BLOCKS, lost, BASE_PPM)
        bright.add(block % BLOCKS, brings, BASE_PPM)
    assert dark.report_every(5, budget(700000), 1, MOST) >= bright.report_every(
        5, budget(700000), 1, MOST
    )


def test_planning_changes_nothing_that_it_knows():
    memory = bytearray(SIZE)
    planner = taught(9, memory=memory)
    before = bytes(memory)
    for block in range(BLOCKS):
        planner.report_every(block, budget(500000), 1, MOST)
    assert bytes(memory) == before
    assert ReportPlanner(memory).report_every(3, budget(500000), 1, MOST) == planner.report_every(
        3, budget(500000), 1, MOST
    )


def test_a_full_cell_counts_for_no_less_than_was_expected():
    planner = taught(14)
    before = planner.report_every(2, budget(500000), 1, MOST)
    for block in range(6 * 7):
        planner.add(block % BLOCKS, 0, BASE_PPM, True)
    assert planner.report_every(2, budget(500000), 1, MOST) <= before


def test_any_harvest_fits_into_the_memory():
    planner = ReportPlanner(bytearray(SIZE))
    for block in range(3 * BLOCKS):
        planner.add(block % BLOCKS, (-5, 0, 10**9)[block % 3], (0, 10**9)[block % 2])
    assert planner.report_every(0, Budget(1000000, 10**6, 10**6, 1), 1, 1440) == 1440

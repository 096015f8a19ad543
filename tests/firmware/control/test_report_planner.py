"""The planner of reports: what it learns, what lasts, and what it never does."""

from noise import Noise

from filmgauge.control.report_planner import (
    BLOCKS,
    MOST_SHARE,
    SIZE,
    Budget,
    ReportPlanner,
    interval,
)

WAKES = 240  # of a minute, in a block of four hours
BASE_PPM = 40000  # of the cell in a block without reports: a cell lasts four days
REPORT_PPM = 150
MOST = 120
DAY = (0, 0, 120000, 120000, 40000, 0)
BRIGHT = (0, 0, 200000, 200000, 200000, 0)


def budget(sure_ppm, report_ppm=REPORT_PPM, least=1):
    return Budget(sure_ppm, BASE_PPM, report_ppm, WAKES, least, MOST)


def in_dark(planner, block, sure_ppm):
    """Return the wakes from report to report in the dark."""
    now = budget(sure_ppm)
    return interval(planner.share(block, now), now, False) / 16


def taught(days, brings=DAY, weekends=None, memory=None):
    """Return a planner that has lived through so many days."""
    planner = ReportPlanner(bytearray(SIZE) if memory is None else memory)
    for block in range(6 * days):
        is_weekend = weekends is not None and block // 6 % 7 > 4
        planner.add(block % BLOCKS, (weekends if is_weekend else brings)[block % 6])
    return planner


def scattered(days, seed, spread_pct):
    """Return a planner whose days bring more or less than DAY, by so much at most."""
    noise, planner = Noise(seed), ReportPlanner(bytearray(SIZE))
    for day in range(days):
        pct = noise.between(100 - spread_pct, 100 + spread_pct)
        for block in range(6):
            planner.add((6 * day + block) % BLOCKS, DAY[block] * pct // 100)
    return planner


def speaks_from(planner, block, share):
    """Return the least charge with which a planner makes more than a share of the reports."""
    for sure_ppm in range(0, 1000001, 10000):
        if planner.share(block, budget(sure_ppm)) > share:
            return sure_ppm
    return 1000001


def test_an_interval_stays_within_its_bounds():
    noise = Noise(1)
    for planner in (taught(0), taught(3), taught(30), taught(30, weekends=(0,) * 6)):
        for _ in range(40):
            now = budget(noise.below(1000001), least=2)
            share = planner.share(noise.below(BLOCKS), now)
            assert 0 <= share <= MOST_SHARE
            assert 32 <= interval(share, now, True) <= interval(share, now, False) <= 16 * MOST


def test_an_interval_makes_the_reports_of_its_share():
    """All of the range can be had, and in the light first."""
    now = budget(500000)
    for is_light, begin in ((True, 0), (False, MOST_SHARE // 2)):
        assert interval(begin, now, is_light) == 16 * MOST
        assert interval(begin + MOST_SHARE // 2, now, is_light) == 16
        for share in range(begin, begin + MOST_SHARE // 2, 64):
            part = (share - begin) / (MOST_SHARE / 2)
            rate = WAKES / MOST + part * (WAKES - WAKES / MOST)
            assert (
                abs(interval(share, now, is_light) / 16 - WAKES / rate)
                <= 0.01 * WAKES / rate + 1 / 16
            )


def test_more_charge_never_reports_less_often():
    for planner in (taught(10), taught(30, weekends=(0,) * 6), scattered(30, 3, 90)):
        last = 0
        for sure in range(0, 1000001, 50000):
            share = planner.share(0, budget(sure))
            assert share >= last
            last = share


def test_a_node_that_knows_nothing_is_careful():
    assert taught(0).share(0, budget(700000)) == 0


def test_an_empty_cell_reports_as_seldom_as_it_may():
    assert taught(30).share(0, budget(20000)) == 0


def test_a_cell_that_is_filled_each_day_reports_often():
    assert in_dark(taught(30, brings=BRIGHT), 4, 950000) <= 6


def test_the_light_comes_first():
    """What does not last in the dark is used while the harvester gives it."""
    now = budget(700000)
    share = scattered(30, 5, 60).share(2, now)
    assert interval(share, now, True) < 2 * 16
    assert interval(share, now, False) > MOST / 2 * 16


def test_a_weekend_that_it_knows_is_lived_through():
    """On Friday evening it slows down so far that the charge lasts until Monday; on Monday
    evening the same charge allows more."""
    planner = taught(63, brings=(0, 0, 200000, 200000, 80000, 0), weekends=(0,) * 6)
    friday, monday = 4 * 6 + 5, 5
    before, after = (in_dark(planner, block, 850000) for block in (friday, monday))
    assert before > after
    # Friday 20 h to Monday 8 h are 15 blocks.
    taken = 15 * (BASE_PPM + WAKES * REPORT_PPM / before)
    assert taken < 850000


def test_days_that_come_every_other_day_are_known_as_such():
    """A charger that comes every two days: neither the week nor the day repeats."""
    planner = ReportPlanner(bytearray(SIZE))
    for block in range(6 * 56):
        planner.add(block % BLOCKS, 300000 if block % 12 in (3, 4) else 0)
    soon = in_dark(planner, 2, 500000)  # the charger comes with the next one
    late = in_dark(planner, 5, 500000)  # and now not for more than a day
    assert soon < late


def test_a_forecast_that_was_wrong_leaves_a_reserve():
    """The same on the mean, for two months: one node has seen each day as foreseen."""
    sure, unsure = taught(60), scattered(60, 7, 90)
    for sure_ppm in (300000, 400000, 500000):
        assert unsure.share(5, budget(sure_ppm)) < sure.share(5, budget(sure_ppm))
    assert unsure.share(0, budget(350000)) == 0  # a day and a half of the dark is 360000


def test_a_week_of_work_is_trusted_the_more_the_longer_it_lasts():
    kept = [
        speaks_from(taught(days, brings=BRIGHT, weekends=(0,) * 6), 5, MOST_SHARE // 2)
        for days in (14, 28, 63)
    ]
    assert kept[0] > kept[1] > kept[2]


def test_a_node_from_hand_to_mouth_keeps_more():
    """Wrong by the same share; one harvests half as much, which is little more than it takes."""
    noise = Noise(9)
    rich, poor = (ReportPlanner(bytearray(SIZE)) for _ in range(2))
    for block in range(6 * 28):
        brings = DAY[block % 6] * noise.between(20, 180) // 100
        rich.add(block % BLOCKS, 2 * brings)
        poor.add(block % BLOCKS, brings)
    for share in (0, MOST_SHARE // 2):
        assert speaks_from(rich, 0, share) + BASE_PPM < speaks_from(poor, 0, share)


def test_planning_changes_nothing_that_it_knows():
    memory = bytearray(SIZE)
    planner = taught(9, memory=memory)
    before = bytes(memory)
    for block in range(BLOCKS):
        planner.share(block, budget(500000))
    assert bytes(memory) == before
    assert ReportPlanner(memory).share(3, budget(500000)) == planner.share(3, budget(500000))


def test_a_full_cell_counts_for_no_less_than_was_expected():
    planner = taught(14)
    before = planner.share(2, budget(500000))
    for block in range(6 * 7):
        planner.add(block % BLOCKS, 0, True)
    assert planner.share(2, budget(500000)) >= before


def test_any_harvest_fits_into_the_memory():
    planner = ReportPlanner(bytearray(SIZE))
    for block in range(3 * BLOCKS):
        planner.add(block % BLOCKS, (-5, 0, 10**9)[block % 3])
    assert planner.share(0, Budget(1000000, 10**6, 10**6, 1, 1, 1440)) == 0
    assert interval(0, Budget(0, 0, 1, 1, 1, 1440), False) == 16 * 1440

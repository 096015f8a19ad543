"""The gauge on a cell that is charged and discharged."""

from cell_profiles import VALUES
from expect import close
from gauges import (
    FULL_PC,
    charge_pc,
    copied,
    opened,
    plain_sum,
)


def swung(gauge, film_cell, current_pa, minutes=5):
    """Let a current flow until its end; return the worst error in ppm and the time in s."""
    worst, seconds = 0, 0
    for _ in range(2000):
        film_cell.flow(current_pa, 60 * minutes)
        gauge.count(charge_pc(current_pa, 60000 * minutes), 60000 * minutes, 2500)
        uv = film_cell.voltage_uv(current_pa)
        gauge.observe(uv, current_pa, 0, 2500)
        seconds += 60 * minutes
        worst = max(worst, abs(gauge.soc_ppm() - film_cell.soc_ppm()))
        if not VALUES["empty_uv"] < uv < VALUES["full_uv"]:
            return worst, seconds
    raise AssertionError("no end was reached")


def test_a_cell_is_followed_through_full_swings():
    from film_cell import FilmCell  # when the gauge is compiled: a board has no room for both

    film_cell = FilmCell(dict(VALUES), capacity=0.96, tau=1.1)
    gauge = opened(700000, 250000)
    moved_pc = 0
    assert gauge.full_sigma_nah() > 0.25 * 13212  # it may be a cell of another kind
    for turn, current_pa in enumerate((2600000, -2600000, 1300000, -1300000, 2600000, -1300000)):
        worst, seconds = swung(gauge, film_cell, current_pa)
        moved_pc += abs(current_pa) * seconds
        assert worst < 20000 or turn < 4
        assert (gauge.full_sigma_nah() < 0.1 * 13212) == (turn > 0)  # both ends have told
        assert copied(gauge).full_sigma_nah() == gauge.full_sigma_nah()
    assert close(gauge.full_nah(), 0.96 * 13212, 0.02)
    assert close(gauge.health.mcycles(), 500 * moved_pc / FULL_PC, 1e-3, 2)
    assert plain_sum(gauge)


def test_an_end_says_from_where_a_profile_is_doubted():
    from film_cell import FilmCell

    for current_pa, end in ((2600000, 1.0), (-2600000, 0.0)):
        film_cell = FilmCell(dict(VALUES))
        gauge = opened(500000, 250000)
        swung(gauge, film_cell, current_pa)
        gauge.count(-charge_pc(current_pa, 7200000), 7200000, 2500)
        moved = abs(gauge.soc_ppm() / 1e6 - end)
        assert moved > 0.3
        apart = gauge.sigma_ppm() ** 2 - gauge.described_sigma_ppm() ** 2
        assert close(apart**0.5, 0.25 * moved * 1e6, 0.01)

"""What the solid electrolyte changes: one plateau, no shuttle, charge that stays."""

import pytest

from filmgauge_sim.cell.liquid import load_liquid
from filmgauge_sim.lab.comparison import FILM, compare
from filmgauge_sim.lab.specimen import LIQUID


@pytest.fixture(scope="module")
def cells():
    return compare()


def test_the_shuttle_empties_the_upper_plateau_and_the_film_keeps_its_charge(cells):
    (day, film), (_, liquid) = cells[FILM].stored[-1], cells[LIQUID].stored[-1]
    assert day == pytest.approx(10.0)
    assert film > 99.9
    assert liquid == pytest.approx(100.0 * (1.0 - load_liquid().upper_share), abs=0.1)


def test_the_shuttle_costs_most_when_charging_slowly(cells):
    film, liquid = (dict(cells[name].efficiency) for name in (FILM, LIQUID))
    assert sorted(liquid.values()) == list(liquid.values())
    assert liquid[1.0] < 85.0
    assert all(share > 99.0 for share in film.values())


def test_two_plateaus_and_one(cells):
    def discharged(name):
        return [s.voltage_v for s in cells[name].profiles.samples if s.current_ua_cm2 < 0.0]

    steps = {name: [v for v in discharged(name) if 1.6 < v < 2.6] for name in (FILM, LIQUID)}
    upper, lower = ([v for v in steps[LIQUID] if abs(v - level) < 0.03] for level in (2.3, 2.1))
    assert len(upper) > 5
    assert len(lower) > 15
    assert sum(abs(v - 1.8) < 0.05 for v in steps[FILM]) > 15

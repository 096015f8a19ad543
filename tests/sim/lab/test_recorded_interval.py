"""A hold of a cycler comes back from its rows, however often it logs them."""

from functools import cache
from pathlib import Path

import pytest

from filmgauge_sim.lab.cycler import Channel
from filmgauge_sim.lab.load_file import read_loads
from filmgauge_sim.lab.load_replay import ReplayResult, replay
from filmgauge_sim.lab.recorded_interval import Interval, pieces
from filmgauge_sim.lab.specimen import specimen
from filmgauge_sim.score.recording import Instant, Recording
from filmgauge_sim.score.replay import ReplayCell, run_replay
from tests.sim.lab.held_charges import BEGIN, CELL, DEGC, HeldCharge

held_charge = cache(HeldCharge)


@pytest.mark.parametrize("every_s", [10.0, 60.0, 300.0])
@pytest.mark.parametrize(("held_v", "counts"), [(4.0, False), (4.0, True), (3.9, False)])
def test_the_replay_of_a_hold_is_that_of_the_recorded_cell(held_v, counts, every_s) -> None:
    charge = held_charge(held_v)
    made = [
        Instant(
            row.time_s,
            row.current_ua,
            row.voltage_v,
            DEGC,
            charge_uah=row.charge_uah if counts else None,
        )
        for row in charge.logged(every_s)
    ]
    result = run_replay(Recording(made), ReplayCell(CELL, soc=BEGIN))
    assert result.voltage.count == len(made)
    assert abs(result.voltage.worst) < 2e-3
    assert result.points[-1].simulated_soc == pytest.approx(charge.stoichiometry, abs=1e-5)
    assert result.cut == 0


def profiled(tmp_path: Path, held_v: float, every_s: float) -> tuple[ReplayResult, float]:
    lines = [
        f"{row.time_s},{row.current_ua},{row.voltage_v}"
        for row in held_charge(held_v).logged(every_s)
    ]
    path = tmp_path / "held.csv"
    path.write_text("\n".join(["time_s,current_ua,voltage_v", *lines]))
    cell = specimen(CELL, 1.0, BEGIN)
    return replay(Channel(cell, DEGC), read_loads(path)), cell.stoichiometry


@pytest.mark.parametrize("every_s", [10.0, 60.0, 300.0])
@pytest.mark.parametrize("held_v", [4.0, 3.9])
def test_a_profile_of_a_recorded_hold_passes_its_charge(tmp_path, held_v, every_s) -> None:
    charge = held_charge(held_v)
    found, stoichiometry = profiled(tmp_path, held_v, every_s)
    assert found.charged_uah == pytest.approx(charge.charged_uah, rel=1e-3)
    assert stoichiometry == pytest.approx(charge.stoichiometry, abs=1e-5)
    assert (found.cut_rows, found.first_cut_s) == (0, None)
    assert found.highest_v == pytest.approx(held_v, abs=5e-3)


def test_a_cell_gets_no_more_than_was_recorded() -> None:
    # It is far below the voltage at which the recorded cell was held, and stays there.
    cell = specimen(CELL, 1.0, 0.5)
    found = pieces(cell, Interval(60.0, 2.0, 1.9, 4.0, 4.0), DEGC)
    assert [(each.duration_s, each.mean_ua) for each in found] == [(60.0, 1.95)]


def test_another_voltage_than_that_of_the_simulated_cell_is_not_held() -> None:
    cell = specimen(CELL, 1.0, 0.5)
    shown_v = cell.voltage_v(2.0, DEGC)
    for v in (shown_v + 0.05, shown_v - 0.05):
        found = pieces(cell, Interval(60.0, 2.0, 1.0, v, v), DEGC)
        assert [(each.mean_ua, each.change_ua) for each in found] == [(1.5, -1.0)]


def test_where_the_recorded_cell_was_not_at_its_end_the_current_is_cut() -> None:
    found = pieces(specimen(CELL, 1.0, 1.0), Interval(60.0, 3.0, 3.0, 3.0, 3.0), DEGC)
    assert (found[-1].mean_ua, found[-1].is_cut) == (0.0, True)
    assert sum(each.duration_s for each in found) == pytest.approx(60.0)

"""Data that are not of such a cell are named, before the fit by their shape or after it."""

from dataclasses import replace

import numpy as np
import pytest
from cycler_data import AREA_CM2, PRE, cycled, noisy

from filmgauge_sim.cell import FilmCell, load_parameters
from filmgauge_sim.cell.liquid import LiquidCell, load_liquid
from filmgauge_sim.cell.parameters import available_sets
from filmgauge_sim.lab.cycler import Channel
from filmgauge_sim.lab.cycler_data import CyclerData, read_cycler_data
from filmgauge_sim.lab.cycling import charge, discharge
from filmgauge_sim.lab.fit import fit
from filmgauge_sim.lab.fit_checks import UnfitDataError, shape_faults
from filmgauge_sim.lab.row_checks import checked
from filmgauge_sim.lab.segments import cut
from filmgauge_sim.lab.trace import Trace


def curve(volts_at, *, cycles=1, fade=0.0, low_v=1.0, high_v=4.0):
    """A cycler's data of a cell whose voltage is a function of its state of charge."""
    rows = []
    time = 0.0
    for number in range(cycles):
        capacity = 16.0 * (1.0 - fade * number)
        for way in (1.0, -1.0):
            for share in np.linspace(0.0, 1.0, 40):
                soc = share if way > 0.0 else 1.0 - share
                end = {1.0: high_v, 0.0: low_v}.get(soc if share == 1.0 else None)
                volts = end if end is not None else volts_at(soc) + 0.05 * way
                rows.append(
                    (time + share * capacity / 2.0, 2.0 * way, volts, 2 * number + (way < 0))
                )
            time = rows[-1][0] + 1e-3
    columns = [np.array(column, dtype=float) for column in zip(*rows, strict=True)]
    return CyclerData("other.csv", columns[0], columns[1], columns[2], None, None, columns[3])


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    path = tmp_path_factory.mktemp("film") / "film.bdf.csv"
    path.write_text(cycled([4.0, 4.0]).to_bdf(AREA_CM2))
    return read_cycler_data(path, AREA_CM2)


def liquid(tmp_path):
    trace = Trace()
    channel = Channel(LiquidCell(load_liquid(), 1.0, 0.0), 25.0, trace)
    charge(channel, 20.0)
    discharge(channel, 4.0)
    path = tmp_path / "liquid.bdf.csv"
    path.write_text(trace.to_bdf(1.0))
    return read_cycler_data(path, 1.0)


def test_two_plateaus_are_named(tmp_path):
    with pytest.raises(UnfitDataError, match=r"two plateaus, at 2\.3 and 2\.\d+ V, and a film"):
        fit(PRE, [liquid(tmp_path)], 25.0)


def test_a_sloped_curve_is_named():
    with pytest.raises(UnfitDataError, match=r"falls by 0\.\d+ V from 20 to 80 % of its charge"):
        fit(PRE, [curve(lambda soc: 3.0 + 0.8 * soc)], 25.0)


def test_discharges_that_fade_are_named():
    aged = curve(lambda soc: 2.1 + 0.02 * soc, cycles=36, fade=0.01)
    with pytest.raises(UnfitDataError, match=r"its 36 discharges at 2 uA/cm2 go from 15\.\d+ to"):
        fit(PRE, [aged], 25.0)


def test_steady_discharges_at_two_currents_are_of_a_film(film):
    """Cycles that are alike to the last digit."""
    steps = cut(checked(film), 25.0)
    slower = [replace(step, current_ua_cm2=0.5 * step.current_ua_cm2) for step in steps]
    assert shape_faults(["film"], [[*steps, *slower] * 6]) == []


def test_what_the_fitted_cell_does_not_meet_is_named_and_can_be_forced(film):
    """A discharge that gave half of the others, at the same current."""
    own = film.step == np.unique(film.step[film.current_ua_cm2 < 0.0])[-1]
    rows = np.flatnonzero(own)
    time = film.time_h.copy()
    time[rows] = time[rows[0]] + 0.5 * (time[rows] - time[rows[0]])
    wrong = replace(film, time_h=time, charge_uah_cm2=None)
    found = fit(PRE, [wrong], 25.0, force=True)
    (fault,) = found.faults
    assert "the charges of the fitted cell are off by" in fault
    assert "of film.bdf.csv passed" in fault
    assert found.rms(charge=True) > 0.05 * found.parameters.capacity_uah_cm2
    with pytest.raises(UnfitDataError) as refused:
        fit(PRE, [wrong], 25.0)
    assert refused.value.faults == found.faults
    assert refused.value.remarks == found.remarks


def test_a_refusal_says_which_pauses_were_taken_for_no_current(film):
    """The logger paused while the current flowed on, and the file has no count that says so."""
    rows = np.flatnonzero(film.current_ua_cm2 < 0.0)
    rows = rows[film.step[rows] == film.step[rows[0]]]
    keep = np.ones(len(film.time_h), dtype=bool)
    keep[rows[int(0.2 * len(rows)) : int(0.9 * len(rows))]] = False
    columns = {name: getattr(film, name)[keep] for name in ("time_h", "current_ua_cm2", "step")}
    volts, degc = film.voltage_v[keep], film.temperature_c[keep]
    holed = replace(film, **columns, voltage_v=volts, temperature_c=degc, charge_uah_cm2=None)
    with pytest.raises(UnfitDataError) as refused:
        fit(PRE, [holed], 25.0)
    (remark,) = refused.value.remarks
    assert "1 pause of the logger within a step" in remark
    # Twice a charge, a hold and a discharge: the pause makes no steps of one.
    for data in (holed, replace(holed, step=np.zeros(len(volts)))):
        assert cut(checked(data), 25.0)[-1].number == 6


@pytest.mark.parametrize("name", available_sets())
def test_no_film_of_any_physics_is_taken_for_something_else(name, tmp_path):
    """Fresh and fast, cold and warm: one plateau is one plateau."""
    parameters = load_parameters(name)
    for current, degc in ((1.0, 25.0), (13.0, 25.0), (1.0, 0.0), (30.0, 60.0)):
        trace = Trace()
        channel = Channel(FilmCell(parameters, 1.0, 0.0, hysteresis=-1.0), degc, trace)
        charge(channel, current)
        discharge(channel, current)
        path = tmp_path / "film.bdf.csv"
        path.write_text(noisy(trace, 1).to_bdf(AREA_CM2))
        steps = cut(checked(read_cycler_data(path, AREA_CM2)), degc)
        assert any(step.limit_v and not step.charging for step in steps)
        assert shape_faults([name], [steps]) == []

"""A cell is found again from the data that it gave, and data that cannot tell are refused."""

from dataclasses import replace

import pytest

from filmgauge_sim.cell import FilmCell, load_parameters
from filmgauge_sim.lab.cycling import charge, discharge
from filmgauge_sim.lab.fit import fit, read_flows, write_set
from filmgauge_sim.lab.trace import Trace

PRE = load_parameters("pre-li")
OTHER = replace(
    PRE, capacity_uah_cm2=13.0, diffusion_time_h=0.7, plateau_middle_v=2.05, plateau_gap_v=0.6
)


def recorded(tmp_path, currents):
    cell, trace = FilmCell(OTHER, 0.25, 0.0, hysteresis=-1.0), Trace()
    for current in currents:
        charge(cell, current, 25.0, trace=trace)
        discharge(cell, current, 25.0, trace=trace)
    path = tmp_path / "data.bdf.csv"
    trace.write_bdf(path, 0.25)
    return path


def test_a_cell_is_found_again(tmp_path):
    found = fit(PRE, read_flows(recorded(tmp_path, [1.0, 4.0, 12.0]), 0.25), 25.0)
    assert len(found.points) == 3
    assert found.rms_uah_cm2 < 0.02
    assert found.parameters.capacity_uah_cm2 == pytest.approx(13.0, rel=0.01)
    assert found.parameters.diffusion_time_h == pytest.approx(0.7, rel=0.03)
    assert found.parameters.plateau_middle_v == pytest.approx(2.05, abs=0.01)
    assert found.parameters.plateau_gap_v == pytest.approx(0.6, abs=0.01)
    assert found.parameters.plateau_current_ua_cm2 == pytest.approx(1.0)


def test_the_written_set_is_the_fitted_one(tmp_path):
    found = fit(PRE, read_flows(recorded(tmp_path, [1.0, 8.0]), 0.25), 25.0)
    out = tmp_path / "mine.toml"
    write_set(found, "pre-li", out)
    loaded = load_parameters(out)
    assert loaded.capacity_uah_cm2 == pytest.approx(found.parameters.capacity_uah_cm2, rel=1e-5)
    assert loaded.activation_cycles == PRE.activation_cycles
    assert "fitted: 2 discharges" in out.read_text()


def test_one_current_cannot_tell(tmp_path):
    with pytest.raises(ValueError, match="two currents or more"):
        fit(PRE, read_flows(recorded(tmp_path, [2.0]), 0.25), 25.0)


def test_a_file_without_voltage_is_named(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("time_s,current_ua\n0,1\n1,1\n")
    with pytest.raises(ValueError, match="a voltage in a column"):
        read_flows(path, 1.0)

"""A cell is found again from noisy data, and what data cannot tell is named.

FILMGAUGE_SOAK=1 (`make soak-lab`) finds it again from twice as many noises.
"""

import os
from dataclasses import replace

import pytest
from cycler_data import AREA_CM2, OTHER, PRE, cycled, finely_cycled, noisy, truths

from filmgauge_sim.cell import FilmCell, load_parameters
from filmgauge_sim.lab.cycler import Channel
from filmgauge_sim.lab.cycler_data import read_cycler_data
from filmgauge_sim.lab.cycling import discharge
from filmgauge_sim.lab.fit import fit
from filmgauge_sim.lab.fit_result import fitted_set, picture
from filmgauge_sim.lab.titration import titrate
from filmgauge_sim.lab.trace import Trace

SEEDS = range(8 if os.environ.get("FILMGAUGE_SOAK") else 4)
EVERYTHING = {
    "capacity_uah_cm2",
    "diffusion_time_h",
    "diffusion_activation_energy_ev",
    "plateau_middle_v",
    "plateau_gap_v",
    "kinetic_share",
    "plateau_slope_v",
    "hysteresis_rate",
    "contact_resistance_ohm_cm2",
    "interface_activation_energy_ev",
    "charge_acceptance",
}


def fitted(tmp_path, *traces, begun=PRE):
    data = []
    for k, trace in enumerate(traces):
        path = tmp_path / f"{k}.bdf.csv"
        path.write_text(trace.to_bdf(AREA_CM2))
        data.append(read_cycler_data(path, AREA_CM2))
    return fit(begun, data, 25.0)


def test_a_cell_is_found_again_within_its_intervals(tmp_path):
    """Four noises, eleven parameters: the 95 % intervals must hold the truth about as often.

    The first is sought from another cell's set, the others from what the one before found.
    """
    cool, warm = cycled([1.0, 4.0, 12.0, 25.0]), cycled([4.0], 50.0)
    held = asked = 0
    begun = PRE
    for seed in SEEDS:
        found = fitted(tmp_path, noisy(cool, 2 * seed), noisy(warm, 2 * seed + 1), begun=begun)
        begun = found.parameters
        estimates = {each.name: each for each in found.estimates}
        assert set(estimates) | set(found.unidentified) == EVERYTHING
        assert len(estimates) >= 9
        true = truths(found.parameters.plateau_current_ua_cm2)
        for name, each in estimates.items():
            truth = true.get(name, getattr(OTHER, name))
            held += each.low <= truth <= each.high
            asked += 1
        # No interval holds the truth by being wide.
        for name, width in (("capacity_uah_cm2", 0.5), ("plateau_gap_v", 0.02)):
            assert estimates[name].high - estimates[name].low < width
    # With 44 independent intervals 95 % +- 6.6 % is the range of two standard deviations.
    assert 0.88 <= held / asked <= 1.0


def test_intervals_hold_the_truth_of_holds_that_another_cycler_made(tmp_path):
    """What it and the fit err by in a hold is no noise: it would draw every fit the same way."""
    trace = finely_cycled([1.0, 4.0, 12.0])
    for seed in (11, 12):
        found = fitted(tmp_path, noisy(trace, seed, volts=1e-3, gain=0.0))
        estimates = {each.name: each for each in found.estimates}
        for name in ("capacity_uah_cm2", "diffusion_time_h"):
            assert estimates[name].low <= getattr(OTHER, name) <= estimates[name].high


def test_data_without_noise_give_the_cell_itself(tmp_path):
    found = fitted(tmp_path, noisy(cycled([1.0, 12.0, 25.0]), 0, volts=0.0, gain=0.0))
    assert found.parameters.capacity_uah_cm2 == pytest.approx(13.0, rel=1e-3)
    assert found.parameters.diffusion_time_h == pytest.approx(0.7, rel=3e-3)
    assert found.parameters.plateau_middle_v == pytest.approx(2.05, abs=1e-3)
    assert found.parameters.charge_acceptance == pytest.approx(0.985, abs=1e-3)
    assert found.rms(charge=False) < 1e-3
    assert found.rms(charge=True) < 0.02


def test_one_temperature_cannot_tell_the_energies(tmp_path):
    found = fitted(tmp_path, noisy(cycled([1.0, 8.0]), 1))
    for name in ("diffusion_activation_energy_ev", "interface_activation_energy_ev"):
        assert found.unidentified[name] == "all data are at one temperature"
        assert getattr(found.parameters, name) == getattr(PRE, name)


def test_one_current_tells_the_kinetic_share_by_a_rest_only(tmp_path):
    without = fitted(tmp_path, noisy(cycled([4.0, 4.0]), 2))
    assert "one current and no rest" in without.unidentified["kinetic_share"]
    # Kept: what the set has at the current of the data.
    kept = truths(without.parameters.plateau_current_ua_cm2, PRE)["kinetic_share"]
    assert without.parameters.kinetic_share == pytest.approx(kept)
    rested = fitted(tmp_path, noisy(cycled([4.0, 4.0], rest_in_the_middle=True), 2))
    share = next(each for each in rested.estimates if each.name == "kinetic_share")
    true = truths(rested.parameters.plateau_current_ua_cm2)["kinetic_share"]
    assert share.value == pytest.approx(true, abs=0.03)


def test_a_titration_tells_the_cell_too(tmp_path):
    """Portions with rests: timed flows, one current, the cell full at the beginning."""
    cell, trace = FilmCell(OTHER, 1.0), Trace()
    portions = titrate(
        Channel(cell, 25.0, trace), current_ua_cm2=1.0, pulse_s=3600.0, rest_s=7200.0
    )
    assert len(list(portions)) > 20
    found = fitted(tmp_path, noisy(trace, 6, gain=0.0))
    estimates = {each.name: each for each in found.estimates}
    true = truths(found.parameters.plateau_current_ua_cm2)
    for name in ("capacity_uah_cm2", "plateau_gap_v", "kinetic_share", "plateau_slope_v"):
        truth = true.get(name, getattr(OTHER, name))
        # Twice the half-width: four intervals of one noise are asked at once.
        middle, half = estimates[name].value, estimates[name].high - estimates[name].value
        assert truth == pytest.approx(middle, abs=2.0 * half)
        assert middle == pytest.approx(truth, rel=0.1)


def test_discharges_alone_cannot_tell_gap_and_acceptance(tmp_path):
    trace = cycled([1.0, 8.0])
    # The samples of the discharges, as a file for each.
    steps = sorted({s.step for s in trace.samples if s.current_ua_cm2 < 0.0})
    parts = []
    for step in steps:
        part = noisy(trace, 3)
        part.samples = [s for s in part.samples if s.step == step]
        parts.append(part)
    found = fitted(tmp_path, *parts)
    assert found.unidentified["plateau_gap_v"] == "the data have discharges only"
    bounded = {e.name for e in found.estimates if (e.low, e.high) != (None, None)}
    assert not bounded & {"plateau_middle_v", "kinetic_share"}
    assert "capacity_uah_cm2" in bounded
    assert "followed by a full charge" in found.unidentified["charge_acceptance"]
    assert found.parameters.capacity_uah_cm2 == pytest.approx(13.0, rel=0.03)


def test_one_discharge_and_its_rest_tell_neither_the_middle_nor_diffusion(tmp_path):
    """All of them hang on the gap, which is kept as that of another cell."""
    trace = Trace(60)
    channel = Channel(FilmCell(OTHER, 1.0, 1.0, hysteresis=1.0), 25.0, trace)
    discharge(channel, 2.0)
    channel.pass_step(0.0, 1800.0)
    found = fitted(tmp_path, noisy(trace, 3))
    assert found.unidentified["plateau_gap_v"] == "the data have discharges only"
    hang = {"plateau_middle_v", "kinetic_share", "diffusion_time_h", "capacity_uah_cm2"}
    estimates = [each for each in found.estimates if each.name in hang]
    assert estimates
    for each in estimates:
        assert (each.low, each.high) == (None, None), each.name
    text, _ = fitted_set(found, "pre-li", "0.bdf.csv", "mine")
    assert "fitted: any V with 95 %" in text
    assert found.rms(charge=False) < 0.05


def test_data_without_a_full_discharge_are_refused(tmp_path):
    trace = cycled([4.0])
    trace.samples = [s for s in trace.samples if s.current_ua_cm2 > 0.0]
    with pytest.raises(ValueError, match="a discharge that ends at a lower limit"):
        fitted(tmp_path, trace)


def test_data_bound_a_small_resistance_on_one_side(tmp_path):
    """Of 5 ohm cm2 nothing shows under a few millivolts of noise, but that it is not 412."""
    small = replace(OTHER, contact_resistance_ohm_cm2=5.0)
    found = fitted(tmp_path, noisy(cycled([1.0, 8.0, 40.0], parameters=small), 7, gain=1e-3))
    estimates = {each.name: each for each in found.estimates}
    contact = estimates["contact_resistance_ohm_cm2"]
    assert contact.low is None
    assert 5.0 < contact.high < 412.0
    assert contact.value <= contact.high
    assert contact.interval == f"at most {contact.high:.5g} ohm cm2"
    # What stands at its one-sided end draws no other one with it.
    capacity = estimates["capacity_uah_cm2"]
    assert capacity.low < small.capacity_uah_cm2 < capacity.high
    # No interval is a point.
    for each in found.estimates:
        if each.low is not None and each.high is not None:
            assert each.high - each.low > 1e-6 * abs(each.value)
    text, _ = fitted_set(found, "pre-li", "0.bdf.csv", "mine")
    assert f"fitted: {contact.interval} with 95 %" in text


def test_the_written_set_is_that_of_the_fit(tmp_path):
    found = fitted(tmp_path, noisy(cycled([1.0, 8.0]), 4))
    text, parameters = fitted_set(found, "pre-li", "0.bdf.csv", "mine")
    (tmp_path / "mine.toml").write_text(text)
    loaded = load_parameters(tmp_path / "mine.toml")
    assert loaded == parameters
    assert loaded.name == "mine"
    assert loaded.capacity_uah_cm2 == pytest.approx(found.parameters.capacity_uah_cm2, rel=1e-5)
    assert loaded.activation_cycles == PRE.activation_cycles
    assert "kept from pre-li: all data are at one temperature" in text
    low = next(each.low for each in found.estimates if each.name == "capacity_uah_cm2")
    assert f"fitted: {low:.5g} to" in text


def test_a_set_with_a_base_can_be_begun_with(tmp_path):
    begun = tmp_path / "begun.toml"
    begun.write_text('base = "pre-li"\nname = "begun"\n')
    found = fitted(tmp_path, noisy(cycled([1.0, 8.0]), 4), begun=load_parameters(begun))
    _, parameters = fitted_set(found, str(begun), "0.bdf.csv", "mine")
    assert parameters.name == "mine"
    assert parameters.capacity_uah_cm2 == pytest.approx(
        found.parameters.capacity_uah_cm2, rel=1e-5
    )


def test_the_picture_of_the_residuals(tmp_path):
    found = fitted(tmp_path, noisy(cycled([1.0, 8.0]), 5))
    assert b"<svg" in picture(found).image(".svg")

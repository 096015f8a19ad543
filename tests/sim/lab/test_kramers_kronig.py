"""A cell that changes while it is measured is named, and no sound spectrum is taken for one."""

from dataclasses import replace

import numpy as np
import pytest
from cycler_data import OTHER, PRE

from filmgauge_sim.cell import FilmCell
from filmgauge_sim.cell.impedance import impedance_ohm_cm2
from filmgauge_sim.lab.impedance_fit import fit_spectrum
from filmgauge_sim.lab.kramers_kronig import kramers_kronig
from filmgauge_sim.lab.spectrum import Spectrum


def spectrum(seed, *, noise, points_a_decade=10.0, parameters=PRE, within=(-2.0, 6.0), grows=0.0):
    """A film's spectrum with noise; grows: by what share its impedance does, point by point."""
    count = round((within[1] - within[0]) * points_a_decade) + 1
    hertz = np.logspace(within[1], within[0], count)
    z = np.array(impedance_ohm_cm2(FilmCell(parameters, 1.0, 0.5), 25.0, hertz.tolist()))
    parts = np.random.default_rng(seed).standard_normal((2, count))
    drift = 1.0 + grows * np.linspace(0.0, 1.0, count)
    return Spectrum("film.csv", hertz, z * drift * (1.0 + noise * (parts[0] + 1j * parts[1])))


@pytest.mark.parametrize(
    ("grows", "noise"), [(0.05, 0.001), (0.1, 0.003), (0.15, 0.003), (0.1, 0.006)]
)
@pytest.mark.parametrize("points_a_decade", [6.0, 10.0, 20.0])
def test_a_cell_that_drifts_by_less_than_the_noise_hides_is_named(grows, noise, points_a_decade):
    drifted = spectrum(1, noise=noise, grows=grows, points_a_decade=points_a_decade)
    found = kramers_kronig(drifted)
    assert found.rms < 0.015
    assert found.holds is False
    assert found.sentence.startswith("Kramers and Kronig are not obeyed: ")


def test_neighbours_that_miss_the_circuit_alike_widen_the_intervals():
    """By more than what is left of the spectrum grows by."""
    still, moved = (
        fit_spectrum(spectrum(1, noise=0.003, grows=grows), PRE, 25.0) for grows in (0.0, 0.05)
    )
    for name in ("r_lipon", "r_ct"):
        known = [each.estimate(name) for each in (still, moved)]
        widths = [np.log(each.high / each.low) for each in known if each is not None]
        assert widths[1] / widths[0] > 1.3 * moved.rms / still.rms


@pytest.mark.parametrize("noise", [0.0, 1e-4, 1e-3, 0.003, 0.01, 0.03])
@pytest.mark.parametrize("points_a_decade", [4.0, 5.0, 6.0, 8.0, 12.0, 20.0])
def test_sound_spectra_obey(noise, points_a_decade):
    for seed, parameters in enumerate((PRE, OTHER)):
        for within in ((-2.0, 6.0), (-1.0, 5.0), (0.0, 4.0)):
            own = spectrum(
                seed,
                noise=noise,
                points_a_decade=points_a_decade,
                parameters=parameters,
                within=within,
            )
            found = kramers_kronig(own)
            assert found.holds is True, (within, found)


@pytest.mark.parametrize(("points_a_decade", "within"), [(1.0, 0), (1.5, 0), (2.5, 0), (3.0, 1)])
def test_few_points_accuse_no_cell(points_a_decade, within):
    """The elements of the test miss them by 3 to 37 % of |Z|."""
    ends = [(-2.0, 6.0), (0.0, 6.0)][within]
    own = spectrum(1, noise=0.003, points_a_decade=points_a_decade, within=ends)
    found = fit_spectrum(own, PRE, 25.0)
    assert found.kramers_kronig.holds is None
    assert found.faults == []
    (remark,) = found.remarks
    assert remark == (
        "film.csv: too few points for the test of Kramers and Kronig:"
        f" {points_a_decade:.2g} a decade, and it needs 4"
    )


def test_a_cell_that_changes_while_it_is_measured_is_named():
    """Its resistances grow by half while the slow points are measured."""
    still = spectrum(1, noise=0.01)
    drift = 1.0 + 0.5 * np.linspace(0.0, 1.0, len(still.frequencies_hz)) ** 2
    moved = replace(still, impedance_ohm_cm2=still.impedance_ohm_cm2 * drift)
    found = fit_spectrum(moved, OTHER, 25.0)
    assert not found.kramers_kronig.holds
    assert "does not obey Kramers and Kronig" in found.faults[-1]

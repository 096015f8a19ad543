"""A measured spectrum gives the film back that made it, and says what it cannot tell."""

import gzip
from dataclasses import replace

import numpy as np
import pytest
from cycler_data import AREA_CM2, OTHER, PRE, cycled, noisy
from impedance.models.circuits import CustomCircuit
from impedance.preprocessing import readBioLogic, readGamry, readZPlot

from filmgauge_sim.cell import FilmCell
from filmgauge_sim.cell.impedance import impedance_ohm_cm2
from filmgauge_sim.cell.kinetics import charge_transfer_ohm_cm2, lipon_resistance_ohm_cm2
from filmgauge_sim.lab.cycler_data import read_cycler_data
from filmgauge_sim.lab.fit import fit
from filmgauge_sim.lab.fit_checks import UnfitDataError
from filmgauge_sim.lab.fit_parameters import not_fitted
from filmgauge_sim.lab.impedance_fit import fit_spectrum
from filmgauge_sim.lab.paper_experiments import FREQUENCIES_HZ
from filmgauge_sim.lab.spectrum import Spectrum, is_spectrum, read_spectrum, spectrum_csv
from filmgauge_sim.lab.spectrum_parameters import with_spectra

SEEDS = range(8)
# What the fit begins with is another film than any that is measured.
BEGUN = replace(
    PRE, contact_resistance_ohm_cm2=900.0, interface_capacitance_uf_cm2=1.0, lipon_thickness_um=3.0
)


def spectrum(seed=None, *, parameters=PRE, temperature_c=25.0, noise=0.01, within=(0.0, 1e9)):
    """The spectrum of a film, each part of it with noise in proportion."""
    hertz = [f for f in FREQUENCIES_HZ if within[0] <= f <= within[1]]
    z = np.array(impedance_ohm_cm2(FilmCell(parameters, 1.0, 0.5), temperature_c, hertz))
    if seed is not None:
        source = np.random.default_rng(seed)
        parts = source.standard_normal((2, len(z)))
        z = z * (1.0 + noise * (parts[0] + 1j * parts[1]))
    return Spectrum("film.csv", np.array(hertz), z)


@pytest.fixture(scope="module")
def fitted():
    return [fit_spectrum(spectrum(seed), BEGUN, 25.0) for seed in SEEDS]


def test_the_film_lies_within_its_intervals(fitted):
    """R_ct of 412 ohm cm2 and the rest, out of spectra with one per cent of noise."""
    truths = {
        "r_lipon": lipon_resistance_ohm_cm2(PRE, 25.0),
        "r_ct": 412.0,
        "electrolyte_capacitance": PRE.electrolyte_capacitance_uf_cm2,
        "interface_capacitance": PRE.interface_capacitance_uf_cm2,
    }
    held = {
        name: sum(each.estimate(name).low <= truth <= each.estimate(name).high for each in fitted)
        for name, truth in truths.items()
    }
    # Of eight intervals of 95 % at least six hold the truth, in 99 of 100 times.
    assert min(held.values()) >= 6, held
    assert sum(held.values()) >= 0.88 * len(truths) * len(fitted), held
    for each in fitted:
        assert each.cannot_tell == {}
        assert each.faults == []
        # None of them by being wide.
        r_ct = each.estimate("r_ct")
        assert r_ct.high - r_ct.low < 0.02 * r_ct.value


def test_the_slope_of_diffusion_is_that_of_the_film(fitted):
    """sigma = (dE/dq) L / sqrt(2 D), with the slope of the curve between its ends."""
    slope = PRE.plateau_slope_v / (PRE.capacity_uah_cm2 * 3600e-6)
    sigma = slope * np.sqrt(PRE.diffusion_time_h * 3600.0 / 2.0)
    for each in fitted:
        assert each.estimate("warburg").value == pytest.approx(sigma, rel=0.1)


def test_the_circuit_lies_on_the_data(fitted):
    off = fitted[0].fitted_ohm_cm2 / spectrum().impedance_ohm_cm2 - 1.0
    assert np.abs(off).max() < 0.01
    assert 0.01 < fitted[0].rms < 0.02


def test_a_spectrum_that_ends_early_does_not_tell_diffusion():
    found = fit_spectrum(spectrum(1, within=(5.0, 1e4)), BEGUN, 25.0)
    assert found.cannot_tell["warburg"] == "the spectrum ends before diffusion shows"
    assert found.estimate("warburg") is None
    r_ct = found.estimate("r_ct")
    assert r_ct.low < 412.0 < r_ct.high


def test_the_faster_arc_is_that_of_the_electrolyte():
    """Also of a film whose electrolyte has the larger one, begun with one that has it not."""
    thick = replace(PRE, lipon_thickness_um=30.0, contact_resistance_ohm_cm2=300.0)
    found = fit_spectrum(spectrum(3, parameters=thick), BEGUN, 25.0)
    assert found.estimate("r_lipon").value == pytest.approx(
        thick.lipon_resistance_ohm_cm2, rel=0.02
    )
    assert found.estimate("r_ct").value == pytest.approx(300.0, rel=0.1)


def test_something_else_than_a_film_is_named():
    hertz = np.array(FREQUENCIES_HZ)
    inductor_and_lines = 50.0 - 1e5j / hertz**0.9 + 200.0 / (1.0 + 1j * hertz / 1e3) ** 4
    found = fit_spectrum(Spectrum("other.csv", hertz, inductor_and_lines), BEGUN, 25.0)
    assert any("the circuit of a film misses the spectrum" in fault for fault in found.faults)


def wired(film, r_series_ohm_cm2, l_series_h_cm2):
    """The film behind leads: Z + R + i w L."""
    leads = r_series_ohm_cm2 + 2j * np.pi * film.frequencies_hz * l_series_h_cm2
    return replace(film, impedance_ohm_cm2=film.impedance_ohm_cm2 + leads)


@pytest.mark.parametrize(
    ("r_series_ohm_cm2", "l_series_h_cm2", "circuit"),
    [
        (0.0, 0.0, "p(R1,CPE1)-p(R2,CPE2)-W0"),
        (5.0, 0.0, "R0-p(R1,CPE1)-p(R2,CPE2)-W0"),
        (0.0, 1e-6, "L0-p(R1,CPE1)-p(R2,CPE2)-W0"),
        # Inductive at the highest frequencies.
        (20.0, 5e-6, "L0-R0-p(R1,CPE1)-p(R2,CPE2)-W0"),
    ],
)
def test_leads_are_told_from_the_film(r_series_ohm_cm2, l_series_h_cm2, circuit):
    """And are in the circuit only where the spectrum has them."""
    film = wired(spectrum(), r_series_ohm_cm2, l_series_h_cm2)
    parts = np.random.default_rng(2).standard_normal((2, len(film.frequencies_hz)))
    noisy = film.impedance_ohm_cm2 * (1.0 + 0.003 * (parts[0] + 1j * parts[1]))
    found = fit_spectrum(replace(film, impedance_ohm_cm2=noisy), BEGUN, 25.0)
    assert (found.circuit, found.faults, found.cannot_tell) == (circuit, [], {})
    for name, truth in (("r_series", r_series_ohm_cm2), ("l_series", l_series_h_cm2)):
        each = found.estimate(name)
        assert (each is not None) == (truth > 0.0)
        if each is not None:
            assert each.value == pytest.approx(truth, rel=0.05)
            assert 0.0 < each.low < each.high < 1.2 * truth
    assert found.estimate("r_ct").value == pytest.approx(412.0, rel=0.01)
    assert found.estimate("r_lipon").value == pytest.approx(
        lipon_resistance_ohm_cm2(PRE, 25.0), rel=0.02
    )


def test_impedance_py_finds_the_same_leads():
    """Its own fit of the same circuit, by its own weights, from the truth of the film."""
    film = wired(spectrum(4, noise=0.003), 10.0, 2e-6)
    found = fit_spectrum(film, BEGUN, 25.0)
    begun = [1e-6, 5.0, 60.0, 1e-7, 0.95, 400.0, 1e-5, 0.95, 10.0]
    witness = CustomCircuit("L0-R0-p(R1,CPE1)-p(R2,CPE2)-W0", initial_guess=begun)
    ends = ([0.0] * 9, [1.0, 1e8, 1e8, 1.0, 1.0, 1e8, 1.0, 1.0, 1e8])
    witness.fit(
        film.frequencies_hz,
        film.impedance_ohm_cm2,
        bounds=ends,
        weight_by_modulus=True,
        x_scale="jac",
    )
    inductance, series, lipon, _, _, transfer, _, _, sigma = witness.parameters_
    assert found.circuit == witness.circuit
    for name, value in (
        ("l_series", inductance),
        ("r_series", series),
        ("r_lipon", lipon),
        ("r_ct", transfer),
        ("warburg", sigma),
    ):
        assert found.estimate(name).value == pytest.approx(value, rel=0.002), name


def test_leads_are_not_taken_for_an_electrolyte_that_the_spectrum_does_not_show():
    """Below its arc its resistance and that of leads are one sum."""
    found = fit_spectrum(wired(spectrum(5, within=(0.0, 1e4)), 20.0, 0.0), BEGUN, 25.0)
    assert found.estimate("r_series") is None
    assert "r_lipon" in found.cannot_tell


def test_inductive_points_that_no_inductance_explains_are_left_out():
    film = spectrum(6, within=(1.0, 1e6))
    z = film.impedance_ohm_cm2.copy()
    z[:2] = np.conj(z[:2])
    found = fit_spectrum(replace(film, impedance_ohm_cm2=z), BEGUN, 25.0)
    (remark,) = found.spectrum.remarks
    assert remark.startswith("film.csv: 2 inductive points left out, at ")
    assert len(found.spectrum.frequencies_hz) == len(z) - 2
    assert found.faults == []


# Beside cycles


def test_spectra_tell_a_set_at_25_degrees_what_they_show_elsewhere():
    warm = fit_spectrum(spectrum(temperature_c=37.0, parameters=OTHER), BEGUN, 37.0)
    told, estimates = with_spectra(
        replace(BEGUN, interface_activation_energy_ev=OTHER.interface_activation_energy_ev),
        [warm, warm],
        37.0,
    )
    assert warm.estimate("r_ct").value == pytest.approx(
        charge_transfer_ohm_cm2(OTHER, 37.0), rel=0.01
    )
    assert told.contact_resistance_ohm_cm2 == pytest.approx(800.0, rel=0.01)
    assert told.lipon_resistance_ohm_cm2 == pytest.approx(OTHER.lipon_resistance_ohm_cm2, rel=0.01)
    for each in estimates:
        assert each.low < each.value < each.high
    left = not_fitted(estimates)
    assert not any("capacitance" in name or "lipon" in name for name in left)


def test_spectra_that_differ_have_a_mean_within_which_both_lie():
    """Two films, or two states of one: the interval of each is far too narrow for their mean."""
    one, other = (
        fit_spectrum(spectrum(seed, parameters=each), PRE, 25.0)
        for seed, each in enumerate((PRE, replace(PRE, contact_resistance_ohm_cm2=600.0)))
    )
    (alone,) = (e for e in with_spectra(PRE, [one], 25.0)[1] if e.name.startswith("contact"))
    (mean,) = (e for e in with_spectra(PRE, [one, other], 25.0)[1] if e.name.startswith("contact"))
    assert alone.high < 600.0
    assert mean.low < PRE.contact_resistance_ohm_cm2 < 600.0 < mean.high


def test_a_fit_takes_the_resistances_from_a_spectrum(tmp_path):
    """Cycles at one current cannot tell them."""
    path = tmp_path / "cell.bdf.csv"
    path.write_text(noisy(cycled([4.0]), 1).to_bdf(AREA_CM2))
    data = [read_cycler_data(path, AREA_CM2)]
    seen = fit_spectrum(spectrum(2, parameters=OTHER), PRE, 25.0)
    found = fit(PRE, data, 25.0, spectra=[seen])
    contact = next(e for e in found.estimates if e.name == "contact_resistance_ohm_cm2")
    assert contact.low < OTHER.contact_resistance_ohm_cm2 < contact.high
    assert found.parameters.contact_resistance_ohm_cm2 == contact.value
    assert "contact_resistance_ohm_cm2" not in found.unidentified
    broken = replace(seen, kramers_kronig=replace(seen.kramers_kronig, holds=False))
    with pytest.raises(UnfitDataError, match="does not obey Kramers and Kronig"):
        fit(PRE, data, 25.0, spectra=[broken])
    with pytest.raises(ValueError, match="a fit needs cycles"):
        fit(PRE, [], 25.0, spectra=[seen])


# Files


def ec_lab(hertz, z, decimal="."):
    names = "freq/Hz\tRe(Z)/Ohm\t-Im(Z)/Ohm\t|Z|/Ohm\tPhase(Z)/deg\ttime/s\t"
    rows = [
        f"{f:.7E}\t{c.real:.7E}\t{-c.imag:.7E}\t{abs(c):.7E}\t{np.degrees(np.angle(c)):.7E}\t1.0E+1"
        for f, c in zip(hertz, z, strict=True)
    ]
    head = ["EC-Lab ASCII FILE", "Nb header lines : 6", "", "Electrode surface area : 0.190 cm²"]
    return "\r\n".join([*head, "", names, *rows, ""]).replace(".", decimal)


def gamry(hertz, z):
    rows = [
        f"\t{k}\t{k}\t{f:.6G}\t{c.real:.6G}\t{c.imag:.6G}\t1\t{abs(c):.6G}\t-1\t0\t0\t10"
        for k, (f, c) in enumerate(zip(hertz, z, strict=True))
    ]
    ocv = ["OCVCURVE\tTABLE\t2", "\tPt\tT\tVf\tVm\tAch", "\t#\ts\tV\tV\tV", "\t0\t1\t2.1\t0\t0"]
    names = "\tPt\tTime\tFreq\tZreal\tZimag\tZsig\tZmod\tZphz\tIdc\tVdc\tIERange"
    units = "\t#\ts\tHz\tohm\tohm\tV\tohm\t°\tA\tV\t#"
    return "\n".join(["EXPLAIN", "TAG\tEISPOT", *ocv, "ZCURVE\tTABLE", names, units, *rows, ""])


def z_plot(hertz, z):
    rows = [
        f"{f:.6E}\t0.0000E+00\t0.0000E+00\t1.0000E+00\t{c.real:.6E}\t{c.imag:.6E}\t0\t0\t3"
        for f, c in zip(hertz, z, strict=True)
    ]
    names = "  Freq(Hz)\tAmpl\tBias\tTime(Sec)\tZ'(a)\tZ''(b)\tGD\tErr\tRange"
    return "\n".join(
        ["ZPLOT2 ASCII", "  Sweep Frequency: Control Voltage", names, "End Comments", *rows, ""]
    )


def table(hertz, z):
    rows = [f"{f:.9g};{c.real:.9g};{c.imag:.9g}" for f, c in zip(hertz, z, strict=True)]
    return "\n".join(["frequency_hz;re_ohm;im_ohm", *rows]).replace(".", ",")


@pytest.mark.parametrize(
    ("name", "written", "other_reader"),
    [
        ("a.csv", spectrum_csv, None),
        ("b.txt", table, None),
        ("c.mpt", ec_lab, readBioLogic),
        ("d.mpt", lambda hertz, z: ec_lab(hertz, z, ","), None),
        ("e.DTA", gamry, readGamry),
        ("f.z", z_plot, readZPlot),
    ],
)
def test_each_format_gives_the_same_spectrum(tmp_path, name, written, other_reader):
    own = spectrum(within=(1.0, 1e6))
    path = tmp_path / name
    path.write_bytes(
        written(own.frequencies_hz, own.impedance_ohm_cm2 / AREA_CM2).encode("latin-1")
    )
    assert is_spectrum(path)
    found = read_spectrum(path, AREA_CM2)
    assert found.remarks == ()
    assert found.frequencies_hz == pytest.approx(own.frequencies_hz, rel=1e-5)
    assert found.impedance_ohm_cm2 == pytest.approx(own.impedance_ohm_cm2, rel=1e-5)
    if other_reader:
        hertz, z = other_reader(str(path))
        assert hertz == pytest.approx(found.frequencies_hz)
        assert AREA_CM2 * z == pytest.approx(found.impedance_ohm_cm2)


def in_quotes(text):
    rows = [",".join(f'"{cell}"' for cell in row.split(";")) for row in text.splitlines()[1:]]
    return "\n".join(["frequency_hz,re_ohm,im_ohm", *rows])


@pytest.mark.parametrize(
    ("name", "packed"),
    [
        ("utf16.csv", lambda text: text.encode("utf-16")),
        ("utf16-be.csv", lambda text: text.encode("utf-16-be")),
        ("mark.csv", lambda text: text.encode("utf-8-sig")),
        ("eis.csv.gz", lambda text: gzip.compress(text.encode())),
        ("quoted.csv", lambda text: in_quotes(text).encode()),
    ],
)
def test_a_spectrum_may_be_text_of_any_kind(tmp_path, name, packed):
    own = spectrum(within=(1.0, 1e6))
    path = tmp_path / name
    path.write_bytes(packed(table(own.frequencies_hz, own.impedance_ohm_cm2 / AREA_CM2)))
    assert is_spectrum(path)
    found = read_spectrum(path, AREA_CM2)
    assert found.frequencies_hz == pytest.approx(own.frequencies_hz, rel=1e-5)
    assert found.impedance_ohm_cm2 == pytest.approx(own.impedance_ohm_cm2, rel=1e-5)
    with pytest.raises(ValueError, match="is a spectrum, by its frequencies: filmgauge lab eis"):
        read_cycler_data(path, AREA_CM2)


def test_what_is_no_text_is_no_spectrum(tmp_path):
    path = tmp_path / "broken.csv.gz"
    path.write_bytes(gzip.compress(b"frequency_hz,re_ohm,im_ohm\n" * 99)[:-20])
    assert not is_spectrum(path)
    with pytest.raises(ValueError, match=r"^broken.csv.gz is not a whole file of gzip"):
        read_spectrum(path, AREA_CM2)


def test_what_is_done_to_a_spectrum_is_said(tmp_path):
    """Inductive points, but those of leads, and a second spectrum behind the first."""
    own = spectrum(within=(1.0, 1e4))
    z = own.impedance_ohm_cm2.copy()
    z[[0, 1, -2, -1]] = np.conj(z[[0, 1, -2, -1]])
    path = tmp_path / "two.csv"
    hertz = own.frequencies_hz
    path.write_text(spectrum_csv([*hertz, *hertz], [*z, *(3.0 * z)]))
    found = read_spectrum(path, 1.0)
    assert found.impedance_ohm_cm2 == pytest.approx(z[:-2], rel=1e-6)
    several, inductive = found.remarks
    assert several == "two.csv has several spectra, of which the first is taken"
    assert inductive.startswith("two.csv: 2 inductive points left out")


def test_a_line_within_a_spectrum_that_is_none_ends_it_not_without_a_word(tmp_path):
    own = spectrum(within=(1.0, 1e4))
    path = tmp_path / "holes.csv"
    lines = spectrum_csv(own.frequencies_hz, own.impedance_ohm_cm2).splitlines()
    path.write_text("\n".join([*lines[:12], "", *lines[12:]]))
    assert len(read_spectrum(path, 1.0).frequencies_hz) == len(own.frequencies_hz)
    path.write_text("\n".join([*lines[:12], "overload,,", *lines[12:]]))
    with pytest.raises(ValueError, match=r"^holes.csv line 13: must be a row.*not 'overload,,'"):
        read_spectrum(path, 1.0)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("time_s,current_ua\n0,1\n", "must have columns frequency_hz, re_ohm and im_ohm"),
        ("frequency_hz,re_ohm,im_ohm\n", "has no numbers below"),
        ("frequency_hz,re_ohm,im_ohm\n" + "1,2,-3\n" * 3, "must have 8 points"),
        ('frequency_hz,re_ohm,im_ohm\n"1,000",2.5,-3.5\n', "has no numbers below"),
        ("frequency_hz,re_ohm,im_ohm\n0,2,-3\n", "must have frequencies above 0"),
        (
            "frequency_hz,re_ohm,im_ohm\n9,2,-3\n8,0,-0\n7,2,-3\n6,0,0\n",
            "must have an impedance above 0 ohm in every row: it has 0 ohm in 2, the first at 8 H",
        ),
        ("frequency_hz,re_ohm,im_ohm\n9,2,3\n8,2,3\n", "has positive imaginary parts"),
    ],
)
def test_a_file_that_is_no_spectrum_is_named(tmp_path, text, says):
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=f"^bad.csv.* {says}|^bad.csv {says}"):
        read_spectrum(path, 1.0)

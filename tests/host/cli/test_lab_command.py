"""`filmgauge lab`: what it prints, the files it writes, and one sentence for everything wrong."""

import csv
import json
from dataclasses import replace

import pytest
from click.testing import CliRunner

from filmgauge_host.cli.app import main
from filmgauge_host.cli.lab_paper import WIDTH, table_lines
from filmgauge_sim.cell import load_parameters
from filmgauge_sim.lab.paper_samples import PAPER
from filmgauge_sim.lab.paper_table import PublishedFigure


def lab(*arguments):
    return CliRunner().invoke(main, ["lab", *map(str, arguments)])


def answered(*arguments):
    ran = lab(*arguments, "--json")
    assert ran.exit_code == 0, ran.output
    return json.loads(ran.stdout)


def test_rate():
    found = answered("rate", "--cell", "pre-li", "--currents", "1,2,8,12")
    assert found["cell"] == "pre-li"
    points = {p["current_ua_cm2"]: p["capacity_uah_cm2"] for p in found["points"]}
    for current, published in {1: 15.58, 2: 14.95, 8: 13.11, 12: 10.95}.items():
        assert points[current] == pytest.approx(published, abs=0.4)


def test_temperature():
    found = answered("temperature", "--cell", "pre-li", "--temperatures", "25,37,60")
    given = [p["capacity_uah_cm2"] for p in found["points"]]
    assert [p["temperature_c"] for p in found["points"]] == [25, 37, 60]
    assert given[0] == pytest.approx(6.0, abs=0.4)
    assert given[0] < given[1] < given[2]
    assert given[2] == pytest.approx(20.47, abs=0.4)


def test_area_only_scales():
    small, large = (answered("discharge", "--area", area) for area in (0.19, 19.0))
    assert small["capacity_uah_cm2"] == pytest.approx(large["capacity_uah_cm2"], rel=1e-6)
    assert large["capacity_uah"] == pytest.approx(100 * small["capacity_uah"], rel=1e-6)


def test_cycle_by_steps():
    steps = (
        "charge at 6.32 uA/cm2 to 4.0 V, rest 10 min, discharge at 6.32 uA/cm2 to 1.0 V, 4 times"
    )
    found = answered("cycle", "--cell", "evp-li", "--steps", steps)["cycles"]
    assert [each["cycle"] for each in found] == [1, 2, 3, 4]
    last = found[-1]
    share = 100 * last["discharge_uah_cm2"] / last["charge_uah_cm2"]
    assert last["coulombic_efficiency_pct"] == pytest.approx(share)
    assert share == pytest.approx(99.71, abs=0.2)


def test_a_step_that_does_not_do_what_it_says_is_told_or_refused(tmp_path):
    steps = (
        "charge at 6 uA/cm2 for 1000 h, hold at 2 V until 0.1 uA/cm2,"
        " discharge at 6 uA/cm2 to 1.0 V, 2 times"
    )
    ran = lab("cycle", "--steps", steps)
    assert ran.exit_code == 0
    first, second = ran.stderr.splitlines()
    assert '"charge at 6 uA/cm2 for 1000 h" ended after' in first
    assert '"hold at 2 V until 0.1 uA/cm2" does nothing' in second
    assert second.endswith("and so in 1 more")
    assert "step 2: hold at 2 V until 0.1 uA/cm2: ended by its direction" in ran.stdout
    shown = json.loads(lab("cycle", "--steps", steps, "--json").stdout)
    assert shown["cycles"][0]["ends"] == ["window", "wrong way", "voltage"]
    assert len(shown["remarks"]) == 2
    out = tmp_path / "out.bdf.csv"
    refused = lab("cycle", "--steps", steps, "--strict", "--bdf", out)
    assert refused.exit_code == 2
    assert refused.stderr.count("\n") == 1
    assert "ended after" in refused.stderr
    assert not out.exists()


def test_a_current_far_too_large_gives_nothing():
    found = answered("discharge", "--current", 50000)
    assert found["capacity_uah"] == 0.0
    assert found["plateau_v"] is None


def test_cv_and_eis():
    peaks = answered("cv", "--cell", "pre-li")["peaks"]
    assert peaks[0]["voltage_v"] == pytest.approx(2.95, abs=0.06)
    assert peaks[-1]["voltage_v"] == pytest.approx(1.65, abs=0.06)
    assert peaks[-2]["voltage_v"] == pytest.approx(2.6, abs=0.06)
    spectrum = answered("eis")
    assert spectrum["r_ct"] == pytest.approx(412, rel=0.05)
    assert spectrum["r_lipon"] == pytest.approx(65.2, rel=0.05)
    assert len(spectrum["frequencies_hz"]) == len(spectrum["impedance_ohm_cm2"])


def test_ocv_and_pulse():
    points = answered("ocv", "--cell", "evp-li")["points"]
    middle = {
        branch: [p["rested_v"] for p in points if p["branch"] == branch][5]
        for branch in ("charge", "discharge")
    }
    # Static hysteresis is what is left of the plateau gap of 0.7 V.
    assert 0.1 < middle["charge"] - middle["discharge"] < 0.6
    assert len(answered("pulse", "--count", 2)["pulses"]) == 2


def test_profile_and_bdf(tmp_path):
    load, out = tmp_path / "load.csv", tmp_path / "out.bdf.csv"
    load.write_text("time_s,current_ua\n0,-2\n600,0\n1200,0\n")
    found = answered("profile", load, "--bdf", out)
    assert found["discharged_uah"] == pytest.approx(2 / 6)
    with out.open() as file:
        rows = list(csv.DictReader(file))
    assert float(rows[-1]["Test Time / s"]) == pytest.approx(1200)
    assert float(rows[0]["Current / A"]) == pytest.approx(-2e-6)


def test_the_liquid_cell_and_a_drawn_cell():
    assert answered("discharge", "--cell", "liquid-li-s")["plateau_v"] == pytest.approx(
        2.1, abs=0.02
    )
    one, two, again = (
        answered("discharge", "--seed", seed)["capacity_uah_cm2"] for seed in (1, 2, 1)
    )
    assert one == again != two


def test_a_picture(tmp_path):
    pytest.importorskip("matplotlib")
    out = tmp_path / "rate.png"
    answered("rate", "--plot", out)
    assert out.read_bytes().startswith(b"\x89PNG")


def test_one_temperature_may_be_given_as_elsewhere():
    found = answered("temperature", "--temperature", "37", "--current", "5")
    assert [p["temperature_c"] for p in found["points"]] == [37]


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "rate.bdf.csv"
    answered("rate", "--cell", "evp-li", "--area", 0.2, "--currents", "1,10", "--bdf", path)
    return path


def test_fit(measured, tmp_path):
    out, plot = tmp_path / "Dünnschichtzelle.toml", tmp_path / "residuals.png"
    found = answered(
        "fit", measured, "--area", 0.2, "--profile-area", 5, "--out", out, "--plot", plot
    )
    evp = load_parameters("evp-li")
    for each in found["parameters"]:
        if each["name"] in ("capacity_uah_cm2", "diffusion_time_h", "charge_acceptance"):
            assert each["low"] <= getattr(evp, each["name"]) <= each["high"]
    assert "one temperature" in found["cannot_tell"]["diffusion_activation_energy_ev"]
    assert plot.read_bytes().startswith(b"\x89PNG")
    # The fitted cell is a cell for every other command, and its profile is the compiler's.
    assert answered("discharge", "--cell", out)["capacity_uah_cm2"] == pytest.approx(
        answered("discharge", "--cell", "evp-li")["capacity_uah_cm2"], rel=0.01
    )
    again = tmp_path / "again.bin"
    made = CliRunner().invoke(main, ["profile", str(out), "--area", "5", "--out", str(again)])
    assert made.exit_code == 0
    assert again.read_bytes() == out.with_suffix(".profile").read_bytes()


def test_fit_with_a_spectrum_says_what_the_data_tell_and_how_far_it_is(measured, tmp_path):
    spectrum, out = tmp_path / "eis.csv", tmp_path / "mine.toml"
    answered("eis", "--cell", "evp-li", "--area", 0.2, "--out", spectrum)
    ran = lab("fit", measured, spectrum, "--area", 0.2, "--out", out)
    assert ran.exit_code == 0
    assert "The data cannot tell" in ran.stdout
    assert "interface_activation_energy_ev: all data are at one temperature" in ran.stdout
    assert "its profile for 0.2 cm2" in ran.stdout
    (contact,) = [line for line in ran.stdout.splitlines() if line.startswith("contact_res")]
    assert float(contact.split()[1]) == pytest.approx(412.0, rel=0.01)
    assert "an impedance spectrum sees" not in ran.stdout
    # Where nobody watches a bar there are lines.
    said = ran.stderr.splitlines()
    assert [line.rpartition("s: ")[2] for line in said][:2] == [
        "reading rate.bdf.csv",
        "reading eis.csv",
    ]
    assert all(line.startswith("fit: ") for line in said)
    assert "8 parameters" in ran.stderr


def test_data_of_another_cell_leave_nothing_unless_forced(tmp_path):
    """The liquid cell, whose discharge has two plateaus, in a file whose name has two lines."""
    path, out = tmp_path / "liquid\ncell.bdf.csv", tmp_path / "mine.toml"
    answered("rate", "--cell", "liquid-li-s", "--currents", "20,4", "--bdf", path)
    rows = [line.split(",") for line in path.read_text().splitlines()]
    rows[30][rows[0].index("Voltage / V")] = "0.0"
    path.write_text("\n".join(map(",".join, rows)))
    options = ("fit", path, "--area", 1, "--out", out)
    ran = lab(*options)
    assert ran.exit_code == 1
    *_, done, refused = ran.stderr.split("filmgauge: ")
    assert "1 row left out" in done
    assert "has two plateaus, at 2.3 and 2." in refused
    assert "Nothing is written; --force writes the set" in ran.stderr
    assert list(tmp_path.iterdir()) == [path]
    forced = lab(*options, "--force")
    assert forced.exit_code == 0
    assert "has two plateaus" in forced.stderr
    assert "# Forced, although liquid cell.bdf.csv: the discharge" in out.read_text()
    assert out.with_suffix(".profile").exists()


def test_a_count_that_is_not_the_current_is_refused_or_left_out(measured, tmp_path):
    lines = measured.read_text().splitlines()
    doubled = [lines[0]]
    for line in lines[1:]:
        *cells, count = line.split(",")
        doubled.append(",".join([*cells, f"{2.0 * float(count):.9g}"]))
    path, out = tmp_path / "doubled.bdf.csv", tmp_path / "mine.toml"
    path.write_text("\n".join(doubled))
    ran = lab("fit", path, "--area", 0.2, "--out", out)
    assert ran.exit_code == 2
    assert "what 'Net Capacity / Ah' counts is 2 times what 'Current / A' passes" in ran.stderr
    assert not out.exists()
    found = answered("fit", path, "--area", 0.2, "--out", out, "--ignore-count")
    capacity = next(p for p in found["parameters"] if p["name"] == "capacity_uah_cm2")
    evp = load_parameters("evp-li").capacity_uah_cm2
    # The charges of holds by few logged currents.
    assert capacity["value"] == pytest.approx(evp, rel=0.05)


def test_a_measured_spectrum_is_fitted_and_drawn(tmp_path):
    spectrum, plot = tmp_path / "eis.csv", tmp_path / "eis.png"
    answered("eis", "--area", 0.19, "--out", spectrum)
    found = answered("eis", "--area", 0.19, "--fit", spectrum, "--plot", plot)
    figures = {each["name"]: each for each in found["figures"]}
    assert figures["r_ct"]["value"] == pytest.approx(412.0, rel=1e-3)
    assert found["kramers_kronig"]["holds"]
    assert plot.read_bytes().startswith(b"\x89PNG")
    # A spectrum of which a part was measured on another cell.
    lines = spectrum.read_text().splitlines()
    broken = [lines[0]]
    for k, line in enumerate(lines[1:]):
        hertz, *parts = line.split(",")
        broken.append(",".join([hertz, *(f"{(1 + (k > 40)) * float(p):.6g}" for p in parts)]))
    spectrum.write_text("\n".join(broken))
    ran = lab("eis", "--area", 0.19, "--fit", spectrum)
    assert ran.exit_code == 1
    assert "not obeyed" in ran.stdout
    assert "does not obey Kramers and Kronig" in ran.stderr


def test_a_table_and_a_picture_say_what_they_show(tmp_path):
    plot = tmp_path / "rate.svg"
    ran = lab("rate", "--cell", "evp-li", "--temperature", 37, "--currents", "2,4", "--plot", plot)
    title = "evp-li, a cycle at each current, 37 degC"
    assert ran.stdout.splitlines()[0] == title
    assert f"<!-- {title} -->" in plot.read_text()
    assert "<!-- cycle 2: 4 uA/cm2 -->" in plot.read_text()
    cycled = lab("cycle", "--cycles", 2, "--current", 6)
    assert cycled.stdout.startswith("pre-li, cycles at 6 uA/cm2, 1 to 2, 25 degC\n")


def test_the_table_of_the_paper_fits_a_hundred_columns():
    rows = [
        PublishedFigure(name, given["unit"], 1234.5, 1234.5, 1230.0, 1240.0, False, "x" * 50)
        for figures in PAPER["figures"].values()
        for name, given in figures.items()
    ]
    rows.append(replace(rows[0], simulated=1250.0, state="long " * 30, cause="long " * 30))
    assert max(map(len, table_lines(rows))) <= WIDTH == 100
    assert "MISSED: long" in "\n".join(table_lines(rows))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--area", 0), "--area must be 0.0001 to 10000 cm2"),
        (("--area", 0.001), "--profile-area is that of the film on the board"),
        (("--area", 0.2, "--profile-area", 2000), "--profile-area must be 0.01 to 1000"),
        (("--area", 0.2, "--cell", "none"), "none is neither a file"),
        (("--area", 0.2, "--cell", "pre-li-boundary"), "pre-li-boundary is of physics boundary"),
        (("--area", 0.2, "--out", "mi\x7fne.toml"), "the set must have a name of text"),
        (("--area", 0.2, "--plot", "x.gif"), "--plot must end in .png or .svg"),
        (("--area", 0.2, "--temperature", 90), "--temperature must be -40 to 85"),
    ],
)
def test_a_fit_that_cannot_be_leaves_nothing(measured, tmp_path, options, says):
    ran = lab("fit", measured, "--out", tmp_path / "mine.toml", *options)
    assert ran.exit_code == 2
    assert says in ran.output
    assert ran.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_files_that_cannot_be_written_are_named_before_the_work(tmp_path):
    for option in ("--plot", "--bdf"):
        target = tmp_path / "none" / "x.png"
        ran = lab("rate", option, target)
        assert ran.exit_code == 2
        assert "there is no folder" in ran.output
    both = tmp_path / "x.png"
    ran = lab("rate", "--plot", both, "--bdf", both)
    assert "is given for two files" in ran.output
    assert not both.exists()
    link = tmp_path / "link.png"
    link.symlink_to("none/x.png")
    ran = lab("rate", "--plot", link)
    assert ran.exit_code == 2
    assert f"there is no folder {target.parent}" in ran.output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("rate", "--cell", "none"), "none is neither a file nor one of the sets"),
        (("rate", "--currents", "1,x"), "not a list of numbers"),
        (("rate", "--currents", "0"), "every number must be"),
        (("temperature", "--temperatures", "25,99"), "every number must be -40 to 85"),
        (("discharge", "--temperature", "nan"), "--temperature must be -40 to 85"),
        (("discharge", "--area", "0"), "--area must be"),
        (("discharge", "--plot", "x.gif"), "--plot must end in .png or .svg"),
        (("cycle", "--steps", "run away"), '"run away" is not a step'),
        (("eis", "--cell", "liquid-li-s"), "--cell must be a film for eis"),
        (("cv", "--bdf", "x.csv"), "--bdf does not apply"),
        (("cycle", "--cell", "liquid-li-s", "--current", "0.5"), "is not reached within"),
        (("ocv", "--cell", "liquid-li-s"), "never ends"),
        (("discharge", "--current", "nan"), "nan is not a number from"),
        (("cycle", "--steps", "charge at 5 uA/cm2 to 9 V"), "a voltage from 0 to 5.5 V"),
        (("cycle", "--steps", "rest 0 min"), "must take more than 0"),
        (("cycle", "--steps", "rest 1e30 h"), "up to 1e+09 s"),
        (("pulse", "--current", "-100000", "--seconds", "1000"), "beyond 0 to 5.5 V"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(arguments, says):
    ran = lab(*arguments)
    assert ran.exit_code == 2
    assert says in ran.output
    assert "Traceback" not in ran.output


def test_a_seed_for_the_liquid_cell_is_refused() -> None:
    done = CliRunner().invoke(main, ["lab", "discharge", "--cell", "liquid-li-s", "--seed", "3"])
    assert done.exit_code == 2
    assert done.stderr.count("\n") == 1
    assert "seed" in done.stderr

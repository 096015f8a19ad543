"""Parameter sets: where numbers come from, and one clear sentence for everything wrong."""

import math
import re
import subprocess
import sys
import zipfile
from dataclasses import fields, replace
from functools import cache
from pathlib import Path
from statistics import mean, stdev

import pytest

from filmgauge_sim.cell import CellParameters, ParameterError, available_sets, load_parameters
from filmgauge_sim.cell.liquid import LiquidParameters, load_liquid
from filmgauge_sim.cell.parameters import PHYSICS

ROOT = Path(__file__).parents[3]
SETS = ROOT / "sim/filmgauge_sim/cell/sets"
EVP = load_parameters("evp-li")
# What belongs to one physics only, and which that is.
WITH_DEFAULT = {
    "diffusion_freezing_k",
    "physics",
    "diffusivity_ratio",
    "patch_spread",
    "knee_width",
}
NUMBERS = [each.name for each in fields(CellParameters) if each.metadata]


def sentence(path: Path | str) -> str:
    """The one sentence that refuses the set."""
    with pytest.raises(ParameterError) as caught:
        load_parameters(path)
    text = str(caught.value)
    assert text.endswith(".")
    assert "\n" not in text
    return text


@pytest.fixture
def altered(tmp_path):
    """Write evp-li with one line replaced (or removed, or added) to a file of its own."""

    def write(key: str, line: str) -> Path:
        text = (SETS / "evp-li.toml").read_text()
        changed, count = re.subn(rf"(?m)^{key} = .*$", line, text)
        path = tmp_path / "mine.toml"
        path.write_text(changed if count else f"{text}{line}\n")
        return path

    return write


def test_the_sets_of_the_package_load():
    assert available_sets() == [
        "evp-li",
        "evp-li-boundary",
        "evp-li-variable",
        "pre-li",
        "pre-li-boundary",
        "pre-li-variable",
    ]
    for name in available_sets():
        assert load_parameters(name).name == name
    assert [available_sets(physics) for physics in PHYSICS] == [
        ["evp-li", "pre-li"],
        ["evp-li-variable", "pre-li-variable"],
        ["evp-li-boundary", "pre-li-boundary"],
    ]


@pytest.mark.parametrize("name", available_sets())
def test_every_number_of_a_set_tells_its_source(name):
    lines = (SETS / f"{name}.toml").read_text().splitlines()
    has_base = any(line.startswith("base = ") for line in lines)
    numeric = [line for line in lines if re.match(r"\w+ = [-+0-9]", line)]
    if not has_base:
        assert len(numeric) == len(set(NUMBERS) - WITH_DEFAULT)
    for line in numeric:
        assert re.search(r" # (source|fitted|assumed): \S.{8,}", line), line
        if "source:" in line:
            assert "Nano-Micro Lett. 15:73" in line


def test_every_number_of_the_liquid_cell_tells_its_source():
    text = (SETS.parent / "sets_liquid/liquid-li-s.toml").read_text()
    numeric = [line for line in text.splitlines() if re.match(r"\w+ = [-+0-9]", line)]
    assert len(numeric) == len(fields(LiquidParameters)) - 1
    for line in numeric:
        assert re.search(r" # (source|fitted|assumed): \S.{8,}", line), line
    assert (load_liquid().upper_plateau_v, load_liquid().lower_plateau_v) == (2.3, 2.1)


def test_published_figures_are_in_the_sets():
    for name in available_sets():
        cell = load_parameters(name)
        assert cell.lipon_thickness_um == 1.5
        assert cell.lipon_conductivity_s_cm == 2.3e-6
        assert cell.lipon_activation_energy_ev == 0.55
        assert cell.contact_resistance_ohm_cm2 == 412


def test_a_path_is_read_like_a_name(altered):
    path = altered("capacity_uah_cm2", "capacity_uah_cm2 = 12  # a whole number will do")
    assert load_parameters(path) == replace(load_parameters("evp-li"), capacity_uah_cm2=12)
    assert load_parameters(str(path)) == load_parameters(path)


def test_the_fields_cannot_be_changed():
    with pytest.raises(AttributeError):
        load_parameters("evp-li").capacity_uah_cm2 = 3.0  # type: ignore[misc]


@pytest.mark.parametrize(
    "value", ["-3.0", "0", "1e9", "nan", "inf", "-inf", "true", '"11"', "[11.0]", "2026-01-01"]
)
def test_a_wrong_value_is_refused_with_file_field_and_bound(altered, value):
    text = sentence(altered("capacity_uah_cm2", f"capacity_uah_cm2 = {value}"))
    assert "mine.toml" in text
    assert "capacity_uah_cm2 must be a number from 0.1 to 10000" in text


@pytest.mark.parametrize(
    "key", [each.name for each in fields(CellParameters) if each.name not in WITH_DEFAULT]
)
def test_every_key_is_needed(altered, key):
    missing = sentence(altered(key, ""))
    assert "mine.toml" in missing
    assert f"{key} is missing" in missing


@pytest.mark.parametrize("key", [each.name for each in fields(CellParameters)])
def test_every_key_is_checked(altered, key):
    wrong = sentence(altered(key, f"{key} = []"))
    assert "mine.toml" in wrong
    assert f"{key} must be " in wrong


def test_a_set_takes_the_rest_from_its_base(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('base = "pre-li"\nname = "mine"\nphysics = "boundary"\npatch_spread = 0.2\n')
    assert load_parameters(path) == replace(
        load_parameters("pre-li"), name="mine", physics="boundary", patch_spread=0.2
    )


@pytest.mark.parametrize("value", ['"none"', "3", '["evp-li"]'])
def test_a_base_that_is_none_is_refused(tmp_path, value):
    path = tmp_path / "mine.toml"
    path.write_text(f'base = {value}\nname = "mine"\n')
    text = sentence(path)
    assert "mine.toml" in text
    assert "base must be one of the sets evp-li, " in text


def test_an_unknown_physics_is_refused(altered):
    text = sentence(altered("physics", 'physics = "magic"'))
    assert "physics must be one of linear, variable, boundary, not 'magic'" in text


def test_an_unknown_key_is_refused(altered):
    text = sentence(altered("capacity_mah", "capacity_mah = 3"))
    assert "mine.toml" in text
    assert "capacity_mah is not a field" in text
    assert "capacity_uah_cm2" in text


def test_a_gap_smaller_than_the_ohmic_drop_is_refused(altered):
    text = sentence(altered("plateau_current_ua_cm2", "plateau_current_ua_cm2 = 1e3"))
    # 477 ohm cm2 at 1 mA/cm2 take 0.48 V; half of the kinetic part of the gap is 0.14 V.
    assert "mine.toml" in text
    assert "kinetic_share must be above 1.36" in text


@pytest.mark.parametrize(
    "content", [b"capacity_uah_cm2 = ", b"\xff\xfe\x00", b"x = " + b"[" * 9999, b"a = 1\na = 2"]
)
def test_what_is_not_toml_is_refused(tmp_path, content):
    path = tmp_path / "broken.toml"
    path.write_bytes(content)
    text = sentence(path)
    assert "broken.toml" in text
    assert "TOML" in text


def test_what_is_not_there_is_refused(tmp_path):
    absent = sentence(tmp_path / "absent.toml")
    assert "absent.toml" in absent
    assert "evp-li, evp-li-boundary" in absent
    assert str(tmp_path) in sentence(tmp_path)


def test_parameters_made_in_code_are_checked_too():
    with pytest.raises(
        ParameterError, match=r"kinetic_share must be a number from 0\.05 to 0\.95"
    ):
        replace(load_parameters("pre-li"), kinetic_share=math.nan)


def test_the_sets_travel_in_the_wheel(tmp_path):
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=60)
    (wheel,) = tmp_path.glob("*.whl")
    # Imported from the archive itself: nothing but the wheel can provide the sets.
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "installed")
    code = (
        "import filmgauge_sim.cell as c;"
        "print(c.__file__, *c.available_sets(), c.load_parameters('pre-li').capacity_uah_cm2)"
    )
    ran = subprocess.run(
        [sys.executable, "-S", "-c", code],
        cwd=tmp_path / "installed",
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    where, *rest = ran.stdout.split()
    assert where.startswith(str(tmp_path))
    assert rest[:-1] == available_sets()
    assert float(rest[-1]) == load_parameters("pre-li").capacity_uah_cm2


def test_a_seed_is_a_cell():
    assert EVP.drawn(7) == EVP.drawn(7)
    assert EVP.drawn(7) != EVP.drawn(8)


@cache
def drawn_ones():
    return [EVP.drawn(seed) for seed in range(3000)]


@pytest.mark.parametrize(
    ("figure", "spread"),
    [
        (lambda p: p.capacity_uah_cm2, EVP.capacity_spread),
        (lambda p: p.diffusion_time_h, EVP.diffusion_spread),
        (lambda p: p.lipon_resistance_ohm_cm2, EVP.resistance_spread),
        (lambda p: p.contact_resistance_ohm_cm2, EVP.resistance_spread),
        (lambda p: 1.0 - p.charge_acceptance, EVP.loss_spread),
        (lambda p: p.self_discharge_per_year, EVP.loss_spread),
    ],
)
def test_the_stated_width_around_the_set(figure, spread):
    logs = [math.log(figure(cell) / figure(EVP)) for cell in drawn_ones()]
    assert mean(logs) == pytest.approx(0.0, abs=5 * spread / math.sqrt(3000))
    assert stdev(logs) == pytest.approx(spread, rel=0.07)


def test_what_is_not_drawn_stays():
    cell = EVP.drawn(3)
    assert cell.plateau_gap_v == EVP.plateau_gap_v
    assert cell.name == EVP.name

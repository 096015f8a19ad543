"""What a gauge is told wrongly, and that its cell stays what it is."""

from dataclasses import replace
from random import Random

import pytest

from filmgauge_sim.cell import load_parameters
from filmgauge_sim.score.families import FAMILIES
from filmgauge_sim.score.modifiers import MODIFIERS, PLAIN, Description
from filmgauge_sim.score.random_cells import SensorErrors
from filmgauge_sim.score.rows import row
from filmgauge_sim.score.run import run

TRUE = Description("evp-li", 2.0)


def drawn(name, method, given):
    return {getattr(MODIFIERS[name], method)(given, Random(seed)) for seed in range(30)}


def test_each_is_wrong_by_what_it_says():
    assert {each.area_cm2 for each in drawn("wrong-area", "description", TRUE)} == {1.6, 2.4}
    assert drawn("wrong-kind", "description", TRUE) == {Description("pre-li", 2.0)}
    assert drawn("wrong-shunt", "shunt_ohm", 1000.0) == {990.0, 1010.0}
    off = drawn("sensor-off", "sensors", SensorErrors(temperature_offset_c=0.05))
    assert {errors.temperature_offset_c for errors in off} == {-3.0, 3.0}


@pytest.mark.parametrize("name", MODIFIERS)
def test_only_a_wrong_area_or_kind_is_a_wrong_profile(name):
    says_wrong = MODIFIERS[name].description(TRUE, Random(1)) != TRUE
    assert MODIFIERS[name].is_wrong_profile == says_wrong


def test_the_use_stays_and_the_readings_say_what_is_wrong():
    """The counter of a node with a wrong shunt counts 1 % too much or too little."""
    family = replace(FAMILIES["implant-37"], days=1.0)
    right, wrong = (
        run(row(family, "linear", modifier), 5) for modifier in (PLAIN, MODIFIERS["wrong-shunt"])
    )
    assert wrong.soc == right.soc
    moved = [
        log.tracks["counter"].soc[-1] - log.tracks["counter"].soc[0] for log in (right, wrong)
    ]
    assert abs(moved[1] / moved[0] - 1.0) == pytest.approx(0.01, abs=1e-3)


def test_baselines_are_made_for_what_was_stated():
    family = replace(FAMILIES["lab-25"], days=0.1)
    log = run(row(family, "linear", MODIFIERS["wrong-kind"]), 1)
    stated = load_parameters("pre-li").capacity_uah_cm2 * family.area_cm2
    assert set(log.tracks["counter"].full_uah) == {stated}
    assert log.full_uah[0] == pytest.approx(
        load_parameters("evp-li").capacity_uah_cm2 * family.area_cm2, rel=0.051
    )

"""The gauge says the same in every runtime: awake all the time, asleep between readings, on the
real interpreter and in single precision. Every state must agree within 0.1 % of full."""

from dataclasses import replace

import pytest

from filmgauge_sim.cell import load_parameters
from filmgauge_sim.cell.compiled import compile_profile
from filmgauge_sim.score import run as score_run
from filmgauge_sim.score.families import FAMILIES, Family
from filmgauge_sim.score.firmware_gauge import FirmwareGauge, RuntimeName
from filmgauge_sim.score.run import Options, Track, run
from filmgauge_sim.score.sensor_model import Reading, ReadingKind

WITHIN = 0.001  # of full
OTHERS: tuple[tuple[RuntimeName, bool], ...] = (
    ("cpython", False),
    ("cpython", True),
    ("micropython", False),
)


def said(family: Family, options: Options) -> Track:
    log = run(family, seed=3, options=options)
    assert {end for _, end in log.ends}, "the run must reach an end"
    return log.tracks["gauge"]


@pytest.mark.parametrize(("name", "days"), [("lab-25", 2.5), ("outdoor", 8.0), ("fast", 1.5)])
def test_the_same_in_every_runtime(
    name: str, days: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(score_run, "BASELINES", {})
    family = replace(FAMILIES[name], days=days)
    plain = said(family, Options())
    assert not plain.problems
    full_uah = plain.full_uah[0]
    for runtime, single in OTHERS:
        again = said(family, Options(single=single, runtime=runtime))
        assert not again.problems
        for what, scale in (
            ("soc", 1.0),
            ("sigma", 1.0),
            ("available_uah", full_uah),
            ("full_uah", full_uah),
        ):
            pairs = list(zip(getattr(plain, what), getattr(again, what), strict=True))
            assert len(pairs) > 100
            assert max(abs(one - other) for one, other in pairs) <= WITHIN * scale, what


def test_an_interpreter_computes_in_double() -> None:
    with pytest.raises(ValueError, match="--float32 needs --runtime gauge or cpython"):
        Options(single=True, runtime="micropython")


def test_an_interpreter_that_has_ended_is_a_problem() -> None:
    family = FAMILIES["lab-25"]
    profile = compile_profile(load_parameters(family.cell_set), family.area_cm2)
    ours = FirmwareGauge(profile, 1_000_000, (0.5, 0.1), runtime="micropython")
    reading = Reading(ReadingKind.CONNECTED, 60_000, -1000, -10, 2_000_000, 2500)
    ours.update(reading)
    assert not ours.problems()
    ours.close()
    before = ours.soc()
    ours.update(reading)
    assert ours.problems()
    assert ours.soc() == before

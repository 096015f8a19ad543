"""A stuck hour: what nobody can know while it lasts, and that nothing of it is left behind."""

from random import Random

import pytest

from filmgauge_sim.score import run as score_run
from filmgauge_sim.score.families import FAMILIES
from filmgauge_sim.score.family_figures import counted_from_s
from filmgauge_sim.score.programmes import CHARGE_C, HOUR_S
from filmgauge_sim.score.run import run

STUCK_PCT = 100.0 * CHARGE_C  # that may have flowed, or not, in an hour that is not seen
WORST_SEED = 4  # of twenty: a discharge begins as the sensor gets stuck at rest


@pytest.fixture
def errors(monkeypatch: pytest.MonkeyPatch) -> tuple[list[float], list[float], bool]:
    """Errors in per cent within the stuck hour and outside it, and whether sigma covers those."""
    monkeypatch.setattr(score_run, "BASELINES", {})
    family = FAMILIES["bad-sensor"]
    log = run(family, WORST_SEED)
    # As the run draws it.
    stuck_s = Random(f"bad-sensor/{WORST_SEED}/faults").uniform(0.3, 0.9) * family.days * 86400.0
    begins_s, track = counted_from_s(log, family.counted), log.tracks["gauge"]
    inside: list[float] = []
    outside: list[float] = []
    covered = True
    for time_s, true, soc, sigma in zip(log.time_s, log.soc, track.soc, track.sigma, strict=True):
        if time_s < begins_s:
            continue
        error = 100.0 * abs(soc - true)
        if stuck_s <= time_s < stuck_s + HOUR_S + 130.0:  # until two readings later
            inside.append(error)
            covered = covered and error <= 200.0 * sigma + 1.0
        else:
            outside.append(error)
    return inside, outside, covered


def test_only_while_it_lasts_nobody_knows(
    errors: tuple[list[float], list[float], bool],
) -> None:
    inside, outside, covered = errors
    # Seeing nothing, the best guess between "nothing flowed" and "all did" is half of it: 10 %.
    assert STUCK_PCT / 2 > 8.0  # the bound of this family
    assert STUCK_PCT / 2 < max(inside) <= STUCK_PCT
    assert covered
    assert max(outside) < 2.0

"""What the budget says where a converter cannot bring what its node takes."""

import pytest

from filmgauge_host.cli.node import budget_lines
from filmgauge_sim.nodes.energy_budget import energy_budget
from filmgauge_sim.nodes.tables import varied
from filmgauge_sim.scenario.loading import load_scenario


@pytest.mark.parametrize(("discharge_ua", "is_short"), [(9.0, True), (14.0, False)])
def test_a_converter_that_is_too_small(discharge_ua: float, is_short: bool) -> None:
    """9 uA asleep at 1.8 V are more than 9 uA from a cell of less than 2 V, after losses."""
    window = load_scenario("window").node[0].description
    described = varied(window, {"converter.discharge_ua": discharge_ua})
    text = "\n".join(budget_lines(described, energy_budget(described)))
    assert ("converter.discharge_ua must be at least" in text) == is_short

"""What the budget says where converter or capacitor do not carry what their node takes."""

import pytest

from filmgauge_host.cli.node import budget_lines, budget_table
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


@pytest.mark.parametrize(("capacitance_uf", "is_short"), [(4700.0, True), (1e6, False)])
def test_a_capacitor_that_carries_no_boot_with_a_report(
    capacitance_uf: float, is_short: bool
) -> None:
    """0.68 s at 40 mA and 0.9 s at 105 mA: 405 mJ at 3.3 V; 4700 uF from 3.0 to 2.8 V hold 3."""
    changes = {"board": "esp32-c3", "bluetooth.advertise_ms": 0, "bluetooth.awake_ms": 0}
    window = load_scenario("window").node[0].description
    described = varied(window, {**changes, "capacitor.capacitance_uf": capacitance_uf})
    budget = energy_budget(described)
    shortfalls: list[str] = budget_table(described, budget)["shortfalls"]
    for text in "\n".join(budget_lines(described, budget)), "\n".join(shortfalls):
        assert ("boots for ever: capacitor.capacitance_uf must be at least" in text) == is_short


def test_it_says_what_somebody_has_measured() -> None:
    window = load_scenario("window").node[0].description
    described = varied(window, {"budget.own_uw": 3.0, "budget.advert_uj": 500.0})
    budget = energy_budget(described)
    marked = [line for line in budget_lines(described, budget) if line.endswith("  measured")]
    assert [line.split(",")[0].strip() for line in marked] == ["asleep", "advertisement"]
    assert budget_table(described, budget)["measured"] == ["own_uw", "advert_uj"]
    assert not any("measured" in line for line in budget_lines(window, energy_budget(window)))


def test_a_node_that_is_said_to_take_nothing_has_no_days() -> None:
    window = load_scenario("window").node[0].description
    names = ("own_uw", "wake_uj", "glance_uj", "report_uj", "advert_uj", "awake_uw", "waking_uj")
    described = varied(window, {f"budget.{name}": 0.0 for name in names})
    budget = energy_budget(described)
    assert budget_table(described, budget)["cell_days"] is None
    assert "days" not in "".join(budget_lines(described, budget))

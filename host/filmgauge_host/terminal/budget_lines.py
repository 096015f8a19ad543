"""The energy budget of a node as text for people, and as one table for machines."""

from dataclasses import asdict
from typing import Any

from filmgauge_sim.nodes.configuration import compiled_profile
from filmgauge_sim.nodes.description import NodeDescription
from filmgauge_sim.nodes.energy_budget import EnergyBudget

_FIGURES = {  # of the firmware's ledger, in words
    "own_uw": "asleep, uW",
    "wake_uj": "wake with a full sample, uJ",
    "glance_uj": "wake that only checks the current, uJ",
    "report_uj": "report besides what follows, uJ",
    "advert_uj": "advertisement, uJ",
    "event_uj": "connection event, uJ",
    "awake_uw": "awake for the radio, uW",
    "waking_uj": "coming awake for it, uJ",
    "refill_efficiency": "from the cell to the capacitor",
}


def budget_table(description: NodeDescription, budget: EnergyBudget) -> dict[str, Any]:
    """Return all figures of a budget; those of cell and harvester are None with supply usb."""
    film = description.supply == "film"
    return {
        "node": description.name,
        "board": description.board,
        "supply": description.supply,
        "lines": [asdict(line) for line in budget.lines],
        "power_uw": budget.power_uw,
        "cell_uah_day": budget.cell_uah_day if film else None,
        "cell_days": _cell_days(description, budget) if film else None,
        "harvester_uw": _harvester_uw(description, budget) if film else None,
        "booked": asdict(budget.figures) if description.sensor.switched else None,
    }


def budget_lines(description: NodeDescription, budget: EnergyBudget) -> list[str]:
    """Return a budget line by line, with what the harvester must give."""
    film = description.supply == "film"
    lines = [f"{description.name}, {description.board}: what it takes, without any harvest"]
    rows = [
        (line.name, line.power_uw, line.cell_uah_day) for line in budget.lines if line.power_uw
    ]
    for name, power_uw, uah_day in [*rows, ("in all", budget.power_uw, budget.cell_uah_day)]:
        of_cell = f"{uah_day:>10.2f} uAh a day" if film else ""
        lines.append(f"  {name:20}{power_uw:>12.2f} uW{of_cell}")
    if film:
        least_ua = budget.cell_uah_day / 24.0
        if least_ua > description.converter.discharge_ua:
            lines.append(
                f"  more than its converter brings from the cell: converter.discharge_ua must be"
                f" at least {least_ua:.1f}, not {description.converter.discharge_ua:g}"
            )
        lines.append(
            f"  its full cell carries it for {_cell_days(description, budget):.1f} days; a"
            f" harvester must give at least {_harvester_uw(description, budget):.1f} uW on average"
        )
    if description.sensor.switched:
        booked = asdict(budget.figures).items()
        lines.append("  its firmware books, out of the capacitor:")
        lines += [f"    {_FIGURES[name]:38}{value:>10.2f}" for name, value in booked]
    return lines


def _cell_days(description: NodeDescription, budget: EnergyBudget) -> float:
    full_uah = compiled_profile(description).full_pc() / 3.6e9
    return full_uah / budget.cell_uah_day


def _harvester_uw(description: NodeDescription, budget: EnergyBudget) -> float:
    """Return the mean power of a harvester of which the budget arrives in the capacitor."""
    return description.converter.converter.needed_uw(budget.power_uw)

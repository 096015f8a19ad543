"""A week of one design on PyBaMM's own cell, beside the engine of sizing.

`python -m bench.design_week` stores what PyBaMM gives in tests/sim/sizing/pybamm_week.json, for
the suite, which has no PyBaMM. The bench compares the engine with PyBaMM itself.

The bound, in per cent of the capacity, is the sum of what only one of the two has: 7 mJ that the
capacitor holds by day and not by night, 0.1; self-discharge and ageing in a week, 0.04; what a
sphere and a film, or an hour's mean and its course, differ in voltage, 1 mV of 1.8 V of 1.1 times
the capacity that passes, 0.06.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.figures import Figure
from bench.peers import Peer, are_installed
from filmgauge_sim.cell import load_parameters
from filmgauge_sim.cell.kinetics import exchange_current_ua_cm2, static_hysteresis_v
from filmgauge_sim.nodes.description import NodeDescription, read_description
from filmgauge_sim.nodes.tables import varied
from filmgauge_sim.sizing.design import Design, described, node_load
from filmgauge_sim.sizing.sizing import hourly_charge
from filmgauge_sim.sizing.world import load_world
from filmgauge_sim.sizing.world_series import WorldSeries, hourly

_ROOT = Path(__file__).resolve().parent.parent
STORED = _ROOT / "tests" / "sim" / "sizing" / "pybamm_week.json"
BOUND_PCT = 0.2
_DESIGN = Design(cell_cm2=60.0, harvester_cm2=15.0, capacitance_uf=4700.0, report_s=600)
_START_SOC = 0.6
_WEEK_H = 7 * 24


def report() -> Iterator[Figure]:
    """Yield how far the engine is from PyBaMM, at worst of the week's hours."""
    if not are_installed():
        return
    theirs = np.array(_asked()["soc"])
    apart_pct = 100.0 * float(np.abs(theirs - engine_soc()).max())
    yield Figure(
        f"a week of one design, in which its charge moves by {100.0 * np.ptp(theirs):.0f} %, in"
        " PyBaMM and in the engine: apart at worst",
        f"{apart_pct:.2f} %",
        f"{BOUND_PCT:g} %",
    )


def task() -> dict[str, Any]:
    """What PyBaMM is given: the figures of the cell and of the circuit, and an offer an hour."""
    node, series = _node(), _series()
    load = node_load(node)
    cell, converter = load_parameters(node.cell.set), node.converter.converter
    leaks = node.capacitor.leakage_mohm
    return {
        "cell": {
            "area_cm2": node.cell.area_cm2,
            "soc": _START_SOC,
            "capacity_uah_cm2": cell.capacity_uah_cm2,
            "diffusion_time_h": cell.diffusion_time_h,
            "middle_v": cell.plateau_middle_v,
            "slope_v": cell.plateau_slope_v,
            "empty": {"height_v": cell.empty_fall_v, "width": cell.empty_width},
            "full": {"height_v": cell.full_rise_v, "width": cell.full_width},
            "static_v": static_hysteresis_v(cell),
            "hysteresis_rate": cell.hysteresis_rate,
            "resistance_ohm_cm2": cell.resistance_ohm_cm2,
            "exchange_ua_cm2": exchange_current_ua_cm2(cell),
            "acceptance": cell.charge_acceptance,
        },
        "circuit": {
            "board_uw": load.board_uw / converter.output_efficiency,
            "quiescent_uw": converter.quiescent_uw,
            "leakage_dark_uw": (converter.refill_v + 0.5 * converter.hysteresis_v) ** 2 / leaks,
            "leakage_lit_uw": converter.charge_v**2 / leaks,
            "peak_efficiency": converter.peak_efficiency,
            "half_uw": converter.half_uw,
            "charge_ua": converter.charge_ua,
            "discharge_ua": converter.discharge_ua,
            "shunt_ohm": node.sensor.shunt_ohm,
        },
        "harvest_uw": [_DESIGN.harvester_cm2 * float(each) for each in series.offered_uw],
    }


def engine_soc() -> NDArray[np.float64]:
    """Charge over capacity at the start and after each hour, by the engine."""
    return hourly_charge(_node(), _series(), _DESIGN).soc


def _asked() -> dict[str, Any]:
    with Peer("pybamm_week") as pybamm:
        return pybamm.ask("week", **task())


def _node() -> NodeDescription:
    node = read_description(_ROOT / "docs" / "sizing" / "office.toml")
    return described(varied(node, {"cell.soc": _START_SOC}), _DESIGN)


def _series() -> WorldSeries:
    """The office, but at 25 degC, at which PyBaMM's cell stays."""
    world, folder = load_world("office")
    series = hourly(world, _node().harvester, 7 / 365, folder)
    return WorldSeries(series.offered_uw, np.full(_WEEK_H, 25.0))


if __name__ == "__main__":
    STORED.write_text(json.dumps({"given": task(), **_asked()}) + "\n", encoding="utf-8")

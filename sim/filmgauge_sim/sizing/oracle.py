"""The most reports that a node could make that knew the whole future: a linear programme.

Over hours h, with rates r + q (reports; q, beyond the rare wakes of the dark, take a wake each),
charging c and discharging g (uA), and waste w (uW):

    arriving + s = base + report r + awake q + into c - out g + w   (on the capacitor's side)
    B(h) = B(h - 1) + acceptance c - g                      (charge of the cell, uAh)

where what is short, s (uW), costs ten times the reports that it would have paid for: without it
nothing could be found for a world that takes a node to its end. That is the circuit with constant
voltages of the cell. What that leaves out (pulses, diffusion, the ends of the curve) would kill
some of its nodes, so that it counts its load a little too high: of some margins the one counts
with which the node is dead for the least time, and makes the most reports.
"""

import numpy as np
from numpy.typing import NDArray

from filmgauge_sim.cell import load_parameters
from filmgauge_sim.cell.kinetics import resting_v
from filmgauge_sim.nodes.description import NodeDescription
from filmgauge_sim.sizing.design import harvester_size
from filmgauge_sim.sizing.intervals import (
    START_SOC,
    IntervalRange,
    RecordedRule,
    RuleOutcome,
    compare,
    node_figures,
)
from filmgauge_sim.sizing.world_series import WorldSeries

Numbers = NDArray[np.float64]

_MARGINS = (0.0, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.13, 0.17, 0.22)
_LOWEST, _HIGHEST = 0.04, 0.97
_SHORT_COSTS = 10.0  # reports for each that what is short would have paid for


def oracle(
    description: NodeDescription, series: WorldSeries, span: IntervalRange
) -> tuple[RecordedRule, RuleOutcome]:
    """Return the best rule found and what becomes of its node: it is dead for the least time,
    and makes the most reports of those."""
    rules = [
        RecordedRule(oracle_rates(description, series, span, margin), "oracle")
        for margin in _MARGINS
    ]
    outcomes = compare(description, series, span, rules)
    return min(
        zip(rules, outcomes, strict=True), key=lambda each: (each[1].dead_h, -each[1].reports_h)
    )


def oracle_rates(
    description: NodeDescription, series: WorldSeries, span: IntervalRange, margin: float
) -> Numbers:
    """Return the rates with the most reports, of those that leave the least short.

    margin: by which share its load is counted too high.
    """
    from scipy import sparse  # a solver takes as long to import as the rest of sizing
    from scipy.optimize import linprog

    figures = node_figures(description, span)
    converter = description.converter.converter
    harvester = harvester_size(description, series.of_pieces)
    arriving = np.array(
        [converter.harvested_uw(each * harvester, True) for each in series.offered_uw]
    )
    hours = len(arriving)
    more = (1.0 + margin) / converter.output_efficiency
    low, high = span.rates
    rarely = max(low, high / figures.rare)
    spared_uw = np.where(arriving < figures.base_uw, figures.spared_uw, 0.0)
    base_uw = more * (figures.base_uw - spared_uw) + converter.quiescent_uw
    report_uw = more * figures.report_uj / 3600.0
    awake_uw = report_uw + more * spared_uw / max(1e-9, high - rarely)
    parameters = load_parameters(description.cell.set)
    charge_v, discharge_v = resting_v(parameters, 1), resting_v(parameters, -1)
    into = converter.needed_uw(converter.charge_ua * charge_v) / converter.charge_ua
    out = converter.passed_uw(converter.discharge_ua * discharge_v) / converter.discharge_ua
    one = sparse.identity(hours, format="csr")
    none = sparse.csr_matrix((hours, hours))
    steps = one - sparse.eye(hours, k=-1, format="csr")
    acceptance = parameters.charge_acceptance
    powers = sparse.hstack([report_uw * one, one, into * one, -out * one, one, -one, none])
    charges = sparse.hstack([none, none, -acceptance * one, one, none, none, steps])
    start = np.zeros(hours)
    start[0] = START_SOC * figures.capacity_uah
    level = (_LOWEST * figures.capacity_uah, _HIGHEST * figures.capacity_uah)
    bounds = [(low, rarely)] * hours + [(0.0, (high - rarely) * each) for each in awake_uw]
    bounds += [(0.0, converter.charge_ua)] * hours
    bounds += [(0.0, converter.discharge_ua)] * hours + [(0.0, None)] * (2 * hours)
    bounds += [level] * hours
    costs = np.zeros(7 * hours)
    costs[:hours] = -1.0
    costs[hours : 2 * hours] = -1.0 / awake_uw  # q is in uW
    costs[5 * hours : 6 * hours] = _SHORT_COSTS / report_uw
    found = linprog(
        costs,
        A_eq=sparse.vstack([powers, charges]),
        b_eq=np.concatenate([arriving - base_uw, start]),
        bounds=bounds,
        method="highs",
    )
    return found.x[:hours] + found.x[hours : 2 * hours] / awake_uw

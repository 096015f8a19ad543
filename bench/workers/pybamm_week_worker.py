"""Runs in the peers' environment: a week of one design with PyBaMM's own cell.

The cell is PyBaMM's single particle against lithium metal, with its one-state hysteresis. The
circuit is written down here once more, from the figures of its parts alone. Reads one task a line
as JSON, answers with one line of JSON. See bench/design_week.py.
"""

import json
import os
import sys
import warnings

os.environ["PYBAMM_DISABLE_TELEMETRY"] = "true"
warnings.simplefilter("ignore")

import numpy as np  # noqa: E402
import pybamm  # noqa: E402

HOUR_S = 3600.0
MOLAR = 50_000.0  # mol/m3: any, the particle is then as large as the charge needs
RADIUS_M = 1e-6  # any: what counts is the diffusion time
LITHIUM_A_M2 = 1e6  # exchange current of the lithium: it shall cost nothing
F_C_MOL = 96485.33212
THERMAL_V = 1.380649e-23 * 298.15 / 1.602176634e-19


def curve_v(cell, charge, branch):
    """Open-circuit voltage of a branch (1 charged onto, -1 discharged onto), V."""
    empty, full = cell["empty"], cell["full"]
    return (
        cell["middle_v"]
        + cell["slope_v"] * (charge - 0.5)
        - empty["height_v"] * pybamm.exp(-charge / empty["width"])
        + full["height_v"] * pybamm.exp((charge - 1.0) / full["width"])
        + branch * cell["static_v"]
    )


def parameters(cell):
    area_m2 = 1e-4 * cell["area_cm2"]
    thickness_m = cell["capacity_uah_cm2"] * 1e-6 * HOUR_S * 1e4 / (F_C_MOL * MOLAR)
    # A sphere lags by R^2 / 15 D for each unit of time, a film by tau / 3.
    diffusivity = RADIUS_M**2 / (5.0 * cell["diffusion_time_h"] * HOUR_S)
    values = pybamm.ParameterValues("Xu2019")
    values.update(
        {
            "Electrode width [m]": 1.0,
            "Electrode height [m]": area_m2,
            "Positive electrode thickness [m]": thickness_m,
            "Positive electrode active material volume fraction": 1.0,
            "Positive electrode porosity": 0.0,
            "Positive particle radius [m]": RADIUS_M,
            "Positive particle diffusivity [m2.s-1]": diffusivity,
            "Maximum concentration in positive electrode [mol.m-3]": MOLAR,
            "Initial concentration in positive electrode [mol.m-3]": MOLAR * (1.0 - cell["soc"]),
            "Positive electrode OCP [V]": lambda sto: curve_v(cell, 1.0 - sto, 0.0),
            "Positive electrode lithiation OCP [V]": lambda sto: curve_v(cell, 1.0 - sto, -1.0),
            "Positive electrode delithiation OCP [V]": lambda sto: curve_v(cell, 1.0 - sto, 1.0),
            "Positive electrode OCP entropic change [V.K-1]": 0.0,
            # Of the charge over the capacity, for a difference of branches of 2.
            "Positive particle hysteresis decay rate": 2.0 * cell["hysteresis_rate"],
            "Positive particle lithiation hysteresis decay rate": 2.0 * cell["hysteresis_rate"],
            "Positive particle delithiation hysteresis decay rate": 2.0 * cell["hysteresis_rate"],
            "Initial hysteresis state in positive electrode": 1.0,
            "Nominal cell capacity [A.h]": 1e-6 * cell["capacity_uah_cm2"] * cell["area_cm2"],
            "Ambient temperature [K]": 298.15,
            "Initial temperature [K]": 298.15,
            "Lower voltage cut-off [V]": 0.1,
            "Upper voltage cut-off [V]": 6.0,
        },
        check_already_exists=False,
    )
    return values


def pulse_drop_v(cell, pulse_ua):
    """What a pulse of the converter costs in the cell: resistance, and Butler and Volmer."""
    density = pulse_ua / cell["area_cm2"]
    reaction_v = 2.0 * THERMAL_V * np.arcsinh(density / (2.0 * cell["exchange_ua_cm2"]))
    return 1e-6 * density * cell["resistance_ohm_cm2"] + float(reaction_v)


def passed_uw(parts, power_uw):
    return parts["peak_efficiency"] * power_uw**2 / (power_uw + parts["half_uw"])


def needed_uw(parts, power_uw):
    root = pybamm.sqrt(power_uw * (power_uw + 4.0 * parts["peak_efficiency"] * parts["half_uw"]))
    return 0.5 * (power_uw + root) / parts["peak_efficiency"]


class Node:
    """What the converter draws from the cell or brings to it, by what harvester and board do."""

    def __init__(self, cell, parts, harvest_uw):
        self.cell, self.parts = cell, parts
        spent_uw = parts["board_uw"] + parts["quiescent_uw"]
        self.spare_uw = [
            (passed_uw(parts, offered) if offered else 0.0)
            - spent_uw
            - (parts["leakage_lit_uw"] if offered else parts["leakage_dark_uw"])
            for offered in harvest_uw
        ]

    def control(self, variables):
        """Zero where the cell's mean current is that of the pulses (A, positive discharges)."""
        cell, parts = self.cell, self.parts
        open_v = variables["X-averaged positive electrode open-circuit potential [V]"]
        charge_ua, discharge_ua = parts["charge_ua"], parts["discharge_ua"]
        spare_uw = self.course(pybamm.t)
        given_uw = discharge_ua * (open_v - pulse_drop_v(cell, discharge_ua))
        given_uw = passed_uw(parts, given_uw - 1e-6 * discharge_ua**2 * parts["shunt_ohm"])
        taken_uw = charge_ua * (open_v + pulse_drop_v(cell, charge_ua))
        taken_uw = needed_uw(parts, taken_uw + 1e-6 * charge_ua**2 * parts["shunt_ohm"])
        discharged_ua = discharge_ua * -spare_uw / given_uw
        stored_ua = cell["acceptance"] * charge_ua * spare_uw / taken_uw
        wanted_ua = pybamm.maximum(discharged_ua, 0.0) - pybamm.maximum(stored_ua, 0.0)
        return 1e6 * variables["Current [A]"] - wanted_ua

    def course(self, time):
        edge_s = 1.0
        times, powers = [], []
        for hour, power in enumerate(self.spare_uw):
            times += [hour * HOUR_S, (hour + 1) * HOUR_S - edge_s]
            powers += [power, power]
        return pybamm.Interpolant(np.array(times), np.array(powers), time, interpolator="linear")


def week(task):
    cell = task["cell"]
    node = Node(cell, task["circuit"], task["harvest_uw"])
    model = pybamm.lithium_ion.SPM(
        {
            "working electrode": "positive",
            "open-circuit potential": ("single", "one-state hysteresis"),
            "operating mode": node.control,
        }
    )
    simulation = pybamm.Simulation(
        model,
        parameter_values=parameters(cell),
        solver=pybamm.IDAKLUSolver(rtol=1e-7, atol=1e-9),
        var_pts={"x_n": 3, "x_s": 3, "x_p": 3, "r_n": 3, "r_p": 60},
    )
    hours = HOUR_S * np.arange(len(task["harvest_uw"]) + 1)
    solution = simulation.solve(t_eval=hours, t_interp=hours)
    sto = solution["Average positive particle stoichiometry"](hours)
    return {"pybamm": pybamm.__version__, "soc": [round(1.0 - float(x), 6) for x in sto]}


def main():
    for line in sys.stdin:
        print(json.dumps(week(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()

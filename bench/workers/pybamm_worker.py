"""Runs in the peers' environment: PyBaMM's Thevenin model, each task the fastest way found.

Reads one task a line as JSON, answers with one line of JSON. See bench/peers.py.
"""

import json
import os
import sys
import time
import warnings

os.environ["PYBAMM_DISABLE_TELEMETRY"] = "true"
warnings.simplefilter("ignore")

import numpy as np  # noqa: E402
import pybamm  # noqa: E402

EDGE_S = 1e-3  # the solver interpolates the current linearly over an edge


def parameters(spec, current):
    charges, voltages = np.array(spec["charges"]), np.array(spec["voltages"])
    values = pybamm.equivalent_circuit.Thevenin().default_parameter_values
    (r1, c1), (r2, c2) = spec["pairs_ohm_f"]
    values.update(
        {
            "Initial SoC": spec["start"],
            "Cell capacity [A.h]": spec["capacity_uah"] * 1e-6,
            "Nominal cell capacity [A.h]": spec["capacity_uah"] * 1e-6,
            "Current function [A]": current,
            "Upper voltage cut-off [V]": spec["high_v"],
            "Lower voltage cut-off [V]": spec["low_v"],
            "Open-circuit voltage [V]": lambda soc: pybamm.Interpolant(
                charges, voltages, soc, "ocv", interpolator="linear"
            ),
            "R0 [Ohm]": spec["series_ohm"],
            "R1 [Ohm]": r1,
            "C1 [F]": c1,
            "R2 [Ohm]": r2,
            "C2 [F]": c2,
            "Element-2 initial overpotential [V]": 0,
            "Entropic change [V/K]": 0.0,
            "Cell thermal mass [J/K]": 1e6,
        },
        check_already_exists=False,
    )
    return values


def model():
    return pybamm.equivalent_circuit.Thevenin(options={"number of rc elements": 2})


def edges(load):
    """Times and currents (A, positive discharges) of a load with edges of EDGE_S."""
    burst, sleep = -1e-6 * load["burst_ua"], -1e-6 * load["sleep_ua"]
    times, currents = [], []
    for start in load["starts_s"]:
        if start:
            times += [start - EDGE_S / 2, start + EDGE_S / 2]
            currents += [sleep, burst]
        else:
            times.append(0.0)
            currents.append(burst)
        end = start + load["burst_s"]
        times += [end - EDGE_S / 2, end + EDGE_S / 2]
        currents += [burst, sleep]
    times.append(load["starts_s"][-1] + load["period_s"])
    currents.append(sleep)
    return np.array(times), np.array(currents)


class Day:
    """24 h in one solve that stops at every edge; with the cutoffs watched or without."""

    def __init__(self, spec, load, watched):
        times, currents = edges(load)
        current = pybamm.Interpolant(times, currents, pybamm.t, interpolator="linear")
        built = model()
        if not watched:
            built.events = []
        solver = pybamm.IDAKLUSolver(rtol=1e-4, atol=1e-6)
        self.simulation = pybamm.Simulation(
            built, parameter_values=parameters(spec, current), solver=solver
        )
        self.times = times
        self.samples = np.array(load["sample_s"])

    def run(self):
        began = time.perf_counter()
        solution = self.simulation.solve(t_eval=self.times, t_interp=self.samples)
        seconds = time.perf_counter() - began
        voltages = solution["Voltage [V]"](self.samples)
        return {"seconds": seconds, "voltages": [float(v) for v in voltages]}


class Cycles:
    """Full cycles as an Experiment, keeping only the last one."""

    def __init__(self, spec, cycling):
        ampere = cycling["current_ua"] * 1e-6
        one = (
            f"Discharge at {ampere:.9g} A until {spec['low_v']} V",
            f"Charge at {ampere:.9g} A until {spec['high_v']} V",
        )
        self.count = cycling["cycles"]
        self.simulation = pybamm.Simulation(
            model(),
            parameter_values=parameters(spec, ampere),
            experiment=pybamm.Experiment([one] * self.count, period="1 hour"),
            solver=pybamm.IDAKLUSolver(rtol=1e-4, atol=1e-6),
        )

    def run(self):
        began = time.perf_counter()
        solution = self.simulation.solve(save_at_cycles=[self.count])
        seconds = time.perf_counter() - began
        last = solution.cycles[-1]
        passed = [float(abs(s["SoC"].entries[-1] - s["SoC"].entries[0])) for s in last.steps]
        ends = [float(s["Voltage [V]"].entries[-1]) for s in last.steps]
        return {"seconds": seconds, "passed": passed, "ends_v": ends}


def main():
    made = {}
    for line in sys.stdin:
        task = json.loads(line)
        if line not in made:
            if task["task"] == "cycles":
                made[line] = Cycles(task["spec"], task["cycling"])
            else:
                made[line] = Day(task["spec"], task["load"], task["task"] == "day")
            made[line].run()  # builds and compiles
        print(json.dumps(made[line].run()), flush=True)


if __name__ == "__main__":
    main()

"""Runs in the peers' environment: thevenin by steps of constant current.

Reads one task a line as JSON, answers with one line of JSON. See bench/peers.py.
"""

import json
import sys
import time
import warnings

import numpy as np
import thevenin

warnings.simplefilter("ignore")


def parameters(spec):
    charges, voltages = np.array(spec["charges"]), np.array(spec["voltages"])
    (r1, c1), (r2, c2) = spec["pairs_ohm_f"]
    return {
        "num_RC_pairs": 2,
        "soc0": spec["start"],
        "capacity": spec["capacity_uah"] * 1e-6,
        "gamma": 0.0,
        "ce": 1.0,
        "mass": 1.0,
        "isothermal": True,
        "Cp": 1000.0,
        "T_inf": 298.15,
        "h_therm": 10.0,
        "A_therm": 1.0,
        "ocv": lambda soc: np.interp(soc, charges, voltages),
        "M_hyst": lambda soc: 0.0,
        "R0": lambda soc, kelvin: spec["series_ohm"],
        "R1": lambda soc, kelvin: r1,
        "C1": lambda soc, kelvin: c1,
        "R2": lambda soc, kelvin: r2,
        "C2": lambda soc, kelvin: c2,
    }


def run_day(spec, load):
    """Steps from edge to edge; the samples are read in a second run that is not timed."""
    model = thevenin.Prediction(parameters(spec))
    burst, sleep = -1e-6 * load["burst_ua"], -1e-6 * load["sleep_ua"]

    def fresh():
        return thevenin.TransientState(spec["start"], 298.15, 0.0, np.zeros(2))

    began = time.perf_counter()
    state = fresh()
    for _ in load["starts_s"]:
        state = model.take_step(state, burst, load["burst_s"])
        state = model.take_step(state, sleep, load["period_s"] - load["burst_s"])
    seconds = time.perf_counter() - began
    state, now, voltages = fresh(), 0.0, []
    for stop, current_ua, sampled in load["stops"]:
        if stop > now:
            state = model.take_step(state, -1e-6 * current_ua, stop - now)
            now = stop
        if sampled:
            voltages.append(float(state.voltage))
    return {"seconds": seconds, "voltages": voltages}


def run_cycles(spec, cycling):
    ampere = cycling["current_ua"] * 1e-6
    experiment = thevenin.Experiment()
    for _ in range(cycling["cycles"]):
        for signed, limit_v in ((ampere, spec["low_v"]), (-ampere, spec["high_v"])):
            limits = ("voltage_V", limit_v)
            experiment.add_step("current_A", signed, (36000.0, 600.0), limits=limits)
    model = thevenin.Simulation(parameters(spec))
    began = time.perf_counter()
    solution = model.run(experiment)
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "ends_v": [float(solution.vars["voltage_V"][-1])]}


def main():
    for line in sys.stdin:
        task = json.loads(line)
        if task["task"] == "cycles":
            answer = run_cycles(task["spec"], task["cycling"])
        else:
            answer = run_day(task["spec"], task["load"])
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()

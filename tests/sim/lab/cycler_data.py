"""Synthetic measurements for the tests of the fit: a cell other than every set, and noise."""

from dataclasses import replace

import numpy as np

from filmgauge_sim.cell import FilmCell, load_parameters
from filmgauge_sim.lab.current_search import current_for_voltage
from filmgauge_sim.lab.cycler import Channel
from filmgauge_sim.lab.cycling import charge, discharge
from filmgauge_sim.lab.trace import Trace

PRE = load_parameters("pre-li")
OTHER = replace(
    PRE,
    capacity_uah_cm2=13.0,
    diffusion_time_h=0.7,
    diffusion_activation_energy_ev=0.4,
    contact_resistance_ohm_cm2=800.0,
    interface_activation_energy_ev=0.45,
    plateau_middle_v=2.05,
    plateau_gap_v=0.6,
    plateau_slope_v=0.05,
    kinetic_share=0.55,
    hysteresis_rate=30.0,
    charge_acceptance=0.985,
)
AREA_CM2 = 0.19


def cycled(currents, temperature_c=25.0, *, rest_in_the_middle=False, parameters=OTHER, points=60):
    """A charge with a hold and a discharge at each current."""
    trace = Trace(points)
    channel = Channel(FilmCell(parameters, 1.0, 0.0, hysteresis=-1.0), temperature_c, trace)
    for current in currents:
        charge(channel, current)
        if rest_in_the_middle:
            half_s = 3600.0 * 5.0 / current
            channel.run_current(-current, longest_s=half_s)
            channel.pass_step(0.0, 1800.0)
        discharge(channel, current)
    return trace


def finely_held(cell, voltage_v, from_ua_cm2, until_ua_cm2, *, parts=1, trace=None):
    """A hold by short constant currents that each end at its voltage: its charge and time.

    It errs in proportion to its steps, so that twice as many parts tell by how much.
    """
    current, passed, elapsed, longest_s = from_ua_cm2, 0.0, 0.0, 0.1
    while True:
        for _ in range(parts):
            before, step_s = current, longest_s / parts
            current = current_for_voltage(cell, voltage_v, 25.0, step_s, before, 1e-3 * before)
            if current < until_ua_cm2:
                left_s = (before - until_ua_cm2) / (before - current) * step_s
                last = 0.5 * (before + until_ua_cm2) * left_s
                return (passed + last) / 3600.0, elapsed + left_s
            cell.advance(current * cell.area_cm2, 25.0, step_s)
            passed += current * step_s
            elapsed += step_s
            if trace is not None:
                trace.pass_time(step_s, current)
                trace.add(voltage_v, current, 25.0)
        longest_s = min(1.1 * longest_s, 6.0)


def finely_cycled(currents):
    """As ``cycled`` at 25 degC, held by ``finely_held``."""
    trace = Trace()
    cell = FilmCell(OTHER, 1.0, 0.0, hysteresis=-1.0)
    channel = Channel(cell, 25.0, trace)
    for current in currents:
        charge(channel, current, hold=False)
        trace.step += 1
        finely_held(cell, 4.0, current, 0.02 * current, trace=trace)
        discharge(channel, current)
    return trace


def noisy(trace, seed, *, volts=3e-3, gain=4e-3):
    """The trace with noise on each voltage and an error of gain on the current of each step."""
    source = np.random.default_rng(seed)
    steps = {sample.step for sample in trace.samples}
    gains = {step: 1.0 + gain * source.standard_normal() for step in sorted(steps)}
    found = Trace()
    charge_uah_cm2 = before = 0.0
    for sample in trace.samples:
        charge_uah_cm2 += gains[sample.step] * (sample.charge_uah_cm2 - before)
        before = sample.charge_uah_cm2
        found.samples.append(
            sample._replace(
                voltage_v=sample.voltage_v + volts * source.standard_normal(),
                current_ua_cm2=sample.current_ua_cm2 * gains[sample.step],
                charge_uah_cm2=charge_uah_cm2,
            )
        )
    return found


def truths(current_ua_cm2, parameters=OTHER):
    """What a fit must find; gap and kinetic share at a current, read off the cell itself."""
    up = FilmCell(parameters, 1.0, 0.5, hysteresis=1.0)
    down = FilmCell(parameters, 1.0, 0.5, hysteresis=-1.0)
    gap = up.voltage_v(current_ua_cm2, 25.0) - down.voltage_v(-current_ua_cm2, 25.0)
    static = up.voltage_v(0.0, 25.0) - down.voltage_v(0.0, 25.0)
    return {"plateau_gap_v": gap, "kinetic_share": 1.0 - static / gap}

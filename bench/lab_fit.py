"""What a fit takes, of cycles in a file of a hundred thousand rows and of a spectrum.

Of the intervals of spectra also how often they hold the truth.

Processor time is that of a process that does nothing else; its imports are included.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bench.figures import Figure
from filmgauge_sim.cell import FilmCell, load_parameters
from filmgauge_sim.cell.impedance import impedance_ohm_cm2
from filmgauge_sim.cell.kinetics import lipon_resistance_ohm_cm2
from filmgauge_sim.lab.cycler import Channel
from filmgauge_sim.lab.experiment import Experiment
from filmgauge_sim.lab.impedance_fit import fit_spectrum
from filmgauge_sim.lab.paper_experiments import FREQUENCIES_HZ
from filmgauge_sim.lab.spectrum import Spectrum
from filmgauge_sim.lab.trace import Trace

_BOUND_S = 60.0
_SET, _BEGUN = "pre-li", "evp-li"
# So many samples a step make a hundred thousand rows of the steps that a fit takes.
_SAMPLES = 850
_STEPS = (
    "charge at 2 uA/cm2 to 4.0 V, hold at 4.0 V until 0.1 uA/cm2, rest 30 min,"
    " discharge at 4 uA/cm2 to 1.0 V, rest 30 min, charge at 4 uA/cm2 to 4.0 V,"
    " hold at 4.0 V until 0.1 uA/cm2, rest 30 min, discharge at 8 uA/cm2 to 1.0 V, rest 30 min,"
    " 15 times"
)
_NOISE_V = 2e-3
_FIT = """
import json, sys, time
from pathlib import Path
from filmgauge_sim.cell import load_parameters
from filmgauge_sim.lab.cycler_data import read_cycler_data
from filmgauge_sim.lab.fit import fit
start = load_parameters(sys.argv[2])
data = read_cycler_data(Path(sys.argv[1]), 1.0)
found = fit(start, [data], 25.0)
print(json.dumps([len(data.time_h), len(found.estimates), time.process_time()]))
"""
_SPECTRA, _SPECTRUM_NOISE = 100, 0.01


def report() -> Iterator[Figure]:
    """Yield the processor time of both fits, and how the intervals of the spectra fare."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cycles.bdf.csv"
        path.write_text(_cycles())
        command = [sys.executable, "-c", _FIT, str(path), _BEGUN]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    rows, count, seconds = json.loads(done.stdout)
    yield Figure(
        f"fit of {count} parameters to {rows:,} rows, 150 steps",
        f"{seconds:.1f} s of processor time",
        f"{_BOUND_S:g} s",
    )
    yield from _spectra()


def _cycles() -> str:
    trace = Trace(points=_SAMPLES)
    cell = FilmCell(load_parameters(_SET), 1.0, 0.0, hysteresis=-1.0)
    for _ in Experiment(_STEPS).cycles(Channel(cell, 25.0, trace)):
        pass
    source = np.random.default_rng(1)
    noise = _NOISE_V * source.standard_normal(len(trace.samples))
    trace.samples = [
        sample._replace(voltage_v=sample.voltage_v + float(more))
        for sample, more in zip(trace.samples, noise, strict=True)
    ]
    return trace.to_bdf(1.0)


def _spectra() -> Iterator[Figure]:
    parameters = load_parameters(_SET)
    z = np.array(impedance_ohm_cm2(FilmCell(parameters, 1.0, 0.5), 25.0, FREQUENCIES_HZ))
    truths = {
        "r_lipon": lipon_resistance_ohm_cm2(parameters, 25.0),
        "r_ct": parameters.contact_resistance_ohm_cm2,
    }
    held, widths = dict.fromkeys(truths, 0), dict.fromkeys(truths, 0.0)
    begun = time.process_time()
    for seed in range(_SPECTRA):
        parts = np.random.default_rng(seed).standard_normal((2, len(z)))
        noisy = z * (1.0 + _SPECTRUM_NOISE * (parts[0] + 1j * parts[1]))
        spectrum = Spectrum("", np.array(FREQUENCIES_HZ), noisy)
        found = fit_spectrum(spectrum, load_parameters(_BEGUN), 25.0)
        for name, truth in truths.items():
            each = found.estimate(name)
            if each is not None:
                held[name] += each.low <= truth <= each.high
                widths[name] += 0.5 * (each.high - each.low) / _SPECTRA
    seconds = (time.process_time() - begun) / _SPECTRA
    yield Figure(
        f"fit of a spectrum of {len(z)} points, Kramers-Kronig test included",
        f"{seconds:.2f} s of processor time",
    )
    for name, truth in truths.items():
        yield Figure(
            f"{name} of {truth:.4g} ohm cm2 under 1 % of noise: intervals of 95 % that hold it",
            f"{held[name]} of {_SPECTRA}, +-{widths[name]:.2g} ohm cm2",
        )

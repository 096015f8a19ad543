"""What reading a million rows of a cycler's file takes, and of what share a library takes it.

Processor time and memory are those of a process that does nothing else, its imports included.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from bench.figures import Figure

_ROWS = 1_000_000
_BOUND_S, _BOUND_MB = 5.0, 250.0
_BEST_OF = 3
_MEASURE = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
from pathlib import Path
exec(sys.argv[2])
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps([rows, time.process_time(), int(peak)]))
"""
_OURS = """
from filmgauge_sim.lab.cycler_data import read_cycler_data
rows = len(read_cycler_data(Path(sys.argv[1]), 1.0).time_h)
"""
_THEIRS = """
import bdf
rows = len(bdf.read(sys.argv[1]))
"""
# How many rows there are in a step, and what they are apart.
_STEP_ROWS, _EVERY_S, _CURRENT_A = 10_000, 2.5, 2e-6


def report() -> Iterator[Figure]:
    """Yield processor time and peak of memory for two formats, and for one by its own package."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "million.bdf.csv"
        _write(path, _bdf_lines())
        yield _figure("Battery Data Format, 7 columns", path, _OURS, bounded=True)
        yield _figure("the same by the package batterydf", path, _THEIRS, bounded=False)
        maccor = Path(folder) / "million.txt"
        _write(maccor, _maccor_lines())
        yield _figure("Maccor text, 9 columns, signs by its state", maccor, _OURS, bounded=True)


def _figure(what: str, path: Path, program: str, *, bounded: bool) -> Figure:
    found = [_measured(path, program) for _ in range(_BEST_OF if bounded else 1)]
    rows, seconds, kib = min(found, key=lambda each: each[1])
    bound = f"{_BOUND_S:g} s, {_BOUND_MB:g} MB" if bounded else ""
    value = f"{seconds:.1f} s of processor time, {kib / 1024.0:.0f} MB at its peak"
    return Figure(f"{rows:,} rows of {what}", value, bound)


def _measured(path: Path, program: str) -> tuple[int, float, int]:
    command = [sys.executable, "-c", _MEASURE, str(path), program]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    rows, seconds, kib = json.loads(done.stdout.splitlines()[-1])
    return rows, seconds, kib


def _write(path: Path, lines: Iterator[str]) -> None:
    with path.open("w") as file:
        while portion := list(islice(lines, 10_000)):
            file.write("\n".join(portion) + "\n")


def _rows() -> Iterator[tuple[int, int, float, float, float]]:
    """Row, step, share of the step, voltage, current."""
    for k in range(_ROWS):
        step, row = divmod(k, _STEP_ROWS)
        share = row / _STEP_ROWS
        charges = step % 2 == 0
        voltage = 2.2 + 1.5 * share if charges else 3.7 - 1.5 * share
        yield k, step, share, voltage, _CURRENT_A if charges else -_CURRENT_A


def _bdf_lines() -> Iterator[str]:
    yield (
        "Test Time / s,Voltage / V,Current / A,Cycle Count / 1,Step Count / 1,"
        "Ambient Temperature / degC,Net Capacity / Ah"
    )
    for k, step, share, voltage, current in _rows():
        passed = _CURRENT_A * _STEP_ROWS * _EVERY_S / 3600.0
        net = passed * (share if current > 0.0 else 1.0 - share)
        time = f"{k * _EVERY_S:.6f}"
        yield f"{time},{voltage:.6f},{current:.9g},{step // 2},{step},25,{net:.9g}"


def _maccor_lines() -> Iterator[str]:
    yield "Date of Test:\t03/02/2026"
    yield "Rec#\tCyc#\tStep\tTest (Sec)\tAmp-hr\tAmps\tVolts\tState\tTemp 1"
    for k, step, share, voltage, current in _rows():
        count = abs(current) * share * _STEP_ROWS * _EVERY_S / 3600.0
        state = "C" if current > 0.0 else "D"
        yield (
            f"{k}\t{step // 2}\t{step}\t{k * _EVERY_S:.2f}\t{count:.9g}\t{abs(current):.9g}"
            f"\t{voltage:.6f}\t{state}\t25.0"
        )

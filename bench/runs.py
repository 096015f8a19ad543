"""What a run takes that a user starts: time of a virtual day, and memory of its processes.

Memory is that of the simulator's own process, and of the largest one that it started.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.figures import Figure

_DAY_BOUND_S = {"micropython": 12.0, "cpython": 1.2}
_BEST_OF = 3
_MEMORY_BOUND_MB = 60.0
# Run something, then write the peak resident size of this process (VmHWM: since its own program
# began, unlike ru_maxrss) and of the largest one that it started, KiB.
_PEAKS = """
import json, resource, sys
path, program = sys.argv.pop(1), sys.argv.pop(1)
try:
    exec(program)
except SystemExit:
    pass
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
open(path, "w").write(json.dumps([int(peak), largest]))
"""
_COMMAND = "from filmgauge_host.cli.app import main; main()"
_FILM_DAY = "from bench.film_day import film_node, pass_day; pass_day(film_node())"
_RUN = ["run", "bench", "--json"]
_MEASURED = {
    "`filmgauge run bench`": [_COMMAND, *_RUN],
    "`filmgauge run bench --runtime cpython`": [_COMMAND, *_RUN, "--runtime", "cpython"],
    "24 h of cell, capacitor and harvester": [_FILM_DAY],
}


def speed() -> Iterator[Figure]:
    """Yield wall times of a virtual day, one wake a minute, the best of three runs each."""
    for runtime, bound_s in _DAY_BOUND_S.items():
        best = min((_run(runtime) for _ in range(_BEST_OF)), key=lambda run: run["wall_s"])
        node = best["nodes"][0]
        yield Figure(
            f"{best['virtual_s'] / 3600:.0f} virtual hours, {node['wakes']} wakes,"
            f" {node['received']} records, `{runtime}`",
            f"{best['wall_s']:.2f} s, {best['virtual_s'] / best['wall_s']:,.0f} times real time",
            f"{bound_s:g} s",
        )


def memory() -> Iterator[Figure]:
    """Yield the peaks of memory."""
    for name, arguments in _MEASURED.items():
        own_mb, child_mb = _peaks_mb(arguments)
        child = f", its largest child {child_mb:.0f} MB" if child_mb else ""
        bound = f"{_MEMORY_BOUND_MB:.0f} MB without children"
        yield Figure(f"memory of {name}, at its peak", f"{own_mb:.0f} MB{child}", bound)


def _run(runtime: str) -> dict[str, Any]:
    command = ["-m", "filmgauge_host.cli.app", *_RUN, "--runtime", runtime]
    done = subprocess.run([sys.executable, *command], check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def _peaks_mb(arguments: list[str]) -> list[float]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "peaks.json"
        command = [sys.executable, "-c", _PEAKS, str(path), *arguments]
        subprocess.run(command, check=True, capture_output=True)
        return [kib / 1024.0 for kib in json.loads(path.read_text())]

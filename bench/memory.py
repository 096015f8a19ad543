"""How much memory a run takes: the simulator's own process, and the largest that it started."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.figures import Figure

_BOUND_MB = 60.0
# Run something, then tell the peak resident size of this process (VmHWM: since its own program
# began, unlike ru_maxrss) and of the largest one that it started, KiB.
_TELL = """
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
open(path, "w").write(json.dumps([int(peak), largest]))
"""
_COMMAND = """
import json, resource, sys
from filmgauge_host.cli.app import main
path = sys.argv.pop(1)
try:
    main()
except SystemExit:
    pass
"""
_FILM_DAY = """
import json, resource, sys
from bench.film_day import film_node, pass_day
path = sys.argv[1]
pass_day(film_node())
"""
_RUN = ["run", "bench", "--json"]
_RUNS = {
    "`filmgauge run bench`": (_COMMAND, _RUN),
    "`filmgauge run bench --runtime cpython`": (_COMMAND, [*_RUN, "--runtime", "cpython"]),
    "24 h of cell, capacitor and harvester": (_FILM_DAY, []),
}


def report() -> Iterator[Figure]:
    """Yield the peaks of the runs that a user starts."""
    for name, (program, arguments) in _RUNS.items():
        own_mb, child_mb = _peaks_mb(program, arguments)
        child = f", its largest child {child_mb:.0f} MB" if child_mb else ""
        bound = f"{_BOUND_MB:.0f} MB without children"
        yield Figure(f"memory of {name}, at its peak", f"{own_mb:.0f} MB{child}", bound)


def _peaks_mb(program: str, arguments: list[str]) -> list[float]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "peaks.json"
        subprocess.run(
            [sys.executable, "-c", program + _TELL, str(path), *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return [kib / 1024.0 for kib in json.loads(path.read_text())]

"""How much memory a run takes: the simulator's own process, and the largest that it started."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

_BOUND_MB = 60.0
# Runs the command line and then tells the peak resident size of itself and of its children, KiB.
_PROBE = """
import json, resource, sys
from filmgauge_host.cli.app import main
path = sys.argv.pop(1)
try:
    main()
finally:
    peaks = [resource.getrusage(who).ru_maxrss
             for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    open(path, "w").write(json.dumps(peaks))
"""
_FILM_DAY = """
import json, resource, sys
from bench.film_day import film_node, pass_day
pass_day(film_node())
open(sys.argv[1], "w").write(json.dumps([resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, 0]))
"""


def report() -> Iterator[str]:
    """Yield the peaks of the runs that a user starts."""
    runs = {
        "filmgauge run bench": (_PROBE, ["run", "bench", "--json"]),
        "filmgauge run bench --runtime cpython": (
            _PROBE,
            ["run", "bench", "--json", "--runtime", "cpython"],
        ),
        "24 h of cell, capacitor and harvester": (_FILM_DAY, []),
    }
    for name, (program, arguments) in runs.items():
        own_mb, child_mb = _peaks_mb(program, arguments)
        text = f"{name}: peak {own_mb:.0f} MB (bound {_BOUND_MB:.0f} MB)"
        yield text + (f", largest process started by it {child_mb:.0f} MB" if child_mb else "")


def _peaks_mb(program: str, arguments: list[str]) -> list[float]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "peaks.json"
        subprocess.run(
            [sys.executable, "-c", program, str(path), *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        return [kib / 1024.0 for kib in json.loads(path.read_text())]

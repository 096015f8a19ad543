"""A virtual day of the bench node, one wake a minute, in both runtimes."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from bench.figures import Figure

_BOUND_S = {"micropython": 15.0, "cpython": 1.5}
_BEST_OF = 3


def report() -> Iterator[Figure]:
    """Yield wall times of 24 virtual hours, the best of three runs each."""
    for runtime, bound_s in _BOUND_S.items():
        runs = [_run(runtime) for _ in range(_BEST_OF)]
        best = min(runs, key=lambda run: run["wall_s"])
        node = best["nodes"][0]
        yield Figure(
            f"{best['virtual_s'] / 3600:.0f} virtual hours, {node['wakes']} wakes,"
            f" {node['received']} records, `{runtime}`",
            f"{best['wall_s']:.2f} s, {best['virtual_s'] / best['wall_s']:,.0f} times real time",
            f"{bound_s:g} s",
        )


def _run(runtime: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "filmgauge_host.cli.app", "run", "bench", "--json"]
    done = subprocess.run(
        [*command, "--runtime", runtime], check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout)

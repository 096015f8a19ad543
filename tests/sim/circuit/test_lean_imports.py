"""What a run of a node does not need, it does not load: its memory stays small."""

import subprocess
import sys

_PROGRAM = """
import sys
import filmgauge_host.cli.run
import filmgauge_sim.nodes.world
import filmgauge_sim.nodes.virtual_node
heavy = {"numpy", "matplotlib", "scipy", "textual", "numba"} & set(sys.modules)
print(*sorted(heavy))
"""


def test_a_run_loads_nothing_heavy() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], check=True, capture_output=True, text=True
    )
    assert done.stdout.split() == []

"""A board that was off while its sensor counted on: nobody knows for how long."""

from contextlib import closing
from pathlib import Path

import pytest
from reporting_node import make_node, scenario_text
from test_safe_mode import live, newest

REST = f"""{scenario_text(intervals="report_every = 5").partition("[[node.world.cycler]]")[0]}
[[node.world.cycler]]
action = "rest"
hours = 999.0
[node.world.sensor]
errors = "worst"
"""


@pytest.mark.parametrize("board", ["pico-w", "esp32-c3"])
@pytest.mark.parametrize("off_h", [0.5, 720.0])
def test_sigma_covers_what_the_zero_may_have_counted(
    tmp_path: Path, board: str, off_h: float
) -> None:
    text = REST.replace("[node.cell]", f'board = "{board}"\n[node.cell]')
    with closing(make_node(tmp_path, "mqtt://127.0.0.1:1", "cpython", text, 50)) as node:
        live(node, 0.5)
        first = newest(node)
        node.cut_power(int(off_h * 3.6e9), with_sensors=False)
        live(node, 0.5)
        last = newest(node)
        true_ppm = 1e6 * node.world.truth().stoichiometry
    assert last.boot > first.boot
    # The sensor is at its bounds, which are two sigma each of its offset and its bias current.
    assert abs(last.soc_ppm - true_ppm) < 3 * last.soc_sigma_ppm
    assert (last.soc_sigma_ppm < 1.1 * first.soc_sigma_ppm) == (off_h < 1.0)

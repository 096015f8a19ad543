"""What a sensor that counts on makes of its zero, while nobody but the safe mode is there."""

from contextlib import closing
from pathlib import Path

import pytest
from failing_node import failing_node, mend, sources_that_fail_to_sample
from reporting_node import said, scenario_text
from test_safe_mode import counted_nah, live, moved_nah, names, newest

from filmgauge_sim.board.littlefs_outside import install

NOWHERE = "mqtt://127.0.0.1:1"
TEXT = scenario_text(
    errors="worst",
    intervals="sample_s = 300\nreport_every = 5\njournal_every = 1\noffset_every = 4",
)
REST = f"""{TEXT.partition("[[node.world.cycler]]")[0]}
[[node.world.cycler]]
action = "rest"
hours = 99.0
[node.world.sensor]
errors = "worst"
"""


@pytest.mark.parametrize("board", ["pico-w", "esp32-c3"])
def test_its_time_is_booked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, board: str) -> None:
    text = REST.replace(
        'name = "rig"\n[node.cell]', f'name = "rig"\nboard = "{board}"\n[node.cell]'
    )
    sources = sources_that_fail_to_sample()
    with closing(failing_node(monkeypatch, tmp_path, NOWHERE, text, sources, "cpython")) as node:
        live(node, 6.0)
        first = newest(node)
        assert first.full_nah is not None
        begun_nah = moved_nah(node, first.full_nah)
        install(node.flash, {"/fails": b""})
        live(node, 26.0)  # after a day the whole firmware was tried, and has failed again
        assert "safe" in names(node)
        mend(node, "/fails")
        live(node, 24.0)
        assert not {"safe", "failures"} & names(node), said(node)[-2000:]
        last = newest(node)
        moved = moved_nah(node, first.full_nah) - begun_nah
    assert first.measured_nah is not None
    assert last.measured_nah is not None
    assert last.measured_nah - first.measured_nah > 150  # 3.8 nA that never flowed
    assert counted_nah(last) - counted_nah(first) == pytest.approx(moved, abs=10.0)

"""A first version on trial, with a broker that is away: nothing to go back to, so it runs on."""

from contextlib import closing
from pathlib import Path

import pytest
from launched_node import launch_from_flash, names, version
from saving_node import saving_node, wake

from filmgauge_sim.board.littlefs_outside import install
from filmgauge_sim.nodes.flash_reader import backlog, stored_record

STARTS = 4  # of a trial, launch.py


@pytest.mark.parametrize("kept", ["state.old", "app.bin.old", "client.key.none"])
def test_it_is_booted_only_where_there_is_a_version_to_go_back_to(
    kept: str, tmp_path: Path
) -> None:
    with closing(saving_node(tmp_path, "pico-w", "micropython")) as node:
        app = version("0.1.0", kind_name="pico-w").data
        launch_from_flash(node, app)
        content = app if kept == "app.bin.old" else b""
        install(node.flash, {"/trial": b"", f"/{kept}": content})
        wake(node, STARTS + 4)
        files = names(node, "/")
        records = [stored_record(node.flash, name) for name in backlog(node.flash)]
    if kept != "state.old":  # which is no version
        assert any("reset by the firmware" in incident for incident in node.incidents)
        assert not {"trial", kept} & files
        return
    assert node.incidents == []
    assert "trial" in files
    assert {record.boot for record in records} == {1}
    assert [record.seq for record in records] == list(range(len(records)))
    assert records[-1].up_s >= 60 * STARTS

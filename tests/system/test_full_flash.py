"""A file system that is full: a node counts, reports, remembers, and drops the oldest records."""

from contextlib import closing
from pathlib import Path

import pytest
from saving_node import saving_node, wake

from filmgauge.record import FAULT_BACKLOG, FAULT_STORE
from filmgauge_sim.board.littlefs_outside import FlashAccess, mounted
from filmgauge_sim.nodes.cut_witness import CutWitness
from filmgauge_sim.nodes.flash_reader import journal_state, stored_records
from filmgauge_sim.nodes.virtual_node import VirtualNode


def fill(node: VirtualNode, leave_blocks: int) -> None:
    """Put a file on the board that leaves so many blocks of its file system."""
    files = mounted(FlashAccess(node.flash), node.flash)
    block = files.cfg.block_size
    free = files.cfg.block_count - files.used_block_count - leave_blocks
    with files.open("somebody.bin", "wb", buffering=0) as file:
        file.write(b"x" * (block * max(0, free - 4)))
    files.unmount()


@pytest.mark.parametrize("leave_blocks", [0, 2])
@pytest.mark.parametrize("board", ["esp32-c3", "pico-w"])
def test_a_node_goes_on_where_flash_is_full(tmp_path: Path, board: str, leave_blocks: int) -> None:
    with closing(saving_node(tmp_path, board)) as node:
        wake(node, 4)
        node.cut_power()
        fill(node, leave_blocks)
        witness = CutWitness(node, list)
        for _ in range(140):
            wake(node, 1)
            witness.follow()
        node.cut_power()
        witness.power_went()
        wake(node, 4)
        witness.follow()
        records, state = stored_records(node.flash), journal_state(node.flash)
        problems = [each for each in witness.problems() if "are lost" not in each]
        console = node.console.read_text()
    assert problems == []
    assert "Traceback" not in console
    assert state is not None
    newest = records[-1]
    assert newest.up_s > 0 or newest.seq == 0
    told = {bit for each in records for bit in (FAULT_BACKLOG, FAULT_STORE) if each.faults & bit}
    assert told, "a full flash is told"

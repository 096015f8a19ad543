"""Power that goes at any page operation of a save: the node boots, with what it had acknowledged.

`make soak` cuts in more wakes and in more parts of an operation.
"""

import os
from contextlib import closing
from itertools import count
from pathlib import Path

import msgspec
import pytest
from page_cuts import AfterCut, cut_at, cut_node, wake

from filmgauge.store.block import OVERHEAD
from filmgauge.store.page_store import PageStore
from filmgauge_sim.board.flash import FlashCut, PageInRam
from filmgauge_sim.board.littlefs_outside import install, listing
from filmgauge_sim.nodes.configuration import Broker
from filmgauge_sim.nodes.flash_reader import backlog, journal_state, raw_pages, stored_record
from filmgauge_sim.nodes.node_options import NodeOptions
from filmgauge_sim.nodes.tables import varied
from filmgauge_sim.scenario.loading import load_scenario
from filmgauge_sim.scenario.simulation import virtual_node

SOAK = os.environ.get("FILMGAUGE_SOAK")
PARTS = (0.0, 0.25, 0.5, 0.75, 1.0) if SOAK else (0.5,)
WAKES = range(60) if SOAK else (0, 3, 4)


def cuts(folder: Path, board: str, wakes: int, part: float) -> list[AfterCut]:
    """Cut a node at each operation of one of its wakes."""
    found = []
    for operation in count(1):
        given = FlashCut(operation, part)
        made = cut_at(lambda: cut_node(folder / str(operation), board), wakes, given)  # noqa: B023
        if made is None:
            return found
        found.append(made)
    return found


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("wakes", WAKES)
@pytest.mark.parametrize("board", ["esp32-c3", "pico-w", "stm32wb55"])
def test_a_node_outlives_a_cut_with_what_it_had_acknowledged(
    tmp_path: Path, board: str, wakes: int, part: float
) -> None:
    found = cuts(tmp_path, board, wakes, part)
    assert found
    for cut in found:
        assert cut.lives
        if cut.before is None:
            continue
        assert cut.after is not None
        assert cut.before.wakes <= cut.after.wakes <= cut.before.wakes + 1
        assert cut.after.newest >= cut.before.newest


def test_a_state_of_another_version_lets_no_record_come_twice(tmp_path: Path) -> None:
    with closing(cut_node(tmp_path, "stm32wb55")) as node:
        wake(node, 6)
        before = [stored_record(node.flash, name) for name in backlog(node.flash)]
        assert before
        other = bytearray(40 + OVERHEAD)
        PageStore(raw_pages(node.flash), other, 1 << 30).save(other)
        node.cut_power()
        wake(node, 6)
        after = [stored_record(node.flash, name) for name in backlog(node.flash)]
    positions = [(record.boot, record.seq) for record in after]
    assert len(after) > len(before)
    assert positions[: len(before)] == [(record.boot, record.seq) for record in before]
    assert positions == sorted(set(positions))


def test_a_node_whose_file_system_takes_all_keeps_its_state_in_files(tmp_path: Path) -> None:
    """As one that was flashed before there were raw pages."""
    node = cut_node(tmp_path, "stm32wb55", whole=True)
    try:
        for _ in range(8):
            node.step()
            assert node.dead is None
        assert [name for name in listing(node.flash, "/backlog") if name.isdigit()]
        assert listing(node.flash, "/state")
        assert journal_state(node.flash) is not None
    finally:
        node.close()


FAINT = """
name = "faint"
[[node]]
name = "faint"
board = "stm32wb55"
supply = "film"
reduces_service = false
[node.cell]
area_cm2 = 20.0
soc = 0.5
soc_sigma = 0.001
[node.sensor]
switched = true
[node.intervals]
sample_s = 30
report_every = 1
journal_every = 1
[node.bluetooth]
advertise_ms = 1000
"""


def test_a_supply_that_fails_in_a_save_costs_that_save_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This capacitor carries a boot, but not a page after it: the checks would refuse it."""
    torn: list[bool] = []
    lose_power = PageInRam.lose_power

    def lose(flash: PageInRam) -> None:
        torn.append(flash.is_dirty)
        lose_power(flash)

    monkeypatch.setattr(PageInRam, "lose_power", lose)
    (tmp_path / "scenario.toml").write_text(FAINT)
    scenario = load_scenario(str(tmp_path / "scenario.toml"))
    small = varied(scenario.node[0].description, {"capacitor.capacitance_uf": 1200})
    given = msgspec.structs.replace(scenario.node[0], description=small)
    node = virtual_node(scenario, given, Broker("", 0), tmp_path, NodeOptions("cpython"))
    last, records = (0, 0), 0
    try:
        while node.now_us < 3 * 3_600_000_000:
            node.step()
            assert node.dead is None, node.console.read_text()[-2000:]
            state = journal_state(node.flash)
            assert state is not None  # its first boot has more
            assert (state.boot, state.wakes) >= last
            last = state.boot, state.wakes
            assert len(backlog(node.flash)) >= records
            records = len(backlog(node.flash))
    finally:
        node.close()
    assert records > 0
    assert sum(torn) > 2


def test_a_journal_in_files_is_gone_on_with(tmp_path: Path) -> None:
    """Files of an older node, in a file system that was made shorter: boot and ledger go on."""
    old = cut_node(tmp_path / "old", "pico-w")
    node = cut_node(tmp_path / "new", "stm32wb55")
    try:
        while old.wakes < 2:
            old.step()
        state = journal_state(old.flash)
        assert state is not None
        from filmgauge_sim.board.littlefs_outside import fetch, listing

        names = [name for name in listing(old.flash, "/state") if name not in (".", "..")]
        install(
            node.flash, {f"/state/{each}": fetch(old.flash, f"/state/{each}") for each in names}
        )
        node.step()
        after = journal_state(node.flash)
        assert after is not None
        assert after.boot == state.boot + 1
    finally:
        old.close()
        node.close()

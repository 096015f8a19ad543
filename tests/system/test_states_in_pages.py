"""Raw pages beside the file system of a node: states of other versions, files, and a supply that
fails in a save."""

from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from saving_node import saving_node, wake

from filmgauge.store.block import OVERHEAD
from filmgauge.store.page_store import PageStore
from filmgauge_sim.board.flash import PageInRam
from filmgauge_sim.board.littlefs_outside import install, listing
from filmgauge_sim.nodes.configuration import Broker
from filmgauge_sim.nodes.flash_reader import backlog, journal_state, raw_pages, stored_record
from filmgauge_sim.nodes.node_options import NodeOptions
from filmgauge_sim.nodes.tables import varied
from filmgauge_sim.scenario.loading import load_scenario
from filmgauge_sim.scenario.simulation import virtual_node


def test_a_state_of_another_version_lets_no_record_come_twice(tmp_path: Path) -> None:
    with closing(saving_node(tmp_path, "stm32wb55")) as node:
        wake(node, 6)
        before = [stored_record(node.flash, name) for name in backlog(node.flash)]
        assert before
        other = bytearray(40 + OVERHEAD)
        PageStore(raw_pages(node.flash), other, 1 << 30).save(other)
        node.cut_power()
        wake(node, 6)
        after = [stored_record(node.flash, name) for name in backlog(node.flash)]
    positions = [(record.life, record.boot, record.seq) for record in after]
    assert len(after) > len(before)
    assert positions[: len(before)] == [
        (record.life, record.boot, record.seq) for record in before
    ]
    assert len(positions) == len(set(positions))
    assert len({life for life, *_ in positions}) == 2  # it could not read what the other one wrote


def test_a_node_whose_file_system_takes_all_keeps_its_state_in_files(tmp_path: Path) -> None:
    """As one that was flashed before there were raw pages."""
    node = saving_node(tmp_path, "stm32wb55", whole=True)
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
    old = saving_node(tmp_path / "old", "pico-w")
    node = saving_node(tmp_path / "new", "stm32wb55")
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

"""Records out of a flash, each with what was true when the node took it."""

import random
from pathlib import Path

import pytest

from filmgauge.record.record import Record
from filmgauge_sim.board.flash import Flash
from filmgauge_sim.board.littlefs_outside import install
from filmgauge_sim.circuit.cycler_bench import CyclerBench
from filmgauge_sim.emulated.emulated_records import EmulatedRecords
from filmgauge_sim.nodes.description import NodeDescription
from filmgauge_sim.nodes.surroundings import CyclerStep, WorldSection
from filmgauge_sim.nodes.world import build_world

HOUR_US = 3_600_000_000


@pytest.fixture
def world() -> CyclerBench:
    """A cell that is discharged at C/5: its charge falls by a fifth an hour."""
    discharge = WorldSection(cycler=[CyclerStep(action="discharge", rate_c=0.2, hours=10.0)])
    description = NodeDescription(name="bench", board="pico-w")
    made = build_world(description, discharge, random.Random(1))
    assert isinstance(made, CyclerBench)
    return made


def flash_with(path: Path, *records: Record) -> bytes:
    """A file system with records as the firmware names them."""
    path.unlink(missing_ok=True)
    flash = Flash(path, 32)
    stored = {f"/backlog/{each.values()[1]:08d}": each.to_bytes() for each in records}
    install(flash, {"/main.py": b"", **stored})
    flash.close()
    return path.read_bytes()


def test_a_record_has_the_truth_of_its_wake(tmp_path: Path, world: CyclerBench) -> None:
    records = [Record(boot=1, seq=seq, up_s=seq * 3600) for seq in range(3)]
    node = EmulatedRecords(world, tmp_path / "seen")
    began = world.truth().stoichiometry
    for hour in range(2):
        world.advance_to(hour * HOUR_US)
        node.sense()
        world.advance_to((hour + 1) * HOUR_US - 1)  # nobody is asked meanwhile
        node.lines(b"filmgauge: record %d waits: no network\r\n" % hour)
    found = node.new(flash_with(tmp_path / "flash", *records[:2]))
    assert [record for record, _ in found] == records[:2]
    falls = [began - truth.stoichiometry for _, truth in found]
    assert falls == pytest.approx([0.0, 0.2], abs=1e-3)
    world.advance_to(2 * HOUR_US)
    node.sense()
    found = node.new(flash_with(tmp_path / "flash", *records))
    assert [record for record, _ in found] == records[2:], "each once"
    assert began - found[0][1].stoichiometry == pytest.approx(0.4, abs=1e-3)
    assert node.new(flash_with(tmp_path / "flash", *records)) == []


def test_lines_come_whole(tmp_path: Path, world: CyclerBench) -> None:
    node = EmulatedRecords(world, tmp_path / "seen")
    assert node.lines(b"MicroPython v1") == []
    assert node.lines(b".29.0\r\n>>> \xff\nfil") == ["MicroPython v1.29.0", ">>> \ufffd"]
    assert node.lines(b"mgauge\n") == ["filmgauge"]


def test_a_flash_without_file_system_has_no_record(tmp_path: Path, world: CyclerBench) -> None:
    node = EmulatedRecords(world, tmp_path / "seen")
    assert node.new(b"\xff" * 32 * 4096) == []

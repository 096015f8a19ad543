"""A node whose wakes fail, or that has lost its profile: nothing charges its cell, and the cell is
not kept away from it."""

from contextlib import closing
from pathlib import Path

import pytest
from failing_node import mend, run_sources, sources_that_fail_to_sample
from reporting_node import make_node, said, wake

from filmgauge.state import State
from filmgauge_sim.board.littlefs_outside import install
from filmgauge_sim.nodes.virtual_node import VirtualNode

PIN = 3
CHARGED = f"""name = "rig"
[[node]]
name = "rig"
board = "%s"
[node.pins]
charge = {PIN}
[node.cell]
soc = 0.5
soc_sigma = 0.02
[node.intervals]
report_every = 30
[node.bluetooth]
advertise_ms = 0
[[node.world.cycler]]
action = "charge"
rate_c = 0.1
hours = 100.0
"""
NOWHERE = "mqtt://127.0.0.1:1"


def charged_node(monkeypatch: pytest.MonkeyPatch, folder: Path, board: str) -> VirtualNode:
    """Return a node that fails where it has a file /fails."""
    run_sources(monkeypatch, sources_that_fail_to_sample())
    return make_node(folder, NOWHERE, "cpython", CHARGED % board, real_wait_ms=10)


def levels_of(node: VirtualNode, pin: int) -> list[bool]:
    """Return where every level of a pin from now on goes."""
    levels: list[bool] = []
    set_pin = node.world.set_pin

    def noted(number: int, level: bool, at_us: int) -> None:
        if number == pin:
            levels.append(bool(level))
        set_pin(number, level, at_us)

    node.world.set_pin = noted  # type: ignore[method-assign]
    return levels


@pytest.mark.parametrize("board", ["esp32-c3", "esp32-c6", "stm32wb55", "pico-w"])
def test_a_node_that_fails_is_not_charged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, board: str
) -> None:
    with closing(charged_node(monkeypatch, tmp_path, board)) as node:
        levels = levels_of(node, PIN)
        wake(node, 3)
        assert levels[-1]
        install(node.flash, {"/fails": b""})
        levels.clear()
        while "planted" not in said(node):
            wake(node, 1)
        assert levels == [False]  # with the first one
        while "safe: the firmware fails" not in said(node):
            wake(node, 1)
        wake(node, 20)
        assert not any(levels)
        mend(node, "/fails")
        while "counted in the safe mode" not in said(node):
            wake(node, 1)
        assert levels[-1]


def test_a_node_without_its_profile_is_not_charged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(charged_node(monkeypatch, tmp_path, "esp32-c3")) as node:
        levels = levels_of(node, PIN)
        wake(node, 3)
        assert levels[-1]
        install(node.flash, {"/profile.bin": b"torn"})
        levels.clear()
        wake(node, 3)
        assert levels
        assert not any(levels)


@pytest.mark.parametrize("what", ["fails", "profile.bin"])
def test_a_cell_is_not_left_behind_an_open_switch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """It was open for the zero of the sensor when the wakes began to fail."""
    text = CHARGED.replace(f"charge = {PIN}", f"disconnect = {PIN}") % "esp32-c3"
    text = text.replace("[node.intervals]", "[node.intervals]\noffset_every = 2")
    text = text.replace('"charge"', '"rest"').replace("rate_c = 0.1\n", "")
    run_sources(monkeypatch, sources_that_fail_to_sample())
    with closing(make_node(tmp_path, NOWHERE, "cpython", text, real_wait_ms=10)) as node:
        levels = levels_of(node, PIN)
        state = State()
        for _ in range(20):
            wake(node, 1)
            state.buffer[:] = node.board.rtc_memory[: len(state.buffer)]
            assert state.unpack()
            if state.offset_running:
                break
        assert levels[-1]
        install(node.flash, {f"/{what}": b"torn"})
        wake(node, 1)
        assert not levels[-1]
        wake(node, 3)
        assert not levels[-1]

"""A radio whose start ends in a panic, again and again: the boots behind it are failures of the
firmware as those of a watchdog are, and nothing that waits is lost to them."""

from contextlib import closing
from pathlib import Path

import pytest
from launched_node import launch_from_flash, version
from reporting_node import said
from saving_node import saving_node

from filmgauge.record import FAULT_RESET, FAULT_SAFE
from filmgauge.record.record import Record
from filmgauge_sim.board.executable import RuntimeName
from filmgauge_sim.board.littlefs_outside import fetch, install, listing
from filmgauge_sim.nodes.flash_reader import backlog, stored_record
from filmgauge_sim.nodes.virtual_node import VirtualNode

HOUR_US = 3.6e9
MOST = 5  # failures in a row, crash.py
BOARDS = ("esp32-c3", "stm32wb55")
ADVERTISES = {"bluetooth.advertise_ms": 5000}


def panicking_node(folder: Path, board: str, runtime: RuntimeName) -> VirtualNode:
    """Return a node that reports every two minutes, in vain or by radio, and saves each minute."""
    changes = ADVERTISES if board == "stm32wb55" else {}
    return saving_node(folder, board, runtime, changes=changes)


def live(node: VirtualNode, hours: float, most_steps: int = 500) -> None:
    until_us = node.now_us + round(hours * HOUR_US)
    while node.now_us < until_us:
        node.step(until_us)
        assert node.dead is None, said(node)[-2000:]
        most_steps -= 1
        assert most_steps, f"{node.now_us / 1e6:.0f} s: {said(node)[-500:]}"


def stored(node: VirtualNode) -> list[Record]:
    return [stored_record(node.flash, name) for name in backlog(node.flash)]


def panics(node: VirtualNode) -> int:
    return sum(incident.endswith(": panic") for incident in node.incidents)


@pytest.mark.parametrize("runtime", ["cpython", "micropython"])
@pytest.mark.parametrize("board", BOARDS)
def test_panics_lead_to_the_safe_mode_and_overwrite_nothing(
    tmp_path: Path, board: str, runtime: RuntimeName
) -> None:
    with closing(panicking_node(tmp_path, board, runtime)) as node:
        live(node, 0.4)
        before = stored(node)
        node.radio_fails = "panic"
        live(node, 2.0)
        failing = stored(node)
        assert MOST <= panics(node) <= MOST + 1  # and once for the record of the safe mode
        assert "safe: the firmware fails" in said(node)
        node.radio_fails = None
        live(node, 25.0, 1000)
        records = stored(node)
    assert before
    assert failing[: len(before)] == before
    assert len(failing) <= len(before) + MOST + 2
    keys = [(record.life, record.boot, record.seq) for record in records]
    assert len(set(keys)) == len(keys)
    assert any(record.faults & FAULT_RESET for record in failing[len(before) :])
    assert not records[-1].faults & (FAULT_RESET | FAULT_SAFE)


@pytest.mark.parametrize("board", BOARDS)
def test_one_panic_costs_one_calm_wake(tmp_path: Path, board: str) -> None:
    with closing(panicking_node(tmp_path, board, "cpython")) as node:
        live(node, 0.2)
        before = stored(node)
        node.radio_fails = "panic"
        while not panics(node):
            node.step()
        node.radio_fails = None
        live(node, 0.2)
        after = stored(node)[len(before) :]
        names = set(listing(node.flash, "/"))
    assert [bool(record.faults & FAULT_RESET) for record in after].count(True) == 1
    assert "failures" not in names
    assert panics(node) == 1
    times = [record.up_s for record in [*before, *after]]
    if board == "esp32-c3":  # whose time goes on
        assert times == sorted(set(times))


def test_a_version_that_panics_on_trial_is_gone_back_from(tmp_path: Path) -> None:
    with closing(saving_node(tmp_path, "esp32-c3", "micropython")) as node:
        old, new = version("0.1.0").data, version("0.2.0").data
        launch_from_flash(node, new)
        install(node.flash, {"/app.bin.old": old, "/trial": b""})
        node.radio_fails = "panic"
        while "back to the version before" not in said(node):
            live(node, 1e-8)
        assert panics(node) == 4  # starts of a trial
        node.radio_fails = None
        live(node, 0.2)
        assert fetch(node.flash, "/app.bin") == old
        assert "trial" not in listing(node.flash, "/")
        assert stored(node)

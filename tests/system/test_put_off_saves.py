"""A save near the brown-out would cause the very cut that it is for: it waits."""

import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from filmgauge.record import FAULT_STORE
from filmgauge_sim.board.littlefs_outside import fetch, install
from filmgauge_sim.nodes.configuration import Broker, firmware_configuration, save_level
from filmgauge_sim.nodes.description import DescriptionError, description_from
from filmgauge_sim.nodes.node_options import NodeOptions
from filmgauge_sim.nodes.tables import varied
from filmgauge_sim.nodes.virtual_node import VirtualNode
from filmgauge_sim.scenario.loading import load_scenario
from filmgauge_sim.scenario.simulation import virtual_node

PIN = 0
KEYS = {  # an empty cell in the dark, a record a minute
    "reduces_service": False,
    "cell.soc": 0.003,
    "intervals.sample_s": 60,
    "intervals.full_sample_every": 1,
    "intervals.report_every": 1,
    "intervals.journal_every": 2,
    "bluetooth.advertise_ms": 0,
}


def film_node(folder: Path, pin: int, **keys: object) -> VirtualNode:
    scenario = load_scenario("window")
    given = scenario.node[0]
    described = varied(given.description, {**KEYS, "pins.supply": pin, **keys})
    world = msgspec.structs.replace(given.world, light=())
    given = msgspec.structs.replace(given, description=described, world=world)
    folder.mkdir()
    return virtual_node(scenario, given, Broker("", 0), folder, NodeOptions("cpython"))


def watched(node: VirtualNode) -> tuple[list[float], list[float]]:
    """Return lists that get the capacitor's voltage before each page that is written, and behind
    each that is whole."""
    begun: list[float] = []
    done: list[float] = []
    write = node.flash.sync

    def sync(spend: Callable[[int], None] = lambda us: None) -> None:
        dirty = node.flash.is_dirty  # type: ignore[attr-defined]
        if dirty:
            begun.append(node.world.capacitor_v)  # type: ignore[union-attr]
        write(spend)
        if dirty:
            done.append(node.world.capacitor_v)  # type: ignore[union-attr]

    node.flash.sync = sync  # type: ignore[method-assign]
    return begun, done


def test_no_page_is_written_that_the_capacitor_does_not_cover(tmp_path: Path) -> None:
    torn = {}
    for pin in (-1, PIN):
        with closing(film_node(tmp_path / str(pin), pin)) as node:
            begun, done = watched(node)
            while not node.incidents:  # until it browns out
                node.step()
                assert node.now_us < 3.6e9
            assert "brown-out" in node.incidents[0]
            torn[pin] = len(begun) - len(done)
            if pin == PIN:
                least_v = save_level(node.description) / 65535 * 2 * node.kind.supply_v
                assert min(begun) >= least_v
                assert min(done) > node.kind.brown_out_v + 0.05
                assert node.waiting >= 4  # what the capacitor covered was stored
    assert torn == {-1: 1, PIN: 0}  # without the pin the last save was what took the power


def test_what_waits_for_long_is_told_and_stored_when_the_capacitor_covers_it(
    tmp_path: Path,
) -> None:
    keys = {"cell.soc": 0.5, "pins.supply": PIN}
    with closing(film_node(tmp_path / "node", PIN, **keys)) as node:
        begun, _ = watched(node)
        for _ in range(12):
            node.step()
        read, waiting = node.board.request, node.waiting
        assert waiting > 2

        def low(operation: int, small: int, *rest: object) -> tuple[int, bytes]:
            status, answer = read(operation, small, *rest)  # type: ignore[arg-type]
            return (0, b"\x00\x80") if operation == 61 else (status, answer)

        node.board.request = low  # type: ignore[method-assign]
        del begun[:]
        until_us = node.now_us + 20 * 60e6
        while node.now_us < until_us:
            node.step()
        assert not begun
        assert node.waiting == waiting
        node.board.request = read  # type: ignore[method-assign]
        until_us = node.now_us + 3 * 60e6
        while node.now_us < until_us:
            node.step()
        assert begun
        records = node.new_records()
        assert node.waiting >= waiting + 2
    told = [bool(record.faults & FAULT_STORE) for record in records]
    assert told.count(True) == 1
    assert told.index(True) == waiting  # the first that was stored after the wait


def test_the_level_comes_from_the_circuit() -> None:
    given = load_scenario("window").node[0].description
    with_pin = varied(given, {"pins.supply": PIN})
    values = firmware_configuration(with_pin, {}, Broker("", 0))
    assert (values["pin_supply"], values["save_level"]) == (PIN, save_level(with_pin))
    assert "save_level" not in firmware_configuration(given, {}, Broker("", 0))
    # 2 mJ from 4.7 mF above 2.0 V: 2.21 V, and 2 % more.
    assert save_level(with_pin) / 65535 * 3.6 == pytest.approx(2.25, abs=0.02)
    larger = varied(with_pin, {"capacitor.capacitance_uf": 47000.0})
    assert save_level(larger) < save_level(with_pin)
    small = varied(with_pin, {"capacitor.capacitance_uf": 300.0})
    with pytest.raises(DescriptionError, match="capacitance_uf must be above 300"):
        save_level(small)
    for table, sentence in (
        ({"board": "stm32wb55", "pins": {"supply": 9}}, "pins.supply must be one of 0, 1, 32"),
        ({"board": "esp32-c3", "pins": {"supply": 0}}, "pins.supply must be -1 on esp32-c3"),
        ({"board": "stm32wb55", "supply": "usb", "pins": {"supply": 0}}, "pins.supply needs"),
    ):
        with pytest.raises(DescriptionError, match=sentence):
            description_from({"name": "any", "supply": "film", **table})


@pytest.mark.parametrize("board", ["esp32-c3", "pico-w"])
def test_a_board_that_cannot_measure_its_supply_puts_nothing_off(
    tmp_path: Path, board: str
) -> None:
    """As after a command that sets the pin all the same."""
    scenario = load_scenario("bench")
    given = scenario.node[0]
    described = varied(given.description, {"board": board, "intervals.report_every": 1})
    given = msgspec.structs.replace(given, description=described)
    options = NodeOptions("cpython")
    with closing(virtual_node(scenario, given, Broker("127.0.0.1", 1), tmp_path, options)) as node:
        keys = json.loads(fetch(node.flash, "/config.json")) | {"pin_supply": 1, "save_level": 9}
        install(node.flash, {"/config.json": json.dumps(keys).encode()})
        while node.now_us < 180_000_000:
            node.step()
        assert "Traceback" not in node.console.read_text()
        assert node.waiting >= 3

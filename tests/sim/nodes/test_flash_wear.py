"""The wear that is computed against erases that are counted."""

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from filmgauge_sim.nodes.configuration import Broker
from filmgauge_sim.nodes.flash_wear import ENDURANCE, flash_wear
from filmgauge_sim.nodes.node_options import NodeOptions
from filmgauge_sim.nodes.surroundings import WorldSection
from filmgauge_sim.nodes.tables import varied
from filmgauge_sim.scenario.loading import load_scenario
from filmgauge_sim.scenario.simulation import virtual_node


@pytest.mark.parametrize("board", ["esp32-c3", "pico-w", "stm32wb55"])
def test_what_is_computed_is_what_a_node_does(board: str, tmp_path: Path) -> None:
    changes: Mapping[str, object] = {
        "board": board,
        "intervals.sample_s": 600,
        "intervals.journal_every": 4,
        "intervals.report_every": 3,
    }
    scenario = load_scenario("bench")
    described = varied(scenario.node[0].description, changes)
    given = msgspec.structs.replace(scenario.node[0], description=described, world=WorldSection())
    options = NodeOptions("cpython", real_wait_ms=10)
    node = virtual_node(scenario, given, Broker("127.0.0.1", 1), tmp_path, options)
    wear = flash_wear(described)
    with closing(node):
        while node.now_us < 3.6e9:  # what is new once is over
            node.step()
        node.flash.reset_wear()
        begun_us = node.now_us
        while node.now_us < begun_us + 86_400e6:
            node.step()
        counted = node.flash.erases / ((node.now_us - begun_us) / 86_400e6)
    assert (wear.saves_day, wear.records_day) == (36.0, 48.0)
    if board == "stm32wb55":
        assert counted == pytest.approx(wear.erases_day, abs=2.0)
        assert wear.pages == 12
        advertises = varied(described, {"bluetooth.advertise_ms": 1000})
        assert flash_wear(advertises).erases_day == 72.0  # a dozen saves go with a record
    else:  # no date is written here
        assert 0.5 * wear.erases_day < counted <= wear.erases_day


def test_the_bound_holds_for_what_is_described_by_default() -> None:
    for name in ("bench", "window", "implant"):
        wear = flash_wear(load_scenario(name).node[0].description)
        assert wear.is_bearable, name
        assert wear.hottest <= ENDURANCE
    often = varied(load_scenario("window").node[0].description, {"intervals.report_every": 1})
    assert not flash_wear(often).is_bearable
    assert flash_wear(often).hottest == pytest.approx(1.35 * 144 * 3652 / 12, abs=1)

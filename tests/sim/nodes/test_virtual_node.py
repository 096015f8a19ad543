"""Virtual nodes from plain descriptions: what they book, and what they leave behind."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from description_keys import nested

from filmgauge_sim.board.littlefs_outside import fetch
from filmgauge_sim.cell import BoundaryFilm, DiffusionFilm, load_parameters
from filmgauge_sim.nodes.configuration import Broker, compiled_profile
from filmgauge_sim.nodes.node_options import NodeOptions
from filmgauge_sim.nodes.virtual_node import VirtualNode
from filmgauge_sim.scenario.loading import scenario_from
from filmgauge_sim.scenario.simulation import virtual_node

NOWHERE = Broker("127.0.0.1", 9)
DAY_US = 86_400_000_000
OPTIONS = NodeOptions("cpython", real_wait_ms=10)

OTHER_CELL = {"name": "m", "world.cell_set": "evp-li-boundary"}

Make = Callable[[dict[str, Any]], VirtualNode]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """A function that makes a node from the keys of its description by path."""
    with ExitStack() as stack:

        def made(values: dict[str, Any]) -> VirtualNode:
            scenario = scenario_from({"name": "s", "node": [nested({"name": "n", **values})]})
            node = virtual_node(scenario, scenario.node[0], NOWHERE, tmp_path, OPTIONS)
            return stack.enter_context(closing(node))

        yield made


def test_a_node_on_film_with_nothing_but_defaults_books_what_it_takes(make: Make) -> None:
    """Nobody says what a node takes for itself: it must not be nothing."""
    node = make(
        {
            "board": "stm32wb55",
            "supply": "film",
            "cell.set": "pre-li",
            "cell.area_cm2": 10.0,
            "cell.soc": 0.9,
            "cell.soc_sigma": 0.001,
            "sensor.switched": True,
        }
    )
    records = []
    while node.now_us < DAY_US // 4:
        node.step()
        assert node.dead is None
        records += node.new_records()
    last = records[-1]
    truth = node.truth.at((last.life, last.boot), last.up_s)
    assert truth is not None
    assert last.soc_ppm is not None
    spent = 0.9 - truth.stoichiometry
    assert spent > 0.1
    # The firmware takes its budget to be right to 5 %.
    assert abs(last.soc_ppm / 1e6 - truth.stoichiometry) < 0.05 * spent


@pytest.mark.parametrize(
    ("board", "values"),
    [
        ("esp32-c3", {}),
        ("pico-w", {}),
        ("stm32wb55", {}),
        (
            "stm32wb55",
            {"supply": "film", "sensor.switched": True, "cell.area_cm2": 10.0},
        ),
    ],
)
def test_boots_and_records_are_counted_whatever_the_board_remembers(
    make: Make, board: str, values: dict[str, Any]
) -> None:
    report = {"intervals.report_every": 2, "cell.soc": 0.8, "cell.soc_sigma": 0.01}
    node = make({"board": board, **report, **values})
    for wakes in (3, 5):
        while node.wakes < wakes:
            node.step()
        node.cut_power()
        node.new_records()
    assert node.truth.boots == [1, 1, 1, 2, 2]
    assert node.made == node.waiting == 3  # of the first wake of a boot, and of the third


@pytest.mark.parametrize("board", ["esp32-c3", "pico-w", "stm32wb55"])
def test_pins_that_are_not_the_usual_ones_reach_the_circuit(make: Make, board: str) -> None:
    node = make({"board": board, "pins.scl": 33, "pins.sda": 34, "pins.gate": 35})
    node.step()
    (pins,) = {node.kind.pins}
    assert (pins.scl, pins.sda, pins.gate) == (33, 34, 35)
    assert len(node.truth) == 1
    assert node.board.transfers > 0
    assert "OSError" not in node.console.read_text()


def test_the_true_cell_may_be_of_another_physics_than_the_profile(make: Make) -> None:
    """At C/5 for four hours: the gauge goes by the profile of the described set, the voltage and
    the charge that is left are those of the film behind it."""
    known = {"board": "stm32wb55", "cell.set": "evp-li", "cell.soc": 1.0, "cell.soc_sigma": 0.001}
    cycler = {"world.cycler": [{"action": "discharge", "rate_c": 0.2, "hours": 100.0}]}
    plain, other = (make({**known, **cycler, **cell}) for cell in ({}, OTHER_CELL))
    assert isinstance(plain.world.cell, DiffusionFilm)
    assert isinstance(other.world.cell, BoundaryFilm)
    profile = compiled_profile(plain.description).to_bytes()
    assert fetch(other.flash, "profile.bin") == profile
    drawn_uah = 4 * 0.2 * load_parameters("evp-li").capacity_uah_cm2
    for node in (plain, other):
        records = []
        while node.now_us < 4 * 3_600_000_000:
            node.step()
            assert node.dead is None
            records += node.new_records()
        node.world.advance_to(4 * 3_600_000_000)
        cell = node.world.cell
        assert cell.capacity_uah * (1.0 - cell.stoichiometry) == pytest.approx(drawn_uah, rel=2e-3)
        last = records[-1]
        assert last.soc_ppm == pytest.approx(1e6 * (1.0 - 0.2 * last.up_s / 3600.0), abs=5_000)
    # The same charge is a larger share of the smaller film.
    assert other.world.cell.stoichiometry < plain.world.cell.stoichiometry - 0.02

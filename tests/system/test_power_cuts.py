"""Power that goes at requests and flash operations of every port: what a node has acknowledged is
there afterwards. `make soak` cuts ten thousand times."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from cut_campaign import Case, cases, run, update_cases
from saving_node import saving_node

from filmgauge.record.record import Record
from filmgauge_sim.nodes.cut_witness import CutWitness
from filmgauge_sim.nodes.flash_reader import stored_records
from filmgauge_sim.nodes.power_cuts import PowerCuts, cut_plan
from filmgauge_sim.nodes.virtual_node import VirtualNode

SAMPLE = [
    (Case("esp32-c3", "cpython", "saved", "flash"), 60),
    (Case("esp32-c3", "cpython", "away", "random:1"), 60),
    (Case("pico-w", "cpython", "kept", "flash"), 40),
    (Case("pico-w", "cpython", "away", "random:2"), 60),
    (Case("stm32wb55", "cpython", "kept", "flash"), 30),
    (Case("stm32wb55", "cpython", "radio", "every-request"), 60),
    (Case("pico-w", "cpython", "commanded", "random:6"), 30),
    (Case("esp32-c3", "micropython", "commanded", "random:3"), 16),
    (Case("stm32wb55", "micropython", "radio", "random:4"), 16),
    (Case("esp32-c3", "micropython", "update settings", "task:8"), 8),
    (Case("pico-w", "micropython", "update resetting", "task:25"), 4),
]


@pytest.mark.parametrize(("case", "cuts"), SAMPLE, ids=lambda each: str(each).split("(")[-1])
def test_a_node_keeps_what_it_has_acknowledged(case: Case, cuts: int) -> None:
    result = run(case, cuts)
    assert result.problems == []
    assert result.cuts == cuts
    assert result.targets["in recovery"] > 0
    assert result.commands > 0 or not case.use.startswith(("commanded", "update"))


def test_the_campaign_goes_through_every_port_and_use_on_both_interpreters() -> None:
    walks = list(itertools.takewhile(lambda case: "random" not in case.mode, cases()))
    assert len(walks) == 2 * 2 * 11
    assert {case.board for case in walks} == {"esp32-c3", "pico-w", "stm32wb55"}
    assert len(set(walks)) == len(walks)
    updates = list(itertools.takewhile(lambda case: "random" not in case.mode, update_cases()))
    assert len(updates) == 2 * 5  # boards with Wi-Fi, kinds of orders


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[tuple[VirtualNode, CutWitness, list[Record]]]:
    """A node that has lived through some wakes, before the eyes of a witness."""
    with closing(saving_node(tmp_path, "stm32wb55")) as node:
        arrived: list[Record] = []
        witness = CutWitness(node, lambda: arrived)
        for _ in range(7):
            node.step()
            witness.follow()
        arrived += node.new_records()
        assert len(arrived) == 2
        assert witness.problems() == []
        yield node, witness, arrived


def lived(node: VirtualNode, witness: CutWitness) -> list[str]:
    for _ in range(4):
        node.step()
        witness.follow()
    return witness.problems()


@pytest.mark.parametrize("lose", [VirtualNode.erase_flash, VirtualNode.spoil_journal])
def test_a_lost_state_is_found_out(watched, lose: Callable[[VirtualNode], None]) -> None:
    node, witness, _ = watched
    lose(node)
    assert "has ended" in "".join(lived(node, witness))


def test_charge_that_moved_uncounted_is_found_out(watched) -> None:
    node, witness, _ = watched
    assert lived(node, witness) == []
    node.world.cell.shift(0.02)
    (problem,) = lived(node, witness)
    assert "nAh wrong" in problem


def test_lost_and_altered_records_are_found_out(watched) -> None:
    node, witness, arrived = watched
    altered = stored_records(node.flash)[0]
    altered.voltage_uv += 1
    arrived += [altered, Record(life=altered.life, boot=7, seq=2, up_s=0)]
    problems = "\n".join(witness.problems())
    assert "came twice with other content" in problems
    assert "boot 7: records [0, 1] of 1 are lost" in problems


def test_a_node_that_does_not_come_up_is_found_out(watched, monkeypatch) -> None:
    node, witness, _ = watched
    monkeypatch.setattr(node, "dead", "no file system")
    witness.follow()
    assert "does not boot: no file system" in "".join(witness.problems())


def test_a_node_that_runs_and_never_completes_a_wake_is_found_out(watched) -> None:
    node, witness, _ = watched
    for _ in range(39):
        node.board.requests += 1
        witness.follow()
    assert not witness.is_stuck
    node.board.requests += 1
    witness.follow()
    assert witness.is_stuck  # at which the campaign goes on with another
    assert "does not wake" in "".join(witness.problems())


def test_a_walk_comes_to_every_request_in_turn(tmp_path: Path) -> None:
    cuts = PowerCuts(cut_plan("every-request"), 12)
    with closing(saving_node(tmp_path, "esp32-c3", cuts=cuts)) as node:
        made = []
        while cuts.done < 12:
            node.step()
            made.append((node.board.requests, cuts.done))
    assert [done for _, done in made] == list(range(1, 13))  # each boot is cut
    requests = [0, *(each for each, _ in made)]
    assert [after - before for before, after in itertools.pairwise(requests)] == list(range(1, 13))


@pytest.mark.parametrize("mode", ["", "random", "random:x", "flash:1", "random:-1"])
def test_an_unknown_plan_is_refused(mode: str) -> None:
    with pytest.raises(ValueError, match="plan of cuts must be every-request, flash or random"):
        cut_plan(mode)

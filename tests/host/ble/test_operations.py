"""Scanning and reading while the adapter is pulled out and put back; counters of commands."""

from pathlib import Path

import pytest
from ble_bed import Field

from filmgauge_host.ble import node_search, operations
from filmgauge_host.ble.discovery import DiscoveredNode, DiscoveredNodes
from filmgauge_host.ble.node_registry import NodeRegistry, RegisteredNode
from filmgauge_host.ble.radio import Radio
from filmgauge_host.commands.actions import parse_action
from filmgauge_host.commands.configuration_changes import Changes
from filmgauge_host.commands.counters import CommandCounters
from filmgauge_host.errors import AdapterError, NodeError

GONE = "Bluetooth cannot be used: no Bluetooth adapter: waiting for it"


@pytest.fixture
def field():
    made = Field(silence_s=Radio().silence_s)
    yield made
    made.close()


@pytest.mark.parametrize("after_s", [0.5, 4.0, 61.0])
def test_a_scan_says_that_the_adapter_is_gone_and_goes_on(field: Field, after_s: float) -> None:
    lines: list[str] = []
    seen: list[DiscoveredNode] = []
    nodes = DiscoveredNodes(NodeRegistry([]))
    task = field.start(node_search.scan(field.radio, nodes, seen.append, None, lines.append))
    field.live(field.node, 20, 60)
    field.pass_s(after_s)
    field.run(field.adapter.pull_out())
    field.pass_s(10)
    assert lines == [GONE]
    field.pass_s(100)
    before = len(seen)
    field.run(field.adapter.plug_in())
    field.pass_s(120)
    assert lines == [GONE, "Bluetooth works again"]
    assert len(seen) > before
    assert not task.done()


def test_a_scan_without_an_adapter_does_not_begin(field: Field) -> None:
    field.run(field.adapter.pull_out())
    nodes = DiscoveredNodes(NodeRegistry([]))
    task = field.start(node_search.scan(field.radio, nodes, lambda node: None, None))
    field.pass_s(10)
    assert isinstance(task.exception(), AdapterError)


def test_a_scan_of_a_time_ends(field: Field) -> None:
    nodes = DiscoveredNodes(NodeRegistry([]))
    task = field.start(node_search.scan(field.radio, nodes, lambda node: None, 20.0))
    field.pass_s(19)
    assert not task.done()
    field.pass_s(2)
    assert task.exception() is None


@pytest.mark.parametrize("into_s", [None, 0.0, 0.1, 0.3])
def test_reading_goes_on_when_the_adapter_is_back(
    field: Field, into_s: float | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """Pulled out before the node is heard, and so long after it has been connected."""
    task = field.start(operations.read_everything(field.radio, NodeRegistry([]), "node-1", 3600.0))
    field.pass_s(30)
    if into_s is not None:
        field.live(field.node, 20, 60)
        while not field.adapter.device.connections:
            field.pass_s(0.01)
        field.pass_s(into_s)
    assert not task.done()
    field.run(field.adapter.pull_out())
    field.pass_s(10)
    assert capsys.readouterr().err.count("no Bluetooth adapter: waiting for it") == 1
    field.run(field.adapter.plug_in())
    field.live(field.node, 20, 60)
    field.pass_s(200)
    assert "works again" in capsys.readouterr().err
    assert task.result()["node"]["name"] == "node-1"


@pytest.mark.parametrize("operation", ["command", "configure"])
def test_no_counter_is_signed_that_only_a_stranger_can_have_named(
    field: Field, tmp_path: Path, operation: str
) -> None:
    """A frame with the last one there is would end the commands of the real node."""
    node = field.node
    registry = NodeRegistry([RegisteredNode("node-1", command_key=node.command_key)])
    counters = CommandCounters(tmp_path / "counters.json")

    def ask() -> BaseException | None:
        if operation == "command":
            action = parse_action(("report",))
            work = operations.command(field.radio, registry, "node-1", action, 60.0, counters)
        else:
            changes: Changes = {"sample_s": 60}
            work = operations.configure(
                field.radio, registry, "node-1", changes, 60.0, False, counters
            )
        task = field.start(work)
        field.live(node, 1, 60)
        field.pass_s(60)
        return task.exception()

    node.counter = 0xFFFFFFFD
    error = ask()
    assert isinstance(error, NodeError)
    assert str(error) == (
        "node-1 says that it has had command 4294967293, and 0 is the last that was sent from here"
        f": write that number into {tmp_path / 'counters.json'} if it is true"
    )
    assert node.done == []
    assert counters.last("node-1") == 0
    for claimed in (999_999, 999_999):  # neither in steps
        node.counter = claimed
        assert ask() is None
    node.counter = 999_999 + 1_000_000
    assert isinstance(ask(), NodeError)
    node.counter = 7
    assert ask() is None
    assert node.counter == 8
    assert counters.last("node-1") == 3


def test_a_new_board_under_an_old_name_is_commanded(field: Field, tmp_path: Path) -> None:
    """It takes no counter that is far ahead of the none that it has had."""
    registry = NodeRegistry([RegisteredNode("node-1", command_key=field.node.command_key)])
    counters = CommandCounters(tmp_path / "counters.json")
    counters.reserve("node-1", 1, 1_050_000)
    field.node.counter = 0
    for sent in (1, 2):
        work = operations.command(
            field.radio, registry, "node-1", parse_action(("report",)), 60.0, counters
        )
        task = field.start(work)
        field.live(field.node, 1, 60)
        field.pass_s(60)
        assert task.exception() is None
        assert field.node.counter == sent
    assert counters.reserve("node-1", 1, 2) == 3
    assert counters.last("node-1") > 1_050_000

"""Whom a name means: nodes whose names begin alike, listed with addresses and without."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from ble_bed import Field, address
from ble_nodes import BleNode

from filmgauge.uplink.actions import REBOOT
from filmgauge_host.ble import operations
from filmgauge_host.ble.node_registry import NodeRegistry, RegisteredNode
from filmgauge_host.commands.actions import parse_action
from filmgauge_host.commands.counters import CommandCounters
from filmgauge_host.errors import NodeError

NAMES = ("building-a-1", "building-a-2")  # of which ten characters are advertised


@pytest.fixture
def field() -> Iterator[Field]:
    made = Field(nodes=0)
    made.nodes = [
        BleNode(made.air, name, address(number), command_key=bytes([number] * 16))
        for number, name in enumerate(NAMES, 1)
    ]
    yield made
    made.close()


def registry_of(field: Field, listed: int, with_address: bool) -> NodeRegistry:
    return NodeRegistry(
        [
            RegisteredNode(
                node.name,
                node.address if with_address else None,
                command_key=node.command_key,
            )
            for node in field.nodes[:listed]
        ]
    )


@pytest.mark.parametrize(
    ("listed", "with_address"), [(2, True), (2, False), (1, True), (1, False)]
)
def test_a_command_is_for_the_node_that_is_named(
    field: Field, tmp_path: Path, listed: int, with_address: bool
) -> None:
    first, second = field.nodes
    registry = registry_of(field, listed, with_address)
    field.live(second, 3, 60)
    field.pass_s(10)
    field.live(first, 3, 60)
    field.pass_s(45)  # the other one is heard first
    counters = CommandCounters(tmp_path / "counters.json")
    action = parse_action(("reboot",))
    work = operations.command(field.radio, registry, first.name, action, 300.0, counters)
    task = field.start(work)
    field.pass_s(120)
    assert task.done()
    assert task.exception() is None
    assert (first.done, second.done) == ([REBOOT], [])
    assert counters.last(second.name) == 0


def test_a_reading_is_of_the_node_that_is_named(field: Field) -> None:
    registry = registry_of(field, 2, False)
    for node in reversed(field.nodes):
        field.live(node, 3, 60)
        field.pass_s(10)
    work = operations.read_everything(field.radio, registry, NAMES[0], 300.0)
    task = field.start(work)
    field.pass_s(120)
    assert task.result()["node"]["serial"] == task.result()["node"]["name"] == NAMES[0]


def test_where_only_another_one_is_there_that_is_said(field: Field) -> None:
    field.live(field.nodes[1], 3, 60)
    work = operations.read_everything(field.radio, NodeRegistry([]), NAMES[0], 100.0)
    task = field.start(work)
    field.pass_s(200)
    with pytest.raises(NodeError) as raised:
        task.result()
    assert str(raised.value) == (
        f"{NAMES[0]} was not heard within 100 s: {address(2)} says it is {NAMES[1]}"
    )


def test_a_name_that_is_listed_at_another_address_is_not_believed(field: Field) -> None:
    registry = NodeRegistry([RegisteredNode(NAMES[0], address(9))])
    field.live(field.nodes[0], 3, 60)
    task = field.start(operations.read_everything(field.radio, registry, NAMES[0], 100.0))
    field.pass_s(200)
    with pytest.raises(NodeError, match=f"{NAMES[0]} was not heard within 100 s$"):
        task.result()
    assert field.nodes[0].connections == 0


def test_why_a_node_is_not_believed_is_said(field: Field) -> None:
    """It advertises in plain text, and there is a key."""
    field.live(field.nodes[0], 3, 60)
    registry = NodeRegistry([RegisteredNode(NAMES[0], ble_key=bytes(16))])
    field.nodes[0].wrong.no_service_data = True
    task = field.start(operations.read_everything(field.radio, registry, NAMES[0], 100.0))
    field.pass_s(200)
    with pytest.raises(NodeError) as raised:
        task.result()
    assert str(raised.value) == (
        f"{NAMES[0]} was not heard within 100 s: {address(1)} says it is {NAMES[0]}"
        " and does not prove it by its ble_key"
    )

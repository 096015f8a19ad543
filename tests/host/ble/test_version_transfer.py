"""What a node says of a version, and what of that is an end."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from ble_bed import Field
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from filmgauge_host.ble.node_registry import NodeRegistry, RegisteredNode
from filmgauge_host.ble.version_transfer import LostEndError, update
from filmgauge_host.commands.counters import CommandCounters
from filmgauge_host.errors import NodeError
from filmgauge_host.upgrade.order import order_payload
from filmgauge_host.upgrade.version import sign

Fields = Callable[..., Field]


@pytest.fixture
def new_field() -> Iterator[Fields]:
    with ExitStack() as made:
        yield lambda **options: made.enter_context(closing(Field(**options)))


def bringing(field: Field, folder: Path, size: int = 1) -> asyncio.Task[str]:
    """Bring a version of one file to the node of a field."""
    made = {"name": "0.2.0", "board": "stm32wb", "bytecode": "6.3"}
    version = sign({"app.bin": bytes(size)}, number=2, key=Ed25519PrivateKey.generate(), **made)
    registry = NodeRegistry([RegisteredNode("node-1", command_key=field.node.command_key)])
    order = order_payload(version, supply_holds=True)
    counters = CommandCounters(folder / "counters.json")
    work = update(
        field.radio, registry, "node-1", version, order, 3600.0, counters, lambda *at: None
    )
    return field.start(work)


@pytest.mark.parametrize(
    ("states", "ended"),
    [
        (["on trial", "on trial", "runs: 0.2.0"], "runs: 0.2.0"),
        (["whole", "switched back: 0.2.0 did not report"], "switched back: 0.2.0 did not report"),
        (["on trial", "nothing"], None),
    ],
)
def test_a_node_is_asked_until_there_is_an_end_or_it_was_lost(
    new_field: Fields, tmp_path: Path, states: list[str], ended: str | None
) -> None:
    field = new_field()
    field.node.update_states = list(states)
    field.live(field.node, 5, 60)
    task = bringing(field, tmp_path)
    field.pass_s(300)
    assert not field.node.update_states
    assert field.node.connections == len(states)
    if ended is None:
        assert isinstance(task.exception(), LostEndError)
    else:
        assert task.result() == ended


@pytest.mark.parametrize("tells_mtu", [True, False])
@pytest.mark.parametrize("mtu", [23, 30, 100, 256])
def test_a_piece_goes_in_few_frames_whatever_the_link_and_the_host_say(
    new_field: Fields, tmp_path: Path, mtu: int, tells_mtu: bool
) -> None:
    """The answer of the node is longer than a notification of the least packet."""
    field = new_field(tells_mtu=tells_mtu)
    field.node.device.gatt_server.max_mtu = mtu
    field.node.update_states = ["fetching 1 of 2", "runs: 0.2.0"]
    field.live(field.node, 3, 60)
    task = bringing(field, tmp_path, size=1000)
    field.pass_s(300)
    assert task.result() == "runs: 0.2.0"
    assert b"".join(field.node.parts).startswith(bytes(1000))
    assert len(field.node.parts) <= 14


def test_a_node_that_gets_no_further_is_given_up(new_field: Fields, tmp_path: Path) -> None:
    field = new_field()
    field.node.update_states = ["fetching 1 of 2"] * 50
    field.live(field.node, 50, 60)
    task = bringing(field, tmp_path)
    field.pass_s(3000)
    with pytest.raises(NodeError, match=r"^node-1 got no further in 20 connections: fetching 1 "):
        task.result()
    assert field.node.connections == 21  # the first one brought an answer

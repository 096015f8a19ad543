"""What a node says of a version, and what of that is an end."""

from collections.abc import Iterator

import pytest
from ble_bed import Field
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from filmgauge_host.ble.node_registry import NodeRegistry, RegisteredNode
from filmgauge_host.ble.version_transfer import LostEndError, update
from filmgauge_host.upgrade.order import order_payload
from filmgauge_host.upgrade.version import sign


@pytest.fixture
def field() -> Iterator[Field]:
    made = Field()
    yield made
    made.close()


@pytest.mark.parametrize(
    ("states", "ended"),
    [
        (["on trial", "on trial", "runs: 0.2.0"], "runs: 0.2.0"),
        (["whole", "switched back: 0.2.0 did not report"], "switched back: 0.2.0 did not report"),
        (["on trial", "nothing"], None),
    ],
)
def test_a_node_is_asked_until_there_is_an_end_or_it_was_lost(
    field: Field, states: list[str], ended: str | None
) -> None:
    made = {"name": "0.2.0", "board": "stm32wb", "bytecode": "6.3"}
    version = sign({"app.bin": b"a"}, number=2, key=Ed25519PrivateKey.generate(), **made)
    field.node.update_states = list(states)
    registry = NodeRegistry([RegisteredNode("node-1", command_key=field.node.command_key)])
    order = order_payload(version, supply_holds=True)
    field.live(field.node, 5, 60)
    work = update(field.radio, registry, "node-1", version, order, 3600.0, lambda *at: None)
    task = field.start(work)
    field.pass_s(300)
    assert not field.node.update_states
    assert field.node.connections == len(states)
    if ended is None:
        assert isinstance(task.exception(), LostEndError)
    else:
        assert task.result() == ended

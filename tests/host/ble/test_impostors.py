"""Who is believed to be a node of the keys file: by its address, its keys and its whole name."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from ble_bed import Bridge, Field, Receiver, address
from ble_nodes import BleNode, Misbehaviour
from patience import until

from filmgauge_host.ble.node_registry import RegisteredNode
from filmgauge_host.telemetry.received_record import record_key

KEY, OTHER = bytes(range(16)), bytes(range(16, 32))
FORGET = 6
Fields = Callable[..., Field]


@pytest.fixture
def new_field() -> Iterator[Fields]:
    with ExitStack() as made:
        yield lambda **options: made.enter_context(closing(Field(**options)))


@pytest.fixture
def receiver(embedded, tmp_path: Path) -> Iterator[Receiver]:
    made = Receiver(tmp_path, embedded.url)
    yield made
    made.close()


def with_nodes(field: Field, *names: str, **options: Any) -> Field:
    field.nodes = [
        BleNode(field.air, name, address(number), **options)
        for number, name in enumerate(names, 1)
    ]
    return field


@pytest.mark.parametrize("passive", [False, True])
@pytest.mark.parametrize(
    "wrong", [Misbehaviour(no_service_data=True), Misbehaviour(no_values=True)], ids=str
)
def test_a_node_with_a_key_is_believed_from_where_the_key_was_proven(
    embedded, receiver, tmp_path, new_field, wrong: Misbehaviour, passive: bool
) -> None:
    """It may lose its counter of encryption, and the bridge may be begun anew in between."""
    field = with_nodes(new_field(nodes=0), "window-1", "window-1")
    real, stranger = field.nodes
    real.ble_key = KEY
    stranger.life, stranger.wrong = 0x80000099, wrong
    listed = [RegisteredNode("window-1", ble_key=KEY, command_key=OTHER)]
    bridge = Bridge(field, embedded.url, tmp_path, listed, passive=passive)
    field.live(stranger, 1, 60)
    field.pass_s(60)
    for loses_counter in (False, True):
        if loses_counter:
            real.wrong = Misbehaviour(no_values=True)
            bridge.stop()
            bridge = Bridge(field, embedded.url, tmp_path, listed, passive=passive)
        field.live(real, 1, 60)
        field.live(stranger, 1, 60)
        field.pass_s(60)
    found = receiver.records("window-1", 2)
    assert [record_key(each) for each in found] == [record_key(each) for each in real.made]
    assert stranger.connections == 0
    assert set(bridge.gateway.discovered.refused) == {
        f"{address(2)} says it is window-1 and does not prove it by its ble_key"
    }


def test_a_listed_name_without_an_address_stays_where_it_was_first(
    embedded, receiver, tmp_path, new_field
) -> None:
    field = with_nodes(new_field(nodes=0), "window-1", "window-1")
    bridge = Bridge(field, embedded.url, tmp_path, [RegisteredNode("window-1", command_key=KEY)])
    for node in field.nodes:
        field.live(node, 1, 60)
        field.pass_s(60)
    assert receiver.records("window-1", 1) == field.nodes[0].made
    assert any(f"says it is window-1, which is {address(1)}" in line for line in bridge.lines)
    until(lambda: bridge.spool.count() == 0)
    assert receiver.store.count("window-1") == 1


@pytest.mark.parametrize("passive", [False, True])
def test_a_revoked_node_is_not_believed_beside_one_whose_name_begins_alike(
    embedded, receiver, tmp_path, new_field, passive: bool
) -> None:
    field = with_nodes(new_field(nodes=0), "building-a-1", "building-a-2", command_key=KEY)
    revoked, good = field.nodes
    good.ble_key = OTHER
    listed = [
        RegisteredNode("building-a-1", revoked=True),
        RegisteredNode("building-a-2", ble_key=OTHER, command_key=KEY),
    ]
    bridge = Bridge(field, embedded.url, tmp_path, listed, passive=passive)
    for node in (revoked, good, good):
        field.live(node, 1, 60)
        field.pass_s(60)
        until(lambda: bridge.spool.count() == 0)
    assert len(receiver.records("building-a-2", 2)) == 2
    assert receiver.store.count("building-a-1") == receiver.store.count("building-a") == 0
    assert revoked.connections == 0
    assert bridge.gateway.discovered.refused.keys() == {"building-a-1 is revoked"}
    if not passive:
        assert set(good.done) == {FORGET}


def test_of_nodes_without_ble_keys_the_whole_name_decides(
    embedded, receiver, tmp_path, new_field
) -> None:
    field = with_nodes(new_field(nodes=0), "building-a-1", "building-a-2", command_key=KEY)
    listed = [
        RegisteredNode("building-a-1", revoked=True),
        RegisteredNode("building-a-2", command_key=KEY),
    ]
    bridge = Bridge(field, embedded.url, tmp_path, listed)
    revoked, good = field.nodes
    for node in (revoked, good, good):
        field.live(node, 1, 60)
        field.pass_s(60)
        until(lambda: bridge.spool.count() == 0)
    assert receiver.records("building-a-2", 2) == good.made
    assert receiver.store.count("building-a-1") == 0
    assert "says it is building-a-1, which is revoked" in "".join(bridge.lines)
    assert (revoked.done, set(good.done)) == ([], {FORGET})


def test_what_only_begins_like_two_names_is_no_record_of_either(
    embedded, tmp_path, new_field
) -> None:
    """Passive: nobody is asked for the whole name."""
    field = with_nodes(new_field(nodes=0), "building-a-1")
    listed = [RegisteredNode("building-a-1"), RegisteredNode("building-a-2")]
    bridge = Bridge(field, embedded.url, tmp_path, listed, passive=True)
    field.live(field.node, 1, 60)
    field.pass_s(60)
    assert bridge.gateway.counts.records == 0
    assert set(bridge.gateway.discovered.refused) == {
        "building-a may be building-a-1 or building-a-2: list it with its address"
    }


@pytest.mark.parametrize("is_first", [False, True])
def test_a_number_beside_a_replayed_advertisement_silences_no_node(
    embedded, receiver, tmp_path, new_field, is_first: bool
) -> None:
    """Passive; the number is in plain text. is_first: the bridge has not had the advertisement."""
    field = with_nodes(new_field(nodes=0), "window-1", ble_key=KEY)
    real = field.node
    listed = [RegisteredNode("window-1", real.address, KEY)]
    bridge = Bridge(field, embedded.url, tmp_path, listed, passive=True)
    field.live(real, 2, 60)
    field.pass_s(120)
    stranger = BleNode(field.air, "window-1", real.address, ble_key=KEY)
    stranger.bthome_counter = real.bthome_counter - 1 + is_first
    stranger.boot, stranger.seq = 0xFFFFFE, real.seq - 1 + is_first
    field.live(stranger, 1, 60)
    field.pass_s(60)
    bridge.stop()
    bridge = Bridge(field, embedded.url, tmp_path, listed, passive=True)
    if is_first:
        real.bthome_counter += 1
    field.live(real, 3, 60)
    field.pass_s(180)
    found = {record_key(each) for each in receiver.records("window-1", 5 + is_first)}
    forged = {record_key(each) for each in stranger.made if is_first}
    assert found == {record_key(each) for each in real.made} | forged
    assert field.published_twice() == 0

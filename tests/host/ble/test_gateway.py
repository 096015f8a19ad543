"""The bridge on the virtual air, with a real broker and the host's own ingest behind it."""

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from ble_bed import Bridge, Field, Receiver, address
from ble_nodes import Misbehaviour
from cut_line import CutLine
from mqtt_brokers import Broker
from patience import until

from filmgauge.uplink.ble import bthome
from filmgauge_host.ble.node_registry import RegisteredNode
from filmgauge_host.ble.radio import Radio
from filmgauge_host.telemetry.address import parse_address
from filmgauge_host.telemetry.broker_login import BrokerLogin
from filmgauge_host.telemetry.homeassistant.discovery import (
    TOPICS,
    AnnouncedNode,
    discovery_payload,
)
from filmgauge_host.telemetry.received_record import record_key

DOCS = Path(__file__).parents[3] / "docs/bridge.md"
KEY = bytes(range(16))


def announcements(url: str) -> list[bytes]:
    """Return what a broker retains for Home Assistant."""
    with BrokerLogin(parse_address(url)) as login:
        return list(login.read_retained([TOPICS]).values())


@pytest.fixture
def receiver(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Receiver]:
    """Behind the broker of the test, whichever it is."""
    name = "broker" if "broker" in request.fixturenames else "embedded"
    made = Receiver(tmp_path, request.getfixturevalue(name).url)
    yield made
    made.close()


@pytest.fixture
def new_field() -> Iterator[Callable[..., Field]]:
    """Makes fields, and closes them with their bridges."""
    with ExitStack() as made:
        yield lambda **options: made.enter_context(closing(Field(**options)))


def _next_report_s(receiver: Receiver) -> float | None:
    status = receiver.ingest.nodes()["node-1"].status
    return status.next_report_s if status else None


def test_records_arrive_as_those_of_a_wifi_node(
    broker: Broker, receiver, tmp_path, new_field
) -> None:
    field = new_field()
    for _ in range(5):
        field.node.make()  # before the bridge was there
    Bridge(field, broker.url, tmp_path, home_assistant=True)
    field.live(field.node, reports=3, every_s=600)
    field.pass_s(1800)
    assert receiver.records("node-1", 8) == field.node.made
    received = list(receiver.store.records("node-1"))
    assert [each.history for each in received] == [True] * 5 + [False] * 3
    until(lambda: receiver.ingest.nodes()["node-1"].info)
    until(lambda: receiver.ingest.nodes()["node-1"].status)
    shown = receiver.ingest.nodes()["node-1"]
    assert shown.info["via"] == "ble"
    assert shown.info["board"] == "stm32wb"
    assert shown.status is not None
    assert (shown.status.state, shown.status.next_report_s) == ("sleeping", 3600)
    announced = AnnouncedNode("node-1", shown.info, True, 3600)
    until(lambda: discovery_payload(announced) in announcements(broker.url))
    assert field.published_twice() == 0
    assert field.node.connections == 3  # one a report, though it advertises ten times
    # Once it plans its reports, each says when the next one is due.
    field.node.configured = {"report_most": 4}
    field.node.boot, field.node.seq = 2, -1
    for next_s in (7200, 10800):
        field.node.next_s = next_s
        field.live(field.node, reports=1, every_s=600)
        field.pass_s(1800)
        until(lambda due_s=next_s: _next_report_s(receiver) == due_s)


def test_a_boot_that_follows_another_is_fetched_too(
    embedded, receiver, tmp_path, new_field
) -> None:
    field = new_field()
    Bridge(field, embedded.url, tmp_path)
    field.live(field.node, 2, 600)
    field.pass_s(1200)
    field.node.reboot()
    field.node.make()
    field.live(field.node, 2, 600)
    field.pass_s(1200)
    assert receiver.records("node-1", 5) == field.node.made


def test_a_new_life_is_read_on_from_where_the_old_one_was_left(
    embedded, receiver, tmp_path, new_field
) -> None:
    """Boot 1 again, with and without what waited of the life before; none is lost or doubled."""
    field = new_field()
    registered = [RegisteredNode("node-1", address(1), None, field.node.command_key)]
    bridge = Bridge(field, embedded.url, tmp_path, registered)
    for lives in range(3):
        field.live(field.node, 2, 600)
        field.pass_s(1200)
        field.node.make()  # which nobody has heard of
        field.node.forget_all()
        if lives == 1:
            field.node.log.clear()  # the flash is erased
            field.node.dropped.append(field.node.made.pop())
    field.live(field.node, 2, 600)
    field.pass_s(1200)
    assert sorted(map(record_key, receiver.records("node-1", 10))) == sorted(
        map(record_key, field.node.made)
    )
    assert len({each.values()[-1] for each in field.node.made}) == 4
    until(lambda: bridge.spool.count() == 0)
    assert field.published_twice() == 0
    field.live(field.node, 1, 600)
    field.pass_s(600)
    receiver.records("node-1", 11)
    assert {record_key(each)[0] for each in field.node.log} <= {field.node.life}  # forgotten


def test_a_node_of_the_version_before_is_read_and_forgets_what_arrived(
    embedded, receiver, tmp_path, new_field
) -> None:
    field = new_field()
    field.node.is_old = True
    registered = [RegisteredNode("node-1", address(1), None, field.node.command_key)]
    bridge = Bridge(field, embedded.url, tmp_path, registered)
    field.live(field.node, 4, 600)
    for _ in range(4):
        field.pass_s(600)
        until(lambda: bridge.spool.count() == 0)
    assert receiver.records("node-1", 4) == field.node.made
    assert field.published_twice() == 0
    assert len(field.node.log) < 4
    field.node.is_old = False  # it gets the new version: its log is of both
    field.live(field.node, 2, 600)
    field.pass_s(1200)
    found = receiver.records("node-1", 6)
    assert [each.values()[:2] for each in found] == [each.values()[:2] for each in field.node.made]
    assert field.published_twice() == 0


def test_a_node_that_counts_anew_is_read_again(embedded, receiver, tmp_path, new_field) -> None:
    """One of the version before has no life to say so."""
    field = new_field()
    field.node.is_old = True
    field.node.boot = 9
    Bridge(field, embedded.url, tmp_path)
    field.live(field.node, 2, 600)
    field.pass_s(1200)
    field.node.log.clear()  # somebody has erased its flash
    field.node.boot, field.node.seq = 1, -1
    field.live(field.node, 2, 600)
    field.pass_s(1200)
    found = receiver.records("node-1", 4)
    assert {tuple(each.values()[:2]) for each in found} == {(1, 0), (1, 1), (9, 0), (9, 1)}


def test_a_broker_that_dies_and_a_bridge_begun_anew(
    broker: Broker, receiver, tmp_path, new_field
) -> None:
    field = new_field()
    bridge = Bridge(field, broker.url, tmp_path)
    field.live(field.node, 100, 600)
    field.pass_s(6000)
    receiver.records("node-1", 10)
    until(lambda: bridge.spool.count() == 0)
    broker.save()
    broker.kill()
    field.pass_s(12000)  # nobody takes anything
    assert bridge.spool.count() == 20
    bridge.stop()
    bridge = Bridge(field, broker.url, tmp_path)  # the spool has them still
    field.pass_s(6000)
    broker.start()
    field.pass_s(6000)
    found = receiver.records("node-1", len(field.node.made))
    assert found == field.node.made
    assert len(found) == 50
    until(lambda: bridge.spool.count() == 0)
    assert field.published_twice() == 0


def test_a_bridge_that_is_stopped_in_mid_stream(embedded, receiver, tmp_path, new_field) -> None:
    field = new_field()
    for _ in range(200):
        field.node.make()
    bridge = Bridge(field, embedded.url, tmp_path)
    field.live(field.node, 50, 60, advertise_s=10)
    for _ in range(12):
        field.pass_s(7)
        bridge.stop()
        bridge = Bridge(field, embedded.url, tmp_path)
        field.pass_s(53)
    field.pass_s(3000)
    assert receiver.records("node-1", 250) == field.node.made
    until(lambda: bridge.spool.count() == 0)
    assert field.published_twice() == 0


def test_a_connection_that_breaks_goes_on_where_it_was(
    embedded, receiver, tmp_path, new_field
) -> None:
    field = new_field(capacity=2000)
    for _ in range(999):
        field.node.make()
    field.node.wrong = Misbehaviour(drop_after=2000)
    Bridge(field, embedded.url, tmp_path)
    field.live(field.node, 2, 600)
    field.pass_s(1200)
    assert receiver.records("node-1", 1001) == field.node.made
    first, second, *_ = field.node.requests
    assert first[:3] == (0, 0, 0)
    assert second[:2] == (field.node.life, 1)
    assert 250 < second[2] <= 2000 // 6  # six pieces a record; the last ones were on their way
    assert field.published_twice() == 0


def test_an_adapter_that_comes_back(embedded, receiver, tmp_path, new_field) -> None:
    field = new_field(silence_s=Radio().silence_s)
    bridge = Bridge(field, embedded.url, tmp_path)
    field.live(field.node, 30, 600)
    field.pass_s(1200)
    field.run(field.adapter.pull_out())
    field.pass_s(10)
    assert bridge.lines[-1].startswith("Bluetooth cannot be used: no Bluetooth adapter: waiting")
    field.pass_s(5990)
    assert bridge.gateway.problem == "Bluetooth cannot be used: no Bluetooth adapter"
    field.run(field.adapter.plug_in())
    field.pass_s(1800)
    assert bridge.gateway.problem == ""
    assert receiver.records("node-1", 15) == field.node.made[:15]
    assert bridge.lines.count("Bluetooth works again") == 1


@pytest.mark.parametrize("wrong", [Misbehaviour(mute=True), Misbehaviour(skips_piece=True)])
def test_a_node_that_does_not_send_its_log_is_left_until_its_next_report(
    embedded, receiver, tmp_path, new_field, wrong: Misbehaviour
) -> None:
    field = new_field(nodes=2)
    field.node.wrong = wrong
    for _ in range(3):
        field.node.make()
    bridge = Bridge(field, embedded.url, tmp_path)
    field.live(field.node, 2, 600, advertise_s=120)
    field.live(field.nodes[1], 2, 600)
    field.pass_s(1200)
    assert field.node.connections == 2  # it takes one a report
    assert receiver.records("node-2", 2) == field.nodes[1].made
    assert bridge.gateway.counts.failed >= 2
    assert [line for line in bridge.lines if line.startswith("node-1: ")]
    field.node.wrong = Misbehaviour()
    field.live(field.node, 1, 600)
    field.pass_s(600)
    assert receiver.records("node-1", 6) == field.node.made


def test_passive_publishes_what_is_advertised_and_never_connects(
    embedded, receiver, tmp_path, new_field
) -> None:
    field = new_field(nodes=2)
    field.nodes[1].ble_key = KEY
    registered = [RegisteredNode("shelf", address(2), KEY)]
    Bridge(field, embedded.url, tmp_path, registered, passive=True, home_assistant=True)
    for node in field.nodes:
        field.live(node, 3, 600)
    field.pass_s(1800)
    found = receiver.records("node-1", 3)
    receiver.records("shelf", 3)
    assert [node.connections for node in field.nodes] == [0, 0]
    assert [each.values()[:3] for each in found] == [each.values()[:3] for each in field.node.made]
    values = {name: getattr(found[0], name) for name in ("shown_ppm", "soc_ppm", "voltage_uv")}
    assert values == {"shown_ppm": 810_000, "soc_ppm": None, "voltage_uv": 2_104_000}
    assert field.published_twice() == 0
    shelf = discovery_payload(AnnouncedNode("shelf"))
    assert shelf in announcements(embedded.url)


def test_what_a_node_advertises_that_takes_no_connection_is_published(
    embedded, receiver, tmp_path, new_field
) -> None:
    """It costs the others no visit; once it takes one again its log is fetched."""
    field = new_field(nodes=2)
    saving, other = field.nodes
    saving.wrong = Misbehaviour(no_connection=True)
    bridge = Bridge(field, embedded.url, tmp_path)
    field.live(saving, 12, 60)
    field.pass_s(15)
    field.live(other, 12, 60)
    field.pass_s(705)
    found = receiver.records("node-1", 11)  # the first time it might be chance
    assert [record_key(each) for each in found] == [record_key(each) for each in saving.made[1:]]
    assert {each.voltage_uv for each in found} == {2_104_000}
    tried = [line for line in bridge.lines if line.startswith("node-1: ")]
    assert len(tried) == 5  # at the first two and at every fourth
    assert other.connections == 12
    saving.wrong = Misbehaviour()
    field.live(saving, 4, 60)
    field.pass_s(240)
    assert len(receiver.records("node-1", 16)) == 16
    assert saving.connections == 1
    assert field.published_twice() == 0


def test_what_is_retained_of_a_node_that_is_revoked_meanwhile_goes(
    embedded, receiver, tmp_path, new_field
) -> None:
    field = new_field(nodes=2)
    registered = [RegisteredNode("shelf", address(1)), RegisteredNode("other", address(2))]
    bridge = Bridge(field, embedded.url, tmp_path, registered, home_assistant=True)
    for node in field.nodes:
        field.live(node, 2, 600)
    field.pass_s(600)
    with BrokerLogin(parse_address(embedded.url)) as login:

        def names() -> set[str]:
            kept = login.read_retained(["filmgauge/#", TOPICS])
            return {topic.split("/")[-2].removeprefix("filmgauge-") for topic in kept}

        until(lambda: names() == {"shelf", "other"})
        registered[0] = RegisteredNode("shelf", address(1), revoked=True)
        bridge.gateway.discovered.registry._set(registered)
        field.pass_s(600)
        until(lambda: names() == {"other"})
        embedded.stop()
        embedded.start()
        until(lambda: bridge.forwarder.connected)
    with BrokerLogin(parse_address(embedded.url)) as login:
        until(lambda: names() == {"other"})


def test_what_is_removed_while_the_bridge_is_away_comes_back_with_its_next_report_alone(
    broker: Broker, tmp_path, new_field
) -> None:
    field = new_field()
    with closing(CutLine(broker)) as line, BrokerLogin(parse_address(broker.url)) as login:

        def retained() -> dict[str, bytes]:
            found = login.read_retained(["filmgauge/node-1/+", TOPICS])
            return {topic.split("/", 1)[1]: payload for topic, payload in found.items()}

        bridge = Bridge(field, line.url, tmp_path, home_assistant=True)
        until(lambda: bridge.forwarder.connected)
        field.live(field.node, 2, 600)
        field.pass_s(300)
        until(lambda: len(retained()) == 4)  # status, info, last record, announcement
        before = retained()
        line.cut()
        until(lambda: not bridge.forwarder.connected)
        for topic in login.read_retained(["filmgauge/node-1/+", TOPICS]):
            login.publish(topic, b"", retain=True)
        line.mend()
        until(bridge.forwarder.publish_event("filmgauge/node-1/event", "{}").is_set)
        assert retained() == {}
        field.pass_s(600)
        until(lambda: len(retained()) == 4)
        after = retained()
        assert {**after, "node-1/last": b""} == {**before, "node-1/last": b""}


def test_a_node_forgets_what_the_broker_has_and_no_more(
    embedded, receiver, tmp_path, new_field
) -> None:
    field = new_field()
    registered = [RegisteredNode("node-1", address(1), None, field.node.command_key)]
    bridge = Bridge(field, embedded.url, tmp_path, registered)
    field.live(field.node, 10, 600)
    field.pass_s(1200)
    receiver.records("node-1", 2)
    until(lambda: bridge.spool.count() == 0)
    embedded.kill()
    field.pass_s(1200)  # seq 2 and 3: in the spool only
    assert [each.values()[1] for each in field.node.log] == [2, 3]
    embedded.start()
    until(lambda: bridge.spool.count() == 0)
    field.pass_s(600)
    assert [each.values()[1] for each in field.node.log] in ([], [4])  # acknowledged just now?
    field.pass_s(3600)
    assert receiver.records("node-1", 10) == field.node.made


def test_a_wrong_command_key_costs_no_record(embedded, receiver, tmp_path, new_field) -> None:
    field = new_field()
    registered = [RegisteredNode("node-1", address(1), None, bytes(16))]
    bridge = Bridge(field, embedded.url, tmp_path, registered)
    field.live(field.node, 3, 600)
    for _ in range(3):
        field.pass_s(600)
        until(lambda: bridge.spool.count() == 0)
    assert receiver.records("node-1", 3) == field.node.made
    assert any("refused the command: wrong MAC" in line for line in bridge.lines)
    assert len(field.node.log) == 3


def test_a_bridge_signs_no_counter_that_only_a_stranger_can_have_named(
    embedded, receiver, tmp_path, new_field
) -> None:
    """Neither at once nor in steps: such a frame would end the commands of the real node."""
    field = new_field()
    node = field.node
    bridge = Bridge(
        field, embedded.url, tmp_path, [RegisteredNode("node-1", None, None, node.command_key)]
    )

    def report() -> None:
        field.live(node, 1, 60)
        field.pass_s(60)
        until(lambda: bridge.spool.count() == 0)

    node.counter = 0xFFFFFFFD
    report()
    report()
    assert node.done == []
    assert any(
        "it keeps what has arrived: node-1 says that it has had command 4294967293, and " in line
        for line in bridge.lines
    )
    node.counter = 7
    for _ in range(10):  # what arrives while a connection lasts may be forgotten in it
        done = len(node.done)
        report()
        if len(node.done) > done:
            node.counter += 400_000
    assert len(node.done) == 3  # 7, 400,008, 800,009
    assert bridge.spool.commands_sent("node-1") == 3
    assert receiver.records("node-1", 12) == node.made


def test_after_a_lost_spool_the_command_of_the_docs_lets_a_node_forget_again(
    embedded, receiver, tmp_path, new_field
) -> None:
    field = new_field()
    node = field.node
    bridge = Bridge(
        field, embedded.url, tmp_path, [RegisteredNode("node-1", None, None, node.command_key)]
    )
    node.counter = 1_200_000
    for is_written in (False, True):
        if is_written:
            (statement,) = re.findall(r'"(REPLACE .*)"', DOCS.read_text())
            with closing(sqlite3.connect(bridge.spool.path)) as database, database:
                database.execute(statement.replace("window-1", "node-1"))
        for _ in range(2):
            field.live(node, 1, 60)
            field.pass_s(60)
            until(lambda: bridge.spool.count() == 0)
        assert bool(node.done) == is_written
    (warning,) = {line.partition("; ")[2] for line in bridge.lines if "keeps" in line}
    assert warning == (
        "it keeps what has arrived: node-1 says that it has had command 1200000, and 0 are "
        f"counted in {bridge.spool.path}: write that number there if it is true (docs/bridge.md)"
    )


def test_nobody_takes_the_name_of_another_node(embedded, receiver, tmp_path, new_field) -> None:
    field = new_field(nodes=2)
    bridge = Bridge(field, embedded.url, tmp_path)
    field.live(field.node, 2, 600)
    field.pass_s(600)
    field.nodes[1].name = "node-1"
    field.live(field.nodes[1], 1, 600)
    field.pass_s(600)
    assert receiver.records("node-1", 2) == field.node.made
    assert any(f"{address(2)} says it is node-1, which is {address(1)}" in x for x in bridge.lines)


def test_garbage_is_refused_with_a_reason(embedded, receiver, tmp_path, new_field) -> None:
    field = new_field()
    node = field.node
    node.make()
    bridge = Bridge(field, embedded.url, tmp_path)
    good = bthome.plain(node.newest)
    for data, response in (
        (good[:-1] + b"\xff", node.response()[:-1]),  # a torn structure
        (b"\x02\x01\x06\x05\x16\xd2\xfc\x40\xee", node.response()),  # an object of nobody
        (good, b"\x05\xff\xff\xff\x09\x09"),  # manufacturer data of another kind
    ):
        field.run(
            node.device.start_advertising(advertising_data=data, scan_response_data=response)
        )
        field.pass_s(2)
        field.run(node.device.stop_advertising())
    assert node.connections == 0
    assert set(bridge.gateway.discovered.refused) == {
        "object ee is none that a node sends",
        "manufacturer data must have 15 bytes, not 14",
        "manufacturer data must have 15 bytes, not 2",
    }
    field.live(node, 1, 600)
    field.pass_s(600)
    assert receiver.records("node-1", 2) == node.made

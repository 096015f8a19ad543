"""Virtual nodes and the host over TLS, through mosquitto as the documentation has it, and among
impostors: who is not the broker learns nothing, and nothing is lost."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from certificates import DAY, Pair, issued, now
from tls_broker import TlsBroker
from tls_peers import (
    Impostor,
    Relay,
    Staller,
    alerts,
    garbage,
    half,
    half_closed,
    oversized,
    silent,
)

from filmgauge_host.fleet.connection import FleetConnection
from filmgauge_host.fleet.fleet_node import FleetNode
from filmgauge_host.telemetry.broker_login import Answer, BrokerLogin
from filmgauge_host.telemetry.mqtt_receiver import LinkLost, MqttReceiver
from filmgauge_host.telemetry.tls_files import TlsFiles
from filmgauge_sim.board.executable import RuntimeName
from filmgauge_sim.nodes.broker_security import BrokerSecurity, broker_security, pin_of
from filmgauge_sim.nodes.configuration import Broker
from filmgauge_sim.nodes.energy_budget import energy_budget
from filmgauge_sim.nodes.node_options import NodeOptions
from filmgauge_sim.nodes.tables import varied
from filmgauge_sim.nodes.virtual_node import VirtualNode
from filmgauge_sim.scenario.loading import load_scenario
from filmgauge_sim.scenario.simulation import virtual_node

USERS = {"host": "hosts-secret", "bench-1": "benchs-secret", "bench-2": "anothers-secret"}
RUNTIMES: list[RuntimeName] = ["cpython", "micropython", "micropython32"]
MOST_AWAKE_US = 26_000_000  # boot, joining, a name, a time-out of 5 s and 10 s of a handshake


class Town(NamedTuple):
    """A broker, its certificate and issuer, and the host's login there."""

    folder: Path
    issuer: Pair
    own: Pair
    broker: TlsBroker
    files: TlsFiles

    @property
    def trust(self) -> BrokerSecurity:
        return broker_security(self.issuer.certificate, None, None)

    def login(self, user: str, *filters: str) -> BrokerLogin:
        address = self.broker.address(self.files, user, USERS[user])
        return BrokerLogin(address, mqtt5=True, states=filters)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    folder = tmp_path_factory.mktemp("tls")
    issuer = issued(folder, "issuer", begin=now() - 300 * DAY, is_issuer=True)
    own = issued(folder, "broker", issuer, ("localhost",), begin=now() - 10 * DAY)
    broker = TlsBroker(folder / "mosquitto", own, USERS)
    broker.start()
    yield Town(folder, issuer, own, broker, TlsFiles(issuer.certificate))
    broker.stop()


def node_at(
    port: int,
    security: BrokerSecurity,
    folder: Path,
    runtime: RuntimeName = "cpython",
    real_wait_ms: int = 5000,
    user: str = "bench-1",
    board: str = "esp32-c3",
) -> VirtualNode:
    """Return the node of the scenario `bench` with its broker at a port."""
    scenario = load_scenario("bench")
    given = scenario.node[0]
    given = msgspec.structs.replace(given, description=varied(given.description, {"board": board}))
    broker = Broker("localhost", port, user, USERS[user] if user else "", security)
    options = NodeOptions(runtime, real_wait_ms=real_wait_ms)
    return virtual_node(scenario, given, broker, folder, options)


def wifi_mj(node: VirtualNode) -> float:
    """Return what its radio has taken, with the processor at its side."""
    states = node.board.load.time_us
    charge_uc = states["associating"] * node.kind.associating_ua
    charge_uc += states["radio"] * node.kind.connected_ua
    return charge_uc / 1e9 * node.kind.supply_v


def report(node: VirtualNode) -> str:
    """Let a node make its next record; return what it says meanwhile."""
    said, made = len(node.console.read_text()), node.made
    while node.made == made:
        node.step()
        assert node.dead is None
    return node.console.read_text()[said:]


@pytest.mark.parametrize(
    ("runtime", "board"), [*((each, "esp32-c3") for each in RUNTIMES), ("cpython", "pico-w")]
)
def test_a_node_reports_and_knows_the_date_by_what_its_issuer_signed(
    town: Town, tmp_path: Path, runtime: RuntimeName, board: str
) -> None:
    """Its date begins in 2000 or 2021: that of its issuer's certificate comes first, then the
    broker's later one, which takes a second handshake. It keeps that over a loss of power."""
    with (
        closing(Relay()) as relay,
        closing(node_at(relay.port, town.trust, tmp_path, runtime, board=board)) as node,
        town.login("host", "filmgauge/bench-1/#") as login,
    ):
        relay.target = town.broker.port
        handshakes, radio_mj = [], []
        for _ in range(3):
            before, spent_mj = relay.connections, wifi_mj(node)
            assert report(node) == ""
            handshakes.append(relay.connections - before)
            radio_mj.append(wifi_mj(node) - spent_mj)
            if len(handshakes) == 2:
                node.cut_power()
        assert handshakes == [2, 1, 1]
        described = varied(node.description, {"broker.tls": True, "broker.pin": "00" * 32})
        budgets = [energy_budget(each).figures.report_uj for each in (node.description, described)]
        assert radio_mj[1] == pytest.approx(budgets[1] / 1000, rel=0.05)
        assert radio_mj[1] > 1.8 * budgets[0] / 1000
        telemetry = "filmgauge/bench-1/telemetry"
        assert login.await_message(lambda t, payload: t == telemetry and b'"boot":2' in payload)
        records = [payload for t, payload in login.messages() if t == telemetry]
        assert len(records) == 3
        faults = [b'"faults":"none"' in record for record in records]
        assert faults == [True, True, False]  # by the cut alone: a date that is set is no leap
        assert b'"faults":"gap"' in records[2]
        assert node.waiting == 0


def test_a_pico_makes_room_for_tls_in_its_own_heap(town: Town, tmp_path: Path) -> None:
    """Gauge and protection go before a report, and come back for the next wake."""
    node = node_at(town.broker.port, town.trust, tmp_path, "micropython32", board="pico-w")
    with closing(node):
        for _ in range(3):
            assert report(node) == ""
        assert node.waiting == 0


def test_one_node_neither_reads_nor_writes_what_is_anothers(town: Town) -> None:
    with (
        town.login("host", "filmgauge/#") as host,
        town.login("bench-1", "filmgauge/bench-1/command") as node,
        town.login("bench-2", "filmgauge/bench-2/command") as other,
    ):
        for leaf in ("telemetry", "log", "last", "status", "info", "event", "ack"):
            assert node.publish(f"filmgauge/bench-1/{leaf}", b"own") is Answer.ACCEPTED
            assert node.publish(f"filmgauge/bench-2/{leaf}", b"another's") is Answer.DENIED
        for topic in ("filmgauge/bench-1/command", "filmgauge/bench-2/command", "any/other"):
            assert node.publish(topic, b"another's") is Answer.DENIED
        assert host.publish("filmgauge/bench-2/command", b"for 2") is Answer.ACCEPTED
        assert host.publish("filmgauge/bench-1/command", b"for 1") is Answer.ACCEPTED
        assert node.await_message(lambda _, payload: payload == b"for 1")
        assert other.await_message(lambda _, payload: payload == b"for 2")
        assert node.messages() == [("filmgauge/bench-1/command", b"for 1")]
        assert host.await_message(lambda topic, _: topic.endswith("bench-1/command"))
        assert not any(payload == b"another's" for _, payload in host.messages())
    # One that listens to all that there is gets its own alone: mosquitto grants the filter.
    with (
        town.login("bench-1", "filmgauge/bench-1/command", "#", "filmgauge/bench-2/#") as curious,
        town.login("host") as host,
    ):
        assert host.publish("filmgauge/bench-2/command", b"again for 2") is Answer.ACCEPTED
        assert host.publish("filmgauge/bench-2/telemetry", b"of 2") is Answer.ACCEPTED
        assert host.publish("filmgauge/bench-1/command", b"again for 1") is Answer.ACCEPTED
        assert curious.await_message(lambda _, payload: payload == b"again for 1")
        assert curious.topics() == {"filmgauge/bench-1/command"}


def impostors(town: Town) -> dict[str, tuple[Impostor, str]]:
    """Return them by what is wrong with them, each with the sentence that a node has for it."""
    folder = town.folder / "impostors"
    folder.mkdir(exist_ok=True)
    hosts = ("localhost",)
    forger = issued(folder, "issuer", begin=now() - 300 * DAY, is_issuer=True)  # of the same name
    over = issued(
        folder, "over", town.issuer, hosts, begin=now() - 200 * DAY, end=now() - 20 * DAY
    )
    found = {
        "wrong name": (issued(folder, "elsewhere", town.issuer, ("elsewhere",)), "another name"),
        "wrong issuer": (issued(folder, "forged", forger, hosts), "is not issued by /ca.der"),
        "self-signed": (issued(folder, "alone", None, hosts), "is not issued by /ca.der"),
        "expired": (over, "has expired"),
        "plain": (None, "no TLS with the broker"),
    }
    return {name: (Impostor(own), said) for name, (own, said) in found.items()}


@pytest.mark.parametrize("runtime", ["cpython", "micropython"])
def test_an_impostor_learns_nothing_and_costs_nothing_but_time(
    town: Town, tmp_path: Path, runtime: RuntimeName
) -> None:
    wrong = impostors(town)
    with (
        closing(Relay()) as relay,
        closing(node_at(relay.port, town.trust, tmp_path, runtime)) as node,
        town.login("host", "filmgauge/bench-1/telemetry", "filmgauge/bench-1/log") as login,
    ):
        relay.target = town.broker.port
        assert report(node) == ""  # so that it knows the date
        for number, (impostor, sentence) in enumerate(wrong.values(), 1):
            relay.target = impostor.port
            assert sentence in report(node)
            assert node.waiting == number
        relay.target = town.broker.port
        assert report(node) == ""
        assert node.waiting == 0
        arrived = [f'"seq":{seq},'.encode() for seq in range(len(wrong) + 2)]
        assert login.await_message(lambda topic, payload: arrived[-2] in payload)
        payloads = [payload for _, payload in login.messages()]
        assert all(any(seq in payload for payload in payloads) for seq in arrived)
    for impostor, _ in wrong.values():
        with closing(impostor):
            assert impostor.connections
            assert impostor.seen
            secrets = (b"MQTT", b"bench", *(text.encode() for text in USERS.values()))
            assert not any(secret in impostor.seen for secret in secrets)
            if impostor is not wrong["plain"][0]:
                assert not impostor.told


@pytest.mark.parametrize("runtime", ["cpython", "micropython32"])
def test_a_pinned_key_counts_whatever_the_certificate_says(
    town: Town, tmp_path: Path, runtime: RuntimeName
) -> None:
    """Also before the date is known, for another name, and when it has expired; and no other key
    does, though its certificate be right."""
    pin = pin_of(town.own.certificate.read_bytes())
    old = issued(tmp_path, "old", None, ("elsewhere",), now() - 9 * DAY, now() - DAY, key=town.own)
    with (
        closing(Relay()) as relay,
        closing(Impostor(issued(tmp_path, "other", town.issuer, ("localhost",)))) as impostor,
        closing(TlsBroker(tmp_path / "old", old, USERS)) as renewed,
        closing(node_at(relay.port, BrokerSecurity(pin=pin), tmp_path, runtime)) as node,
    ):
        relay.target = town.broker.port
        assert report(node) == ""
        assert relay.connections == 1
        relay.target = impostor.port
        assert "the broker's key is not that of mqtt_pin" in report(node)
        assert not impostor.told
        renewed.start()
        relay.target = renewed.port
        assert report(node) == ""
        assert node.waiting == 0


STALLS = (silent, half, half_closed, garbage, alerts, oversized)


@pytest.mark.parametrize("runtime", ["cpython", "micropython"])
def test_who_stops_in_a_handshake_costs_a_bounded_time(
    town: Town, tmp_path: Path, runtime: RuntimeName
) -> None:
    with (
        closing(Relay()) as relay,
        closing(node_at(relay.port, town.trust, tmp_path, runtime, real_wait_ms=150)) as node,
    ):
        for number, behaviour in enumerate(STALLS, 1):
            with closing(Staller(town.own, behaviour)) as peer:
                relay.target = peer.port
                before_us = dict(node.board.load.time_us)
                assert f"record {number - 1} waits: " in report(node)
                awake_us = sum(
                    us - before_us[state]
                    for state, us in node.board.load.time_us.items()
                    if state in ("boot", "active", "associating", "radio")
                )
                wakes_us = 5 * node.kind.boot_us
                assert awake_us < MOST_AWAKE_US + wakes_us, behaviour.__name__
                assert node.waiting == number
        assert node.incidents == []  # no watchdog, no reset
        assert "Traceback" not in node.console.read_text()


def test_a_node_logs_in_with_a_certificate_of_its_own(town: Town, tmp_path: Path) -> None:
    """mosquitto takes the user from it, so that the lines for each user hold as well."""
    own = issued(tmp_path, "bench-1", town.issuer)
    stranger = issued(tmp_path, "stranger", None)
    trust = town.issuer.certificate
    with closing(TlsBroker(tmp_path / "certified", town.own, clients_of=town.issuer)) as broker:
        broker.start()
        host = issued(tmp_path, "host", town.issuer)
        files = TlsFiles(trust, host.certificate, host.key)
        with BrokerLogin(broker.address(files), ("filmgauge/#",), mqtt5=True) as login:
            for runtime in ("cpython", "micropython32"):
                folder = tmp_path / runtime
                folder.mkdir()
                security = broker_security(trust, own.certificate, own.key)
                with closing(node_at(broker.port, security, folder, runtime, user="")) as node:
                    assert report(node) == ""
            for name, security in (
                ("none", town.trust),
                ("strange", broker_security(trust, stranger.certificate, stranger.key)),
            ):
                (tmp_path / name).mkdir()
                with closing(node_at(broker.port, security, tmp_path / name, user="")) as node:
                    assert "record 0 waits: " in report(node)
            assert login.await_message(lambda topic, _: topic == "filmgauge/bench-1/telemetry")
        files = TlsFiles(trust, own.certificate, own.key)
        with BrokerLogin(broker.address(files), mqtt5=True) as node_login:
            assert node_login.publish("filmgauge/bench-2/log", b"x") is Answer.DENIED


def test_the_host_tells_an_impostor_nothing_either(town: Town) -> None:
    problems = {
        "wrong name": "hostname mismatch",
        "wrong issuer": "certificate signature failure|self-signed|unable to get",
        "self-signed": "self-signed certificate",
        "expired": "certificate has expired",
        "plain": "no TLS: wrong version number",
    }
    for name, (impostor, _) in impostors(town).items():
        with closing(impostor):
            address = town.broker.address(town.files, "host", USERS["host"])
            address = type(address)("localhost", impostor.port, True, "host", "secret", town.files)
            with pytest.raises(LinkLost, match=problems[name]):
                MqttReceiver(address, "receiver").open(5.0)
            with pytest.raises(Exception, match=problems[name]), BrokerLogin(address):
                pass
            with pytest.raises(OSError, match=r".*"):
                FleetConnection(FleetNode("fleet-0", "1"), address, 60, lambda _: None)
            assert not any(secret in impostor.seen for secret in (b"MQTT", b"fleet", b"secret"))

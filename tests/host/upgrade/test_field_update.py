"""Pieces of a version at a broker: dropped by its ACL, or kept for a node that sleeps on; and
which nodes run the version already."""

import json
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from guarded_broker import GuardedBroker, guarded, retained
from mqtt_brokers import Mosquitto
from mqtt_nodes import Publisher
from patience import until

from filmgauge import VERSION
from filmgauge_host.cli.app import main
from filmgauge_host.commands import mqtt_commander
from filmgauge_host.commands.counters import CommandCounters
from filmgauge_host.commands.mqtt_commander import MqttCommander
from filmgauge_host.errors import NoBrokerError
from filmgauge_host.telemetry.address import BrokerAddress, parse_address
from filmgauge_host.telemetry.broker_login import BrokerLogin
from filmgauge_host.upgrade.field_update import FieldUpdate
from filmgauge_host.upgrade.order import order_payload
from filmgauge_host.upgrade.signing_key import make_key
from filmgauge_host.upgrade.version import sign
from filmgauge_host.upgrade.version_folder import store_version

MADE = {"name": "0.2.0", "board": "esp32", "bytecode": "6.3"}


@pytest.fixture
def nodes(tmp_path: Path) -> Path:
    """The folder of a user with a node with Wi-Fi and one with Bluetooth alone."""
    folder = tmp_path / "nodes"
    for name, board in (("rig", "esp32-c3"), ("wall", "stm32wb55")):
        (folder / name).mkdir(parents=True)
        (folder / name / "node.toml").write_text(f'name = "{name}"\nboard = "{board}"\n')
    known = folder / "known.toml"
    keys = [f'[nodes.{name}]\ncommand_key = "{"00" * 16}"\n' for name in ("rig", "wall")]
    known.write_text("".join(keys))
    known.chmod(0o600)
    return folder


def update(broker: GuardedBroker, nodes: Path, *names: str) -> Result:
    key = make_key(nodes / "update.key", replace=True)
    _, source = store_version(nodes / "versions", {"app.bin": b"a" * 2000}, key=key, **MADE)
    words = ("update", *names, "--nodes", str(nodes), "--broker", broker.login("host"))
    return CliRunner().invoke(main, [*words, "--from", str(source), "--timeout", "2s"])


def test_what_a_broker_drops_is_said_and_what_is_waited_for_stays(
    tmp_path: Path, nodes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mqtt_commander, "_LATEST_S", 0.3)
    with guarded(tmp_path / "broker", "user host\ntopic read filmgauge/#\n") as broker:
        ran = update(broker, nodes, "rig")
        assert ran.exit_code == 1
        assert "does not let this login write filmgauge/firmware/#" in ran.output
        broker.allow("topic write filmgauge/firmware/#")
        until(lambda: "write filmgauge/rig/command" in update(broker, nodes, "rig").output)
        broker.allow("topic readwrite filmgauge/#")
        address = broker.address("host")
        status = json.dumps({"state": "sleeping", "next_report_s": 0}).encode()
        with BrokerLogin(address) as login:
            until(lambda: _kept(login, status, broker))
        ran = update(broker, nodes, "--all")
        assert ran.exit_code == 1, ran.output
        assert "wall has no Wi-Fi: --dry-run makes a version" in ran.output
        assert "rig: has not answered" in ran.output
        assert "not all are through" in ran.output  # the order waits at the broker for it
        assert len([name for name in retained(address) if "/firmware/" in name]) >= 3
        named = update(broker, nodes, "rig,wall")
        assert named.exit_code == 2


def test_of_a_large_fleet_all_that_run_the_version_are_known_before_any_is_asked(
    tmp_path: Path,
) -> None:
    version = sign({"app.bin": b"a"}, number=2, key=Ed25519PrivateKey.generate(), **MADE)
    info = json.dumps({"version": {"number": 2, "version": "0.2.0", "outcome": "runs"}})
    nodes = [f"n-{number}" for number in range(300)]
    broker = Mosquitto(tmp_path, usual=True)
    broker.start()
    address = parse_address(broker.url)
    with closing(Publisher(broker.url)) as publisher:
        publisher.send([(f"filmgauge/{node}/info", info) for node in nodes], retain=True)
    commander = MqttCommander(address, CommandCounters(tmp_path / "counters.json"), nodes)
    with FieldUpdate(address, dict.fromkeys(nodes, version), {}, commander) as running:
        running.begin({})
        assert running.is_over()
        assert not any(each.has_failed for each in running.progress.values())
    broker.stop()


def test_settings_of_an_earlier_call_are_not_taken_for_those_in_force(
    tmp_path: Path, nodes: Path
) -> None:
    """A command may have changed them since; --again brings them under another number."""
    changes = tmp_path / "changes.toml"
    changes.write_text("report_every = 2\n")
    make_key(nodes / "update.key")
    broker = Mosquitto(tmp_path)
    broker.start()
    words = ["update", "rig", "--settings-only", "--config", str(changes), "--nodes", str(nodes)]
    words += ["--broker", broker.url, "--timeout", "1s"]

    def made(*more: str) -> tuple[str, int]:
        ran = CliRunner().invoke(main, [*words, *more, "--dry-run"])
        return ran.stdout, int(ran.stdout.split()[3])

    first, number = made()
    assert made()[0] == first
    values = {"number": number, "version": VERSION, "outcome": "runs"}
    with closing(Publisher(broker.url)) as publisher:
        info = json.dumps({"version": values})
        publisher.send([("filmgauge/rig/info", info)], retain=True)
    ran = CliRunner().invoke(main, words)
    assert ran.exit_code == 0, ran.output
    assert f"rig: runs: {VERSION} since an earlier call; what commands" in ran.output
    assert made("--again")[1] > number
    ran = CliRunner().invoke(main, words)
    assert "rig: waits for its next report" in ran.output
    broker.stop()


@pytest.mark.parametrize("wanted", ["--all", "*"])
def test_a_dry_run_of_a_version_leaves_out_whom_the_run_leaves_out(
    nodes: Path, wanted: str
) -> None:
    key = make_key(nodes / "update.key")
    _, source = store_version(nodes / "versions", {"app.bin": b"a"}, key=key, **MADE)
    words = ["update", wanted, "--from", str(source), "--nodes", str(nodes), "--dry-run"]
    ran = CliRunner().invoke(main, words)
    assert ran.exit_code == 0, ran.output
    assert ran.stdout.startswith("filmgauge-version 1\n")


def fill(address: BrokerAddress, connections: ExitStack) -> None:
    """Connect until the broker has no room for one more, and raises."""
    while True:
        connections.enter_context(BrokerLogin(address))


def test_a_broker_that_has_lost_the_pieces_gets_them_again(tmp_path: Path) -> None:
    """As it is installed it keeps nothing beyond its end. It may have no room for one connection
    more when it comes back."""
    version = sign({"app.bin": b"a"}, number=2, key=Ed25519PrivateKey.generate(), **MADE)
    broker = Mosquitto(tmp_path, "max_connections 4", usual=True)
    broker.start()
    address = parse_address(broker.url)
    counters = CommandCounters(tmp_path / "counters.json")
    pieces = {f"filmgauge/firmware/{version.id}/{n}": p for n, p in enumerate(version.pieces())}

    def kept() -> dict[str, bytes]:
        """Return the pieces at the broker; the order may come while they are read."""
        return {name: each for name, each in retained(address).items() if name in pieces}

    with (
        MqttCommander(address, counters, ["rig"]) as commander,
        FieldUpdate(address, {"rig": version}, {"rig": bytes(16)}, commander) as running,
    ):
        running.begin({"rig": order_payload(version)})
        assert kept() == pieces
        broker.stop()
        broker.start()
        until(lambda: running._login.connections == 2)
        with ExitStack() as others:
            with pytest.raises(NoBrokerError):
                fill(address, others)
            running.poll()

        def are_back() -> bool:
            running.poll()
            return kept() == pieces

        until(are_back)
        running.withdraw()
        assert kept() == {}
    broker.stop()


def _kept(login: BrokerLogin, status: bytes, broker: GuardedBroker) -> bool:
    login.publish("filmgauge/rig/status", status, retain=True)
    return retained(broker.address("host")).get("filmgauge/rig/status") == status

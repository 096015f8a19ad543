"""The broker's files, judged by a real mosquitto: who comes in, and what a node may do there."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from click.testing import CliRunner
from mqtt_brokers import Mosquitto
from patience import until
from provision_files import config_of, provision, wifi_file

from filmgauge.config import Config
from filmgauge_host.cli.app import main
from filmgauge_host.provision.broker_files import is_hash_of, with_password

ACL = "user host\ntopic readwrite filmgauge/#\n"


@pytest.fixture
def nodes(tmp_path: Path) -> dict[str, Config]:
    out = tmp_path / "nodes"
    (out / "mosquitto").mkdir(parents=True)
    (out / "mosquitto/passwords").write_text(with_password("", "host", "h"))
    (out / "mosquitto/acl").write_text(ACL)
    for node in ("a", "b"):
        ran = provision("--from", wifi_file(tmp_path, node), "--out", out)
        assert ran.exit_code == 0, ran.output
    return {node: config_of(out / node) for node in ("a", "b")}


@pytest.fixture
def broker(tmp_path: Path, nodes: dict[str, Config]) -> Iterator[Mosquitto]:
    folder = tmp_path / "nodes/mosquitto"
    extra = f"password_file {folder}/passwords\nacl_file {folder}/acl\n"
    made = Mosquitto(tmp_path, extra, anonymous=False)
    made.start()
    yield made
    made.stop()


Connect = Callable[[str, str], mqtt.Client]


@pytest.fixture
def connect(broker: Mosquitto) -> Iterator[Connect]:
    """A function that logs in and returns the client; its `heard` are the topics it got."""
    made: list[mqtt.Client] = []

    def login(user: str, password: str) -> mqtt.Client:
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2)
        made.append(client)
        answers: list[str] = []
        client.heard = []
        client.username_pw_set(user, password)
        client.on_connect = lambda _c, _d, _f, reason, _p: answers.append(str(reason))
        client.on_message = lambda _c, _d, message: client.heard.append(message.topic)
        client.connect("127.0.0.1", int(broker.url.rpartition(":")[2]))
        client.loop_start()
        until(lambda: answers)
        client.answer = answers[0]
        return client

    yield login
    for client in made:
        client.disconnect()
        client.loop_stop()


def subscribed(client: mqtt.Client, topic: str) -> None:
    done: list[object] = []
    client.on_subscribe = lambda *arguments: done.append(arguments)
    client.subscribe(topic, 1)
    until(lambda: done)


def test_only_the_right_password_comes_in(nodes: dict[str, Config], connect: Connect) -> None:
    assert connect("a", nodes["a"].mqtt_password).answer == "Success"
    assert connect("a", nodes["b"].mqtt_password).answer != "Success"
    assert connect("stranger", "x").answer != "Success"
    assert connect("", "").answer != "Success"


def test_a_node_writes_its_own_topics_only(nodes: dict[str, Config], connect: Connect) -> None:
    host, node = connect("host", "h"), connect("a", nodes["a"].mqtt_password)
    subscribed(host, "filmgauge/#")
    own = [
        f"filmgauge/a/{leaf}" for leaf in ("telemetry", "log", "status", "info", "event", "ack")
    ]
    others = ["filmgauge/b/telemetry", "filmgauge/b/command", "filmgauge/a/command", "filmgauge/c"]
    others.append("filmgauge/firmware/0011223344556677/0")
    for topic in [*others, *own]:  # in this order: what is refused would come first
        node.publish(topic, b"x", 1).wait_for_publish(10)
    until(lambda: len(host.heard) >= len(own))
    assert host.heard == own


def test_a_node_reads_its_own_commands_only(nodes: dict[str, Config], connect: Connect) -> None:
    host, node = connect("host", "h"), connect("a", nodes["a"].mqtt_password)
    subscribed(node, "filmgauge/#")
    for topic in ("filmgauge/b/command", "filmgauge/b/telemetry", "filmgauge/a/status"):
        host.publish(topic, b"x", 1).wait_for_publish(10)
    own = ["filmgauge/a/command", "filmgauge/firmware/0011223344556677/0"]
    for topic in own:
        host.publish(topic, b"x", 1).wait_for_publish(10)
    until(lambda: len(node.heard) >= len(own))
    assert node.heard == own


@pytest.mark.parametrize("user", ["b", "a third"])
def test_a_revoked_node_is_let_in_again_to_write(
    tmp_path: Path, nodes: dict[str, Config], broker: Mosquitto, connect: Connect, user: str
) -> None:
    out = tmp_path / "nodes"
    source = wifi_file(tmp_path, "b", user=f'user = "{user}"')
    assert provision("--from", source, "--out", out).exit_code == 0
    for arguments in (["revoke", "b"], ["make", "b", "mqtt_password"]):
        ran = CliRunner().invoke(main, ["keys", *arguments, "--nodes", str(out)])
        assert ran.exit_code == 0, ran.output
    broker.stop()
    broker.start()
    config = config_of(out / "b")
    host, node = connect("host", "h"), connect(config.mqtt_user, config.mqtt_password)
    assert node.answer == "Success"
    subscribed(host, "filmgauge/#")
    node.publish("filmgauge/b/telemetry", b"x", 1).wait_for_publish(10)
    connect("a", nodes["a"].mqtt_password).publish("filmgauge/a/status", b"x", 1).wait_for_publish(
        10
    )
    until(lambda: "filmgauge/a/status" in host.heard)
    assert host.heard == ["filmgauge/b/telemetry", "filmgauge/a/status"]
    users = [line.partition(":")[0] for line in (out / "mosquitto/passwords").open()]
    assert set(users) == {"a", "host", user}


def test_hashes_of_mosquitto_itself_are_known(tmp_path: Path) -> None:
    path = tmp_path / "passwords"
    command = ["mosquitto_passwd", "-c", "-b", str(path), "someone", "geheim"]
    subprocess.run(command, check=True, capture_output=True)
    hashed = path.read_text().strip().partition(":")[2]
    assert is_hash_of(hashed, "geheim")
    assert not is_hash_of(hashed, "geheimer")
    assert with_password(path.read_text(), "someone", "geheim") == path.read_text()

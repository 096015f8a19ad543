"""`filmgauge provision --broker`: whether what the node will publish arrives at the monitor."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result
from guarded_broker import ACL, EVERYTHING, PASSWORDS, GuardedBroker, guarded, retained, without
from mqtt_brokers import free_port
from provision_files import SECRET, film_file, provision, wifi_file

NODE = {
    "FILMGAUGE_NODE_WIFI_PASSWORD": SECRET,
    "FILMGAUGE_NODE_MQTT_PASSWORD": PASSWORDS["shelf-1"],
}


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[GuardedBroker]:
    with guarded(tmp_path / "broker", ACL.read_text()) as broker:
        yield broker


def provisioned(folder: Path, broker: GuardedBroker, *more: str, **env: str) -> Result:
    """Provision shelf-1 at a broker; whatever happens, all is written and no secret printed."""
    port = int(broker.url.rpartition(":")[2])
    arguments = ("--from", wifi_file(folder, port=port), "--out", folder / "nodes", *more)
    ran = provision(*arguments, env={**NODE, **env})
    assert (folder / "nodes/shelf-1/node.toml").exists()
    assert not any(secret in ran.output for secret in (SECRET, *PASSWORDS.values()))
    return ran


def test_it_arrives(tmp_path: Path, broker: GuardedBroker) -> None:
    ran = provisioned(tmp_path, broker, "--broker", broker.login("host"))
    assert ran.exit_code == 0
    assert "comes through" in ran.stdout.splitlines()[-1]
    assert retained(broker.address("host")) == {}


def test_the_login_may_be_in_the_environment(tmp_path: Path, broker: GuardedBroker) -> None:
    env = {
        "FILMGAUGE_BROKER": broker.url.replace("//", "//host@"),
        "FILMGAUGE_MQTT_PASSWORD": PASSWORDS["host"],
    }
    ran = provisioned(tmp_path, broker, "--json", **env)
    assert json.loads(ran.stdout)["arrival"]["arrived"] == list(EVERYTHING)


def test_without_it_nothing_is_checked(tmp_path: Path, broker: GuardedBroker) -> None:
    ran = provisioned(tmp_path, broker)
    assert ran.exit_code == 0
    assert "--broker" in ran.stdout
    assert json.loads(provisioned(tmp_path, broker, "--json").stdout)["arrival"] is None


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        ("topic write filmgauge/shelf-1/log", "dropped"),
        ("topic readwrite filmgauge/#", "unreadable"),
    ],
)
def test_what_an_acl_denies(tmp_path: Path, line: str, verdict: str) -> None:
    with guarded(tmp_path / "broker", without(line)) as broker:
        ran = provisioned(tmp_path, broker, "--broker", broker.login("host"), "--json")
        arrival = json.loads(ran.stdout)["arrival"]
        assert (ran.exit_code, arrival["verdict"]) == (4, verdict)
        assert arrival["acl"][-1] in ran.stderr


@pytest.mark.parametrize("wrong", ["monitor", "node"])
def test_a_login_that_is_refused(tmp_path: Path, broker: GuardedBroker, wrong: str) -> None:
    url = broker.login("host", "mistaken" if wrong == "monitor" else None)
    env = {"FILMGAUGE_NODE_MQTT_PASSWORD": "mistaken"} if wrong == "node" else {}
    ran = provisioned(tmp_path, broker, "--broker", url, **env)
    assert ran.exit_code == 3
    assert f"the login of {'the monitor' if wrong == 'monitor' else 'shelf-1'}" in ran.stderr
    assert "SIGHUP" in ran.stderr
    assert "mistaken" not in ran.output


def test_a_broker_that_cannot_be_reached(tmp_path: Path, broker: GuardedBroker) -> None:
    nowhere = f"mqtt://host:{PASSWORDS['host']}@127.0.0.1:{free_port()}"
    ran = provisioned(tmp_path, broker, "--broker", nowhere)
    assert ran.exit_code == 3
    assert "cannot be reached" in ran.stderr


def test_a_wrong_address_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    out = tmp_path / "nodes"
    ran = provision("--from", wifi_file(tmp_path), "--out", out, "--broker", "broker.lan")
    assert (ran.exit_code, out.exists()) == (2, False)
    assert "mqtt://" in ran.stderr


def test_a_node_without_wifi_has_no_broker(tmp_path: Path) -> None:
    arguments = ("--from", film_file(tmp_path), "--out", tmp_path / "nodes", "--json")
    ran = provision(*arguments, "--broker", f"mqtt://127.0.0.1:{free_port()}")
    assert (ran.exit_code, json.loads(ran.stdout)["arrival"]) == (0, None)

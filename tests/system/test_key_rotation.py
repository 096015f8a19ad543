"""Keys changed over the air: whatever is lost on the way, nobody is locked out."""

import json
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner
from commanded_node import OBEYING, command_key, keys_folder, listener, running
from guarded_broker import ACL, guarded
from mqtt_brokers import Broker
from mqtt_nodes import Publisher
from patience import until
from reporting_node import make_node, said, wake

from filmgauge_host.cli.app import main
from filmgauge_host.cli.nodes_file import revoked_names
from filmgauge_host.commands.frames import frame
from filmgauge_host.provision.broker_files import acl_block, with_password
from filmgauge_host.telemetry.address import parse_address
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.store import RecordStore
from filmgauge_sim.board.littlefs_outside import fetch, install
from filmgauge_sim.nodes.virtual_node import VirtualNode


def kept(nodes: Path) -> dict[str, str]:
    return tomllib.loads((nodes / "known.toml").read_text())["nodes"]["rig"]


def configured(node: VirtualNode) -> dict[str, str]:
    return json.loads(fetch(node.flash, "/config.json"))


def test_a_command_key_changes_though_an_answer_is_lost(
    mosquitto: Broker, node_on, tmp_path: Path
) -> None:
    node: VirtualNode = node_on(mosquitto, OBEYING, "cpython")
    old = command_key(tmp_path)
    nodes = keys_folder(tmp_path, command_key=old)
    rotate = ("keys", "rotate", "rig", "--broker", mosquitto.url, "--nodes", str(nodes))
    wake(node, 2)
    # The host gives up before the node wakes: the change is carried out, its answer seen by none.
    ran = CliRunner().invoke(main, [*rotate, "--timeout", "1s"])
    assert ran.exit_code == 1
    assert "command_key is not changed yet, the node has not answered; both are kept" in ran.output
    pending = kept(nodes)
    assert pending["command_key"] == old
    assert len(pending["command_key_next"]) == 32
    wake(node, 1)
    assert configured(node)["command_key"] == pending["command_key_next"]
    # In between commands go on under whichever key it has.
    options = ("--broker", mosquitto.url, "--nodes", str(nodes / "known.toml"), "--timeout", "30s")
    ran = running(node, "command", "rig", "report", *options)
    assert ran.exit_code == 0, ran.output
    ran = running(node, *rotate, "--timeout", "30s", wakes=16)
    assert ran.exit_code == 0, ran.output
    assert "answered under its new command_key" in ran.output
    assert kept(nodes) == {"command_key": pending["command_key_next"]}
    # And once more without a loss; the old key opens nothing then.
    ran = running(node, *rotate, "--timeout", "30s", wakes=16)
    assert ran.exit_code == 0, ran.output
    newest = kept(nodes)["command_key"]
    assert newest not in (old, pending["command_key_next"])
    with listener(mosquitto.url) as other:
        other.publish(frame("rig", bytes.fromhex(pending["command_key_next"]), 10**6, 4))
        wake(node, 2)
        until(lambda: any(json.loads(each)["status"] == 2 for each in other.answers))
    assert "Traceback" not in said(node)
    listed = CliRunner().invoke(main, ["keys", "list", "--nodes", str(nodes)]).output
    assert listed == "rig: command_key\n"


def test_a_password_changes_while_the_broker_does(tmp_path: Path) -> None:
    nodes = keys_folder(tmp_path, command_key=command_key(tmp_path))
    (nodes / "rig").mkdir()
    secrets = nodes / "rig" / "secrets.toml"
    secrets.write_text(f'command_key = "{command_key(tmp_path)}"\nmqtt_password = "first"\n')
    secrets.chmod(0o600)
    with guarded(tmp_path / "broker", ACL.read_text() + acl_block("rig", "rig")) as broker:
        (nodes / "mosquitto").mkdir()
        (nodes / "mosquitto" / "acl").write_text(acl_block("rig", "rig"))
        (nodes / "mosquitto" / "passwords").write_text(with_password("", "rig", "first"))
        before = broker.passwords.read_text()
        broker.passwords.write_text(with_password(before, "rig", "first"))
        broker.reload()
        node = make_node(tmp_path / "node", broker.url, "cpython", OBEYING)
        try:
            login = {"mqtt_user": "rig", "mqtt_password": "first"}
            config = {**configured(node), **login}
            install(node.flash, {"/config.json": json.dumps(config).encode()})
            wake(node, 2)
            url = broker.login("host")
            rotate = ("keys", "rotate", "rig", "mqtt_password", "--broker", url)
            rotate += ("--nodes", str(nodes), "--timeout", "30s")
            ran = running(node, *rotate, wakes=16)
            assert ran.exit_code == 0, ran.output
            assert "it knows both passwords" in ran.output
            wake(node, 1)  # with the old one, since the broker refuses the new one
            ran = CliRunner().invoke(main, rotate)
            assert ran.exit_code == 2
            assert "still takes the old password" in ran.output
            new = (nodes / "mosquitto" / "passwords").read_text().strip()
            broker.passwords.write_text(before + new + "\n")
            broker.reload()
            ran = running(node, *rotate, wakes=16)
            assert ran.exit_code == 0, ran.output
            wake(node, 1)
            found = configured(node)
            assert found.get("mqtt_password_next", "") == ""
            assert f'mqtt_password = "{found["mqtt_password"]}"' in secrets.read_text()
            assert found["mqtt_password"] != "first"
        finally:
            node.close()


def test_a_revoked_node_is_not_believed(mosquitto: Broker, tmp_path: Path) -> None:
    nodes = keys_folder(tmp_path, command_key="00" * 16)
    registry = (nodes / "known.toml").read_bytes()
    for words in (["revoke", "rog"], ["make", "rog", "command_key"]):  # a slip of the hand
        ran = CliRunner().invoke(main, ["keys", *words, "--nodes", str(nodes)])
        assert (ran.exit_code, "there is no node rog" in ran.output) == (2, True)
    ran = CliRunner().invoke(main, ["keys", "make", "rig", "mqtt_password", "--nodes", str(nodes)])
    assert (ran.exit_code, "secrets.toml" in ran.output) == (2, True)  # it would be nowhere
    assert (nodes / "known.toml").read_bytes() == registry
    ran = CliRunner().invoke(main, ["keys", "revoke", "rig", "--nodes", str(nodes)])
    assert ran.exit_code == 0, ran.output
    assert "retains of it stays until: filmgauge homeassistant remove rig" in ran.output
    assert kept(nodes) == {"revoked": True}
    ran = CliRunner().invoke(main, ["keys", "list", "--nodes", str(nodes)])
    assert ran.output == "rig: revoked\n"
    publisher = Publisher(mosquitto.url)
    with (
        RecordStore(tmp_path / "records.sqlite") as store,
        Ingest(parse_address(mosquitto.url), store, revoked_names(nodes / "known.toml")) as ingest,
    ):
        assert ingest.wait_connected(60)
        publisher.records("rig", [1])
        publisher.records("other", [1])
        until(lambda: store.count("other") == 1)
        until(lambda: ingest.rejected())
        assert store.count("rig") == 0
        assert [each.reason for each in ingest.rejected()] == ["rig is revoked"]
    publisher.close()
    ran = CliRunner().invoke(main, ["keys", "make", "rig", "command_key", "--nodes", str(nodes)])
    assert ran.exit_code == 0, ran.output
    assert list(kept(nodes)) == ["command_key"]
    away = ("--broker", "mqtt://broker.example", "--nodes")
    secret = tmp_path / "secret.toml"
    secret.write_text('wifi_password = "some of mine"\n')
    for words in (
        ["keys", "rotate", "rig", *away, str(nodes)],
        ["command", "rig", "set", f"@{secret}", *away, str(nodes / "known.toml")],
    ):
        ran = CliRunner().invoke(main, words)
        assert (ran.exit_code, "a secret would go to" in ran.output) == (2, True)


def test_a_file_that_comes_later_revokes_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    revoked = revoked_names(None)
    assert revoked() == frozenset()
    keys_folder(tmp_path, revoked=True)
    until(lambda: revoked() == {"rig"})

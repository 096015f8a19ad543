"""Commands over MQTT to the firmware itself: a sleeper answers, and an attacker gets nothing."""

import json
import struct
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from click.testing import CliRunner
from commanded_node import OBEYING, command_key, keys_folder, listener, running
from mqtt_brokers import Broker
from paho.mqtt.enums import CallbackAPIVersion
from patience import until
from reporting_node import backlog, said, wake

from filmgauge.uplink.actions import CONFIGURE, PROFILE, TIME, UPDATE
from filmgauge.uplink.commands import CRASHES, MALFORMED
from filmgauge_host.cli.app import main
from filmgauge_host.commands.frames import frame, mac_of_answer, profile_payloads
from filmgauge_host.telemetry.address import parse_address
from filmgauge_sim.board.executable import RuntimeName
from filmgauge_sim.board.littlefs_outside import fetch, install
from filmgauge_sim.nodes.configuration import compiled_profile
from filmgauge_sim.nodes.virtual_node import VirtualNode
from filmgauge_sim.scenario.loading import load_scenario


def configuration(node: VirtualNode) -> dict[str, object]:
    return json.loads(fetch(node.flash, "/config.json"))


def test_a_sleeper_obeys_and_answers(broker: Broker, node_on, receiver, tmp_path: Path) -> None:
    host = receiver(broker)
    node: VirtualNode = node_on(broker, OBEYING, "cpython")
    nodes = keys_folder(tmp_path, command_key=command_key(tmp_path))
    options = ("--broker", broker.url, "--nodes", str(nodes / "known.toml"), "--timeout", "30s")
    wake(node, 2)  # it has listened

    def told(pattern: str, *words: str) -> str:
        ran = running(node, "command", pattern, *words, *options)
        assert ran.exit_code == 0, ran.output
        return ran.output

    assert "rig: the next wake reports\n" in told("rig", "report")
    assert "rig: 1 keys changed" in told("r*", "interval", "30")
    assert "rig: 2 keys changed" in told("rig", "set", "report_every=2", "zero_every=7")
    assert "rig: set\n" in told("rig", "time")
    described = load_scenario(str(tmp_path / "obeying.toml")).node[0].description
    profile = tmp_path / "other.bin"
    profile.write_bytes(compiled_profile(described).to_bytes())
    assert "rig: profile " in told("rig", "profile", str(profile))
    now = configuration(node)
    assert (now["sample_s"], now["report_every"], now["zero_every"]) == (30, 2, 7)
    ran = running(node, "command", "rig", "zero", "--json", *options)
    assert ran.exit_code == 1
    answer = json.loads(ran.output.splitlines()[-1])
    assert (answer["done"], answer["status"]) == (False, 5)
    wake(node, 2)
    assert host.ingest.nodes()["rig"].latest is not None
    until(lambda: host.ingest.nodes()["rig"].latest.value("refused") == 1)
    assert "rig: the counters begin anew" in told("rig", "reset")
    boots = {each.record.boot for each in host.store.records("rig")}
    assert "rig: reset after this wake" in told("rig", "reboot")
    wake(node, 4)
    until(lambda: host.ingest.nodes()["rig"].latest.value("refused") == 0)
    assert {each.record.boot for each in host.store.records("rig")} == boots  # RTC memory stays
    assert backlog(node) == []
    assert json.loads((nodes / "counters.json").read_text())["rig"] >= 8


def test_a_session_without_a_subscription_makes_no_node_deaf(
    broker: Broker, node_on, tmp_path: Path
) -> None:
    """As the broker has one where the power goes between CONNECT and SUBSCRIBE."""
    address = parse_address(broker.url)
    cut_off = mqtt.Client(CallbackAPIVersion.VERSION2, "filmgauge-rig", clean_session=False)
    cut_off.connect(address.host, address.port)
    cut_off.loop_start()
    until(cut_off.is_connected)
    cut_off.disconnect()
    cut_off.loop_stop()
    node: VirtualNode = node_on(broker, OBEYING, "cpython")
    nodes = keys_folder(tmp_path, command_key=command_key(tmp_path))
    options = ("--broker", broker.url, "--nodes", str(nodes / "known.toml"), "--timeout", "30s")
    wake(node, 1)
    ran = running(node, "command", "rig", "report", *options)
    assert ran.exit_code == 0, ran.output


def test_an_attacker_gets_nothing_and_is_counted(
    broker: Broker, node_on, receiver, tmp_path: Path
) -> None:
    host = receiver(broker)
    node: VirtualNode = node_on(broker, OBEYING, "cpython")
    key = command_key(tmp_path)
    nodes = keys_folder(tmp_path, command_key=key)
    options = ("--broker", broker.url, "--nodes", str(nodes / "known.toml"), "--timeout", "30s")
    wake(node, 2)
    with listener(broker.url) as attacker:
        for seconds in ("30", "45"):
            assert running(node, "command", "rig", "interval", seconds, *options).exit_code == 0
        captured = list(dict.fromkeys(attacker.frames))
        assert len(captured) == 2
        del attacker.answers[:]
        secret = bytes.fromhex(key)
        wrong = [
            *captured,  # replayed
            frame("other", secret, 99, 4),  # of another node
            frame("rig", bytes(16), 99, 4),  # of another key
            captured[1][:-1],
            b"",
            b"\xff" * 257,
            b"\x01" * 9000,  # more than a packet of the node
            frame("rig", secret, 100, 99),  # an operation that nobody knows
            frame("rig", secret, 101, 5, struct.pack("<HH", 7, 9) + b"abc"),  # no first part
        ]
        attacker.publish(*wrong)
        attacker.publish(b"garbage", qos=0)
        while backlog(node) or not attacker.answers:
            wake(node, 1)
        wake(node, 2)
        until(lambda: host.ingest.nodes()["rig"].latest.value("refused") >= len(wrong))
        answers = [json.loads(each) for each in attacker.answers]
        assert {each["status"] for each in answers} <= {1, 2, 3, 4, 5}
        assert answers[0]["text"] == "counter must be above 2, not 1"
        assert 4 <= len(answers) < len(wrong)  # a few in each wake
        for each in answers:
            fields = (each[name] for name in ("counter", "status", "text", "last"))
            assert each["mac"] == mac_of_answer("rig", secret, *fields)
        assert configuration(node)["sample_s"] == 45
        # the host's next one is behind what somebody else has used, and is sent again behind it
        ran = running(node, "command", "rig", "report", *options)
        assert ran.exit_code == 0, ran.output
        before = len(host.store.gaps("rig"))
        attacker.publish(b"x" * 40000)  # the node ends that connection, and drops the session
        attacker.publish(*[b"flood %d" % i for i in range(60)])
        wake(node, 5)
        assert backlog(node) == []
        assert said(node).count("Traceback") == 0
        assert len(host.store.gaps("rig")) == before == 0
        ran = running(node, "command", "rig", "report", *options)
        assert ran.exit_code == 0, ran.output


@pytest.mark.parametrize("runtime", ["cpython", "micropython"])
def test_a_profile_comes_in_parts_and_no_version_is_on_its_way(
    embedded: Broker, node_on, tmp_path: Path, runtime: RuntimeName
) -> None:
    """Both look at files whose size says how far they have come."""
    node: VirtualNode = node_on(embedded, OBEYING, runtime)
    key = bytes.fromhex(command_key(tmp_path))
    described = load_scenario(str(tmp_path / "obeying.toml")).node[0].description
    profile = compiled_profile(described).to_bytes()
    orders = [(PROFILE, part) for part in profile_payloads(profile, longest=100)]
    orders += [(PROFILE, struct.pack("<HH", 50, 100) + b"no beginning"), (UPDATE, b"")]
    wake(node, 1)
    with listener(embedded.url) as host:
        for counter, (operation, payload) in enumerate(orders, 1):
            host.publish(frame("rig", key, counter, operation, payload))
            wake(node, 1)
        until(lambda: len(host.answers) == len(orders))
    *parts, out_of_order, version = [json.loads(each)["text"] for each in host.answers]
    assert len(parts) > 1
    assert parts[0].endswith(f" of {len(profile)}")
    assert parts[-1].endswith("used after the next boot")
    assert out_of_order == "offset must be 0 or 0, not 50"
    assert version == "nothing"
    assert fetch(node.flash, "/profile.bin") == profile
    assert "Traceback" not in said(node)


def test_a_board_that_keeps_its_memory_refuses_what_a_later_wake_is_sent(
    embedded: Broker, node_on, tmp_path: Path
) -> None:
    """What carries out commands was let go of meanwhile, and with it the class of a refusal. With
    a key for Bluetooth, which is of no use to it, such a board keeps the rest of its uplink."""
    text = OBEYING.replace('name = "rig"\ncommands', 'name = "rig"\nboard = "pico-w"\ncommands')
    node: VirtualNode = node_on(embedded, text)
    key = bytes.fromhex(command_key(tmp_path))
    keys = configuration(node) | {"ble_key": "00" * 16}
    install(node.flash, {"/config.json": json.dumps(keys).encode()})
    wrong = [(TIME, b""), (CONFIGURE, b""), (PROFILE, b""), (UPDATE, b"\3"), (CRASHES, b"odd")]
    wake(node, 1)
    with listener(embedded.url) as host:
        for counter, (operation, payload) in enumerate(wrong * 2, 1):
            host.publish(frame("rig", key, counter, operation, payload))
            wakes = node.wakes
            while node.wakes == wakes:  # a step may be a slice of its sleep
                wake(node, 1)
            assert "Traceback" not in said(node), (operation, said(node))
        until(lambda: len(host.answers) == 2 * len(wrong))
    assert {json.loads(each)["status"] for each in host.answers} == {MALFORMED}


def test_wrong_input_is_one_sentence(tmp_path: Path) -> None:
    nodes = keys_folder(tmp_path, command_key="00" * 16)
    file = str(nodes / "known.toml")

    def said_of(*arguments: str, code: int = 2) -> str:
        ran = CliRunner().invoke(main, ["command", *arguments, "--nodes", file])
        assert ran.exit_code == code, ran.output
        return ran.output

    assert "there is no action dance" in said_of("rig", "dance")
    assert "there is no node shelf in" in said_of("shelf", "report")
    assert "interval: it takes the seconds" in said_of("rig", "interval", "soon")
    assert "sample_s must be an integer from 1" in said_of("rig", "interval", "0")
    assert "report: it takes nothing more" in said_of("rig", "report", "twice")
    assert "cannot be read" in said_of("rig", "profile", str(tmp_path / "none.bin"))
    assert "cannot be reached" in said_of(
        "rig", "report", "--broker", "mqtt://127.0.0.1:1", code=3
    )
    (nodes / "known.toml").chmod(0o644)
    assert "may be read by others: chmod 600" in said_of("rig", "report")
    (nodes / "known.toml").chmod(0o600)
    nodes.chmod(0o777)
    assert "others may write into" in said_of("rig", "report")
    nodes.chmod(0o700)
    keys_folder(tmp_path, revoked=True)
    assert "rig is revoked" in said_of("rig", "report")


@pytest.mark.parametrize("runtime", ["micropython"])
def test_the_boards_own_bytecode_does_the_same(
    mosquitto: Broker, node_on, tmp_path: Path, runtime
) -> None:
    node: VirtualNode = node_on(mosquitto, OBEYING, runtime)
    nodes = keys_folder(tmp_path, command_key=command_key(tmp_path))
    options = ("--broker", mosquitto.url, "--nodes", str(nodes / "known.toml"), "--timeout", "30s")
    wake(node, 2)
    for words in (("set", "report_every=2"), ("time",), ("reset",), ("reboot",)):
        ran = running(node, "command", "rig", *words, *options)
        assert ran.exit_code == 0, ran.output
    wake(node, 3)
    assert configuration(node)["report_every"] == 2
    assert "Traceback" not in said(node)

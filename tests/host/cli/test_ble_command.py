"""`filmgauge ble` on a virtual air: the real firmware, bleak, a real broker. One reading and one
refusal are processes."""

import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from cadence import reports_due
from click.testing import CliRunner, Result
from mqtt_brokers import Nats

from filmgauge_host.ble.node_registry import read_registry
from filmgauge_host.cli.app import main
from filmgauge_host.commands.configuration_changes import check, from_arguments
from filmgauge_host.errors import InputError
from filmgauge_host.log_file import LogFile
from filmgauge_sim.scenario.loading import load_scenario


def process(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "filmgauge_host.cli.app", "ble", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=900)


def ble(*arguments: str) -> Result:
    """Run it in this process."""
    return CliRunner().invoke(main, ["ble", *arguments])


def due(minutes: int) -> dict[str, int]:
    """Return how many records each node of the demonstration advertises in that time."""
    return {
        node.name: reports_due(node.description, 60 * minutes)
        for node in load_scenario("demo").node
        if node.description.advertises
    }


def test_a_scan_tells_each_record_once() -> None:
    expected = [(name, seq) for name, count in due(65).items() for seq in range(count)]
    done = ble("scan", "--air", "virtual", "--for", "65m", "--json")
    assert done.exit_code == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert sorted((each["name"], each["seq"]) for each in told) == sorted(expected)
    assert len(expected) > len(due(65)) == 2
    assert all(0 <= each["soc_pct"] <= 100 for each in told)


def test_a_node_is_read_and_its_log_downloaded(tmp_path: Path) -> None:
    ran = process("read", "window-1", "--air", "virtual", "--json")
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert told["node"]["serial"] == "window-1"
    (window,) = load_scenario("window").node
    assert told["configuration"]["sample_s"] == window.description.intervals.sample_s
    assert told["record"]["seq"] == told["state"]["seq"] == 0
    out = tmp_path / "log.bdf.csv"
    for count in (1, 0):  # the second time there is nothing new
        done = ble("log", "implant-1", "--air", "virtual", "--out", str(out))
        assert done.stdout == f"{out}: {count} new records\n", done.stderr
    assert len(out.read_text().splitlines()) == 2


def test_a_bridge_for_a_while(embedded: Nats, tmp_path: Path) -> None:
    spool = tmp_path / "spool.sqlite"
    arguments = ("--broker", embedded.url, "--spool", str(spool), "--for", "125m")
    done = ble("bridge", "--air", "virtual", *arguments)
    assert done.exit_code == 0, done.stderr
    made = due(125)
    assert f"filmgauge: {sum(made.values())} records, 0 failed visits" in done.stderr
    with sqlite3.connect(spool) as database:
        query = "SELECT count(*) FROM records WHERE NOT acknowledged"
        assert database.execute(query).fetchone() == (0,)
        assert database.execute("SELECT node, boot, seq FROM nodes ORDER BY node").fetchall() == [
            (name, 1, made[name] - 1) for name in sorted(made)
        ]
        assert min(made.values()) > 1


def test_a_command_is_obeyed_and_its_counter_kept(tmp_path: Path) -> None:
    scenario, known = tmp_path / "wall.toml", tmp_path / "known.toml"
    scenario.write_text(
        'name = "wall"\n[[node]]\nname = "wall"\nboard = "stm32wb55"\ncommands = true\n'
        "[node.cell]\nsoc = 0.5\n[node.intervals]\nsample_s = 60\nreport_every = 1\n"
        "[node.bluetooth]\nadvertise_ms = 5000\n"
    )
    air = ("--air", "virtual", "--scenario", str(scenario), "--nodes", str(known))
    for key, words, code, said in (
        (None, ("interval", "300"), 0, "wall: 1 keys changed, used after the next boot\n"),
        (None, ("report",), 0, "wall: the next wake reports\n"),
        ("00" * 16, ("report",), 1, "refused the command: the MAC is wrong\n"),
    ):
        own = load_scenario(str(scenario)).node[0].secrets["command_key"]
        known.write_text(f'[nodes.wall]\ncommand_key = "{key or own}"\n')
        known.chmod(0o600)
        done = ble("command", "wall", *words, *air)
        assert done.exit_code == code, done.output
        assert done.output.endswith(said)
    # Each air has a new node, and a number of the host never comes again.
    assert json.loads((tmp_path / "counters.json").read_text()) == {"wall": 3}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("command", "window-1", "dance", "--air", "virtual"), "there is no action dance"),
        (("command", "window-1", "interval", "0"), "sample_s must be an integer from 1"),
        (("scan", "--air", "virtual", "--scenario", "bench"), "no node with bluetooth"),
        (("scan", "--air", "virtual", "--scenario", "nowhere"), "neither a file nor one of"),
        (("configure", "window-1", "--air", "virtual"), "nothing to change"),
        (("configure", "window-1", "sample_s=0"), "sample_s must be an integer from 1 to 86400"),
        (("configure", "window-1", "ble_key=00"), "ble_key is a secret"),
        (("log", "window-1", "--out", "log.txt"), "must end in .jsonl or .bdf.csv"),
        (("bridge", "--broker", "http://x"), "must start with mqtt://"),
    ],
)
def test_wrong_input_is_one_sentence(arguments: tuple[str, ...], reason: str) -> None:
    done = ble(*arguments)
    assert done.exit_code == 2
    assert reason in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_process_that_is_refused_says_the_same() -> None:
    arguments = ("configure", "window-1", "sample_s=0")
    ran, done = process(*arguments), ble(*arguments)
    assert (ran.returncode, ran.stdout, ran.stderr) == (2, "", done.stderr)


def test_a_node_that_is_not_there() -> None:
    done = ble("read", "nobody", "--air", "virtual", "--wait", "10m")
    assert done.exit_code == 1
    assert done.stderr == "filmgauge: nobody was not heard within 600 s\n"


def test_keys_are_for_their_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "nodes.toml"
    path.write_text(
        '[nodes.shelf]\naddress = "c1:02:03:04:05:06"\nble_key = "' + "0f" * 16 + '"\n'
    )
    path.chmod(0o644)
    with pytest.raises(InputError, match="chmod 600"):
        read_registry(path)
    path.chmod(0o600)
    registry = read_registry(path)
    (found,) = registry.candidates("C1:02:03:04:05:06", None)
    assert (found.name, found.ble_key) == ("shelf", b"\x0f" * 16)
    assert "0f0f" not in repr(found)
    for wrong, reason in (
        ('[nodes.shelf]\nble_key = "12"', "ble_key must be 32 hexadecimal digits"),
        ('[nodes.shelf]\naddress = "here"', "address must be six bytes"),
        ("[nodes.shelf]\nkey = 1", "has no key key"),
        ("[nodes.Shelf]", "node may have a-z"),
        ("nodes = 1", "nodes must be a table"),
        ("[other]", "there is no key other"),
    ):
        path.write_text(wrong)
        with pytest.raises(InputError, match=reason):
            read_registry(path)


def test_the_nodes_are_found_where_provisioning_writes_them(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    usual = tmp_path / "usual.toml"
    assert read_registry(None, usual).by_name == {}
    usual.write_text("[nodes.usual]")
    usual.chmod(0o600)
    assert set(read_registry(None, usual).by_name) == {"usual"}
    source = tmp_path / "shelf.toml"
    source.write_text('name = "shelf"\nboard = "stm32wb55"\nbluetooth = { encrypted = true }\n')
    ran = CliRunner().invoke(main, ["provision", "--from", str(source)])
    assert ran.exit_code == 0, ran.output
    found = read_registry(None, usual).by_name
    assert set(found) == {"shelf"}
    assert found["shelf"].ble_key is not None


def test_changes_are_checked_as_the_node_checks_them() -> None:
    found = from_arguments(("sample_s=600", "mqtt_host=", "wifi_ssid=home"), "")
    assert found == {"sample_s": 600, "mqtt_host": None, "wifi_ssid": "home"}
    for wrong in ({"sample_s": True}, {"sample_s": 90000}, {"wifi_ssid": "x" * 33}, {"x": 1}):
        with pytest.raises(InputError):
            check(wrong)


@pytest.mark.parametrize("name", ["log.jsonl", "log.bdf.csv"])
def test_a_torn_last_line_is_written_again(tmp_path: Path, name: str) -> None:
    from ble_nodes import record

    path = tmp_path / name
    with LogFile(path) as file:
        for seq in range(3):
            file.add(record(seq))
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    with LogFile(path) as file:
        assert file.last == (0, 1, 1)
        file.add(record(2))
    assert path.read_bytes() == whole
    path.write_text("a\nb\n")
    with pytest.raises(InputError, match="something else"):
        LogFile(path)

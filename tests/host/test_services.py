"""What stands beside the program for weeks of service: systemd's units and Telegraf's example."""

import json
import os
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest
from mqtt_nodes import record

from filmgauge.uplink.mqtt import topics
from filmgauge_host.ble.node_registry import read_registry
from filmgauge_host.cli.app import main
from filmgauge_host.errors import InputError
from filmgauge_host.virtual.embedded_broker import find_server

DOCS = Path(__file__).parents[2] / "docs"
UNITS = sorted((DOCS / "systemd").glob("*.service"))
SCRIPT = str(Path(sys.executable).with_name("filmgauge"))


def analyze(*words: object) -> subprocess.CompletedProcess[str]:
    command = ["systemd-analyze", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_units_are_what_systemd_understands(unit: Path, tmp_path: Path) -> None:
    """Its program is where the guide puts it: here, the one that is tested."""
    placed = tmp_path / unit.name
    text = unit.read_text()
    assert "ExecStart=/opt/filmgauge/bin/filmgauge " in text
    placed.write_text(text.replace("/opt/filmgauge/bin/filmgauge", SCRIPT))
    verified = analyze("verify", placed)
    assert (verified.returncode, verified.stderr) == (0, "")
    # Out of 100; 12 and 15 when this was written. One that is not hardened has 96.
    exposed = analyze("security", "--offline=true", "--threshold=20", placed)
    assert exposed.returncode == 0, exposed.stdout


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_units_wait_until_the_time_is_known(unit: Path) -> None:
    lines = unit.read_text().splitlines()
    for key in ("Wants", "After"):
        (line,) = [line for line in lines if line.startswith(f"{key}=")]
        assert "time-sync.target" in line.removeprefix(f"{key}=").split()


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)
def test_units_start_commands_that_there_are(unit: Path) -> None:
    (line,) = [line for line in unit.read_text().splitlines() if line.startswith("ExecStart=")]
    _, *words = shlex.split(line.removeprefix("ExecStart="))
    command: click.Command = main
    context = click.Context(main)
    while isinstance(command, click.Group):
        found = command.get_command(context, words.pop(0))
        assert found is not None
        command = found
    options = {name for each in command.params for name in each.opts}
    assert {word for word in words if word.startswith("-")} <= options


def test_keys_that_systemd_hands_over_are_read_although_its_mode_shows_a_mask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "nodes.toml"
    path.write_text("[nodes.shelf-1]\n")
    os.chmod(path, 0o440)
    with pytest.raises(InputError, match="may be read by others"):
        read_registry(path, path)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert "shelf-1" in read_registry(path, path).by_name


def test_telegraf_reads_topics_and_fields_that_there_are() -> None:
    """Telegraf itself is in no registry that the tests use: this is what can be checked of it."""
    (consumer,) = tomllib.loads((DOCS / "telegraf.conf").read_text())["inputs"]["mqtt_consumer"]
    leaves = (topics.TELEMETRY, topics.LOG)
    assert consumer["topics"] == [topics.topic("+", leaf) for leaf in leaves]
    (parser,) = consumer["json_v2"]
    (whole,) = parser["object"]
    values = json.loads(record(1).to_json())
    assert {*whole["tags"], *whole["excluded_keys"], *whole["fields"]} <= set(values)
    words = {key for key, value in values.items() if isinstance(value, str)}
    assert words <= set(whole["fields"]) | {"limits"}
    for key, kind in whole["fields"].items():
        if kind == "int":
            assert values[key] is None or isinstance(values[key], int)


def test_the_head_of_the_servers_configuration_gives_it_all_that_it_needs(tmp_path: Path) -> None:
    """NATS itself reads the file with the variables of the command that its head shows."""
    configuration = DOCS / "scale" / "nats.conf"
    head = [line for line in configuration.read_text().splitlines() if line.startswith("#     ")]
    words = shlex.split(" ".join(line.removeprefix("#").rstrip("\\") for line in head))
    start = words.index("nats-server")
    given = dict(word.split("=", 1) for word in words[:start])
    assert words[start:] == ["nats-server", "-c", "nats.conf"]
    environment = {"PATH": os.environ["PATH"], **given, "NATS_FOLDER": str(tmp_path)}
    command = [find_server(), "-t", "-c", str(configuration)]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr

"""Text files with the byte-order mark of an editor on Windows, nested without end, and errors that
name the file."""

from collections.abc import Callable
from pathlib import Path

import pytest

from filmgauge_host.ble.node_registry import read_registry
from filmgauge_host.commands import configuration_changes
from filmgauge_host.commands.counters import CommandCounters
from filmgauge_host.provision.node_file import read_node, read_node_secrets
from filmgauge_host.serial.node_settings import read_config
from filmgauge_host.telemetry.alerts.rules import load_rules
from filmgauge_host.upgrade.version_build import read_changes
from filmgauge_sim.cell.parameters import load_parameters
from filmgauge_sim.circuit.harvester import TraceHarvester
from filmgauge_sim.lab.cycler_data import read_cycler_data
from filmgauge_sim.nodes.boards import board_kind
from filmgauge_sim.nodes.description import read_description
from filmgauge_sim.nodes.secrets import read_secrets_file
from filmgauge_sim.scenario.loading import load_scenario
from filmgauge_sim.sizing.world import load_world

NODE = 'name = "n"\n'
CONFIG = '{"node": "n", "pin_scl": 0, "pin_sda": 1, "pin_gate": 2}'
ROWS = "Test Time / s,Current / A,Voltage / V\n" + "".join(f"{t},-1e-6,2.4\n" for t in range(4))
SET = Path(load_parameters.__code__.co_filename).parent / "sets" / "evp-li.toml"
Reader = Callable[[Path], object]


def list_of(path: Path) -> object:
    return read_registry(path).by_address["C1:02:03:04:05:06"]


def config_of(path: Path) -> object:
    return read_config(path, board_kind("stm32wb55"))


READERS: list[tuple[str, str, Reader]] = [
    ("node.toml", NODE, read_description),
    ("scenario.toml", NODE + "[[node]]\n" + NODE, lambda path: load_scenario(str(path))),
    ("secrets.toml", 'mqtt_password = "x"\n', read_secrets_file),
    ("nodes.toml", '[nodes.n]\naddress = "C1:02:03:04:05:06"\n', list_of),
    ("changes.toml", "sample_s = 60\n", configuration_changes.from_file),
    ("board.json", CONFIG, config_of),
    ("board.toml", 'node = "n"\npin_scl = 0\npin_sda = 1\npin_gate = 2\n', config_of),
    ("config.json", '{"mqtt_password": "x"}', lambda path: read_node_secrets(path.parent)),
    ("cell.toml", SET.read_text("utf-8"), load_parameters),
    ("trace.csv", "time_s,power_uw\n0,1\n5,2\n", lambda path: TraceHarvester.read(path).__dict__),
    ("cycler.csv", ROWS, lambda path: str(read_cycler_data(path, 1.0))),
]


@pytest.mark.parametrize(("name", "text", "read"), READERS, ids=[name for name, *_ in READERS])
def test_a_mark_changes_nothing(tmp_path: Path, name: str, text: str, read: Reader) -> None:
    path = tmp_path / name
    found = []
    for encoding in ("utf-8", "utf-8-sig"):
        path.write_text(text, encoding=encoding)
        path.chmod(0o600)
        found.append(read(path))
    assert found[0] == found[1]
    assert found[0]


OTHERS: list[tuple[str, str, Reader]] = [
    ("node.toml", "", lambda path: read_node(path, lambda sentence: None)),
    ("world.toml", "", lambda path: load_world(str(path))),
    ("alerts.toml", "", load_rules),
    ("version.toml", "", read_changes),
    ("version.json", "", read_changes),
    ("counters.json", "", lambda path: CommandCounters(path).last("n")),
]


@pytest.mark.parametrize(
    ("name", "read"),
    [(name, read) for name, _, read in READERS + OTHERS if not name.endswith(".csv")],
)
def test_what_is_nested_too_deeply_is_told(tmp_path: Path, name: str, read: Reader) -> None:
    path = tmp_path / name
    deep = "[" * 20_000
    path.write_text(f"a = {deep}" if name.endswith(".toml") else deep)
    path.chmod(0o600)
    with pytest.raises(ValueError, match=name) as raised:
        read(path)
    assert "\n" not in str(raised.value)


WRONG: list[tuple[str, str, Reader]] = [
    *((name, "no = = toml", read) for name, _, read in READERS if name.endswith(".toml")),
    ("changes.toml", "sampel_s = 60\n", configuration_changes.from_file),
    ("nodes.toml", "[nodes.n]\nble_kye = 1\n", read_registry),
    ("secrets.toml", "mqtt_pasword = 'x'\n", read_secrets_file),
    ("board.json", "{", config_of),
    ("trace.csv", "time_s\n1\n", TraceHarvester.read),
    ("cycler.csv", "a\n1\n", lambda path: read_cycler_data(path, 1.0)),
]


@pytest.mark.parametrize(("name", "text", "read"), WRONG)
def test_an_error_names_the_file(tmp_path: Path, name: str, text: str, read: Reader) -> None:
    path = tmp_path / name
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(Exception, match=name) as raised:
        read(path)
    assert "\n" not in str(raised.value)
    if "toml" not in text and name.endswith(".toml"):
        assert "did you mean" in str(raised.value)

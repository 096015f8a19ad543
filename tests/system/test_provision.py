"""A node with a configuration made by `filmgauge provision` reports to the broker made for it."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner
from mqtt_brokers import Mosquitto
from patience import until
from reporting_node import make_node, scenario_text, wake

from filmgauge_host.cli.app import main
from filmgauge_host.provision.broker_files import with_password
from filmgauge_host.provision.node_file import read_node
from filmgauge_host.telemetry.address import parse_address
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.store import RecordStore
from filmgauge_host.upgrade.signing_key import make_key, public_text
from filmgauge_sim.board.littlefs_outside import fetch, install
from filmgauge_sim.board.serial_board import SerialOptions
from filmgauge_sim.circuit.wiring import WiringSection
from filmgauge_sim.nodes.configuration import board_files
from filmgauge_sim.nodes.serial_bench import bench_board
from filmgauge_sim.nodes.surroundings import SensorTruthSection, WorldSection

DESCRIPTION = """
name = "shelf-1"
board = "esp32-c3"
commands = true
[cell]
set = "evp-li"
area_cm2 = 1.0
[intervals]
report_every = 1
[wifi]
ssid = "virtual"
[broker]
host = "127.0.0.1"
port = {port}
"""


@pytest.fixture
def provisioned(tmp_path: Path) -> Iterator[tuple[Mosquitto, Path]]:
    """Give a broker that runs with the files of `filmgauge provision`, and the node's folder."""
    out = tmp_path / "nodes"
    (out / "mosquitto").mkdir(parents=True)
    (out / "mosquitto/passwords").write_text(with_password("", "host", "h"))
    (out / "mosquitto/acl").write_text("user host\ntopic readwrite filmgauge/#\n")
    extra = f"password_file {out}/mosquitto/passwords\nacl_file {out}/mosquitto/acl\n"
    broker = Mosquitto(tmp_path, extra, anonymous=False)
    port = broker.url.rpartition(":")[2]
    (tmp_path / "node.toml").write_text(DESCRIPTION.format(port=port))
    filmgauge("provision", "--from", tmp_path / "node.toml", "--out", out)
    broker.start()
    yield broker, out / "shelf-1"
    broker.stop()


def filmgauge(*arguments: object) -> str:
    """Run a command that must succeed; return what it printed."""
    runner = CliRunner(env={"FILMGAUGE_NODE_WIFI_PASSWORD": ""})
    ran = runner.invoke(main, [str(argument) for argument in arguments])
    assert ran.exit_code == 0, ran.output
    return ran.stdout


def test_it_reports_with_its_own_password(
    tmp_path: Path, provisioned: tuple[Mosquitto, Path]
) -> None:
    broker, folder = provisioned
    node = make_node(tmp_path / "rig", broker.url, "micropython", scenario_text("shelf-1"))
    described, secrets = read_node(folder, lambda _: None)
    install(node.flash, board_files(described, secrets))
    with closing(node), closing(RecordStore(tmp_path / "records.sqlite")) as store:
        address = parse_address(broker.url.replace("//", "//host:h@"))
        ingest = Ingest(address, store)
        ingest.start()
        assert ingest.wait_connected(30)
        wake(node, 3)
        until(lambda: store.count("shelf-1") == 3)
        ingest.close()
        found = [report.record for report in store.records("shelf-1")]
        assert [record.seq for record in found] == [0, 1, 2]
        assert all(record.faults == 0 for record in found)
        assert secrets["mqtt_password"] not in node.console.read_text()


def test_from_an_empty_board_to_a_look_inside(
    tmp_path: Path, provisioned: tuple[Mosquitto, Path]
) -> None:
    """The whole way of somebody with hardware: provision, flash, look, test the wiring."""
    _, folder = provisioned
    key = make_key(folder.parent / "update.key")
    world = WorldSection(
        wiring=WiringSection(load_ohm=1e6), sensor=SensorTruthSection(errors="ideal")
    )
    options = SerialOptions(speed=50.0)
    with bench_board("esp32-c3", tmp_path, options, surroundings=world) as board:
        port = ("--port", tmp_path / "port", "--json")
        flashed = json.loads(filmgauge("flash", *port, "--node", folder))
        assert flashed["record"]["seq"] == 0
        configuration = json.loads(fetch(board.board.flash, "/config.json"))
        assert configuration["update_key"] == public_text(key)
        status = json.loads(filmgauge("node", "status", *port))
        assert (status["node"], status["problems"]) == ("shelf-1", [])
        assert status["state"]["faults"] == "none"
        tested = json.loads(filmgauge("node", "selftest", *port, "--load-ohm", 1_000_000))
        assert tested["healthy"] is True
        _, secrets = read_node(folder, lambda _: None)
        for name in ("mqtt_password", "command_key"):
            assert secrets[name].encode() not in board.log

"""The whole way of somebody with a broker over TLS: provision, flash, see that records arrive."""

import json
from contextlib import closing
from pathlib import Path

from certificates import issued
from click.testing import CliRunner
from tls_broker import TlsBroker

from filmgauge_host.cli.app import main
from filmgauge_sim.board.littlefs_outside import fetch
from filmgauge_sim.board.serial_board import SerialOptions
from filmgauge_sim.nodes.broker_security import read_certificate
from filmgauge_sim.nodes.serial_bench import bench_board

DESCRIPTION = """
name = "shelf-1"
board = "esp32-c3"
[cell]
set = "evp-li"
area_cm2 = 1.0
[intervals]
report_every = 1
[wifi]
ssid = "virtual"
[broker]
host = "mqtts://localhost:{port}"
ca = "{ca}"
"""
USERS = {"host": "hosts-secret", "shelf-1": "shelfs-secret"}
SECRETS = {
    "FILMGAUGE_NODE_WIFI_PASSWORD": "",
    "FILMGAUGE_NODE_MQTT_PASSWORD": USERS["shelf-1"],
    "FILMGAUGE_MQTT_PASSWORD": USERS["host"],
}


def filmgauge(*arguments: object) -> str:
    """Run a command that must succeed; return what it printed."""
    ran = CliRunner(env=SECRETS).invoke(main, [str(argument) for argument in arguments])
    assert ran.exit_code == 0, ran.output
    return ran.stdout


def test_from_a_certificate_to_a_record(tmp_path: Path) -> None:
    issuer = issued(tmp_path, "issuer", is_issuer=True)
    own = issued(tmp_path, "broker", issuer, ("localhost",))
    with closing(TlsBroker(tmp_path / "mosquitto", own, USERS)) as broker:
        broker.start()
        source, nodes = tmp_path / "shelf-1.toml", tmp_path / "nodes"
        source.write_text(DESCRIPTION.format(port=broker.port, ca=issuer.certificate))
        monitor = ("--broker", f"mqtts://host@localhost:{broker.port}", "--ca", issuer.certificate)
        made = filmgauge("provision", "--from", source, "--out", nodes, *monitor, "--json")
        assert json.loads(made)["arrival"]["verdict"] == "arrived"
        with bench_board("esp32-c3", tmp_path, SerialOptions(speed=50.0)) as board:
            port = ("--port", tmp_path / "port", "--json")
            done = filmgauge("flash", *port, "--node", nodes / "shelf-1", *monitor)
            flashed = json.loads(done)
            assert flashed["record"]["seq"] == 0
            assert flashed["arrival"]["verdict"] == "arrived"
            trusted = read_certificate(issuer.certificate, "ca")
            assert fetch(board.board.flash, "/ca.der") == trusted
            assert fetch(board.board.flash, "/tls-date")  # it has been believed

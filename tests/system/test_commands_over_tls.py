"""Commands on a way where nobody reads along, by the boards' own bytecode."""

import json
from contextlib import closing
from pathlib import Path

import msgspec
from commanded_node import running
from test_tls import USERS, Town, town

from filmgauge_sim.board.littlefs_outside import fetch
from filmgauge_sim.nodes.configuration import Broker
from filmgauge_sim.nodes.node_options import NodeOptions
from filmgauge_sim.nodes.tables import varied
from filmgauge_sim.scenario.loading import load_scenario
from filmgauge_sim.scenario.simulation import virtual_node

__all__ = ["town"]
KEY = "000102030405060708090a0b0c0d0e0f"


def test_a_sleeper_obeys_over_tls(town: Town, tmp_path: Path) -> None:
    scenario = load_scenario("bench")
    given = scenario.node[0]
    changes = {"board": "esp32-c3", "commands": True, "intervals.report_every": 1}
    described = varied(given.description, changes)
    given = msgspec.structs.replace(given, description=described, secrets={"command_key": KEY})
    address = town.broker.address(town.files, "host", USERS["host"])
    broker = Broker(address.host, address.port, "bench-1", USERS["bench-1"], town.trust)
    nodes = tmp_path / "nodes"
    nodes.mkdir(mode=0o700)
    known = nodes / "known.toml"
    known.write_text(f'[nodes.bench-1]\ncommand_key = "{KEY}"\n')
    known.chmod(0o600)
    options = NodeOptions("micropython", real_wait_ms=5000)
    with closing(virtual_node(scenario, given, broker, tmp_path, options)) as node:
        for _ in range(3):
            node.step()
        url = f"mqtts://host:{USERS['host']}@{address.host}:{address.port}"
        where = ("--broker", url, "--ca", str(town.issuer.certificate), "--nodes", str(known))
        ran = running(node, "command", "bench-1", "set", "report_every=3", *where)
        assert ran.exit_code == 0, ran.output + node.console.read_text()
        assert json.loads(fetch(node.flash, "/config.json"))["report_every"] == 3

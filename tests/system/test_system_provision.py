"""A node with a configuration made by `filmgauge provision` reports to the broker made for it."""

import json
from contextlib import closing
from pathlib import Path

from click.testing import CliRunner
from mqtt_brokers import Mosquitto
from rig import make_node, scenario_text, wake

from filmgauge_host.cli.app import main
from filmgauge_host.provision.broker_files import with_password
from filmgauge_host.telemetry.address import parse_address
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.store import RecordStore
from filmgauge_sim.board.files import install

DESCRIPTION = """
node = "shelf-1"
board = "esp32-c3"
[cell]
set = "evp-li"
area_cm2 = 1.0
[all]
wifi_ssid = "virtual"
mqtt_host = "127.0.0.1"
mqtt_port = {port}
report_every = 1
"""


def test_it_reports_with_its_own_password(tmp_path: Path) -> None:
    out = tmp_path / "nodes"
    (out / "mosquitto").mkdir(parents=True)
    (out / "mosquitto/passwords").write_text(with_password("", "host", "h"))
    (out / "mosquitto/acl").write_text("user host\ntopic readwrite filmgauge/#\n")
    extra = f"password_file {out}/mosquitto/passwords\nacl_file {out}/mosquitto/acl\n"
    broker = Mosquitto(tmp_path, extra, anonymous=False)
    port = broker.url.rpartition(":")[2]
    (tmp_path / "node.toml").write_text(DESCRIPTION.format(port=port))
    arguments = ["provision", "--from", str(tmp_path / "node.toml"), "--out", str(out)]
    ran = CliRunner(env={"FILMGAUGE_NODE_WIFI_PASSWORD": ""}).invoke(main, arguments)
    assert ran.exit_code == 0, ran.output
    broker.start()
    try:
        node = make_node(tmp_path / "rig", broker.url, "micropython", scenario_text("shelf-1"))
        folder = out / "shelf-1"
        names = ("config.json", "profile.bin")
        install(node.flash, {f"/{name}": (folder / name).read_bytes() for name in names})
        with closing(node), closing(RecordStore(tmp_path / "records.sqlite")) as store:
            address = parse_address(f"mqtt://host:h@127.0.0.1:{port}")
            ingest = Ingest(address, store)
            ingest.start()
            assert ingest.wait_connected(30)
            wake(node, 3)
            ingest.close()
            found = [report.record for report in store.reports("shelf-1")]
            assert [record.seq for record in found] == [0, 1, 2]
            assert all(record.faults == 0 for record in found)
            password = json.loads((folder / "config.json").read_text())["mqtt_password"]
            assert password not in node.console.read_text()
    finally:
        broker.stop()

"""The commands of docs/security.md as they stand there, and a run through the broker they make."""

import json
import re
import subprocess
from contextlib import closing
from pathlib import Path

from certificates import Pair
from click.testing import CliRunner
from tls_broker import DOCS, TlsBroker

from filmgauge_host.cli.app import main
from filmgauge_sim.nodes.broker_security import broker_security, pin_of

PAGE = (DOCS / "security.md").read_text()


def test_they_make_a_broker_that_virtual_nodes_report_to(tmp_path: Path) -> None:
    lines = re.findall(r"^    ((?:openssl|printf) .*)$", PAGE, re.MULTILINE)
    assert len(lines) == 7
    answers = ""
    for line in lines:
        local = line.replace("broker.lan", "localhost")
        command = ["bash", "-e", "-c", local]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
        answers += done.stdout
    ca, own = tmp_path / "ca.pem", Pair(tmp_path / "broker.pem", tmp_path / "broker.key")
    assert answers.startswith(pin_of(own.certificate.read_bytes()))
    node = broker_security(ca, tmp_path / "shelf-1.pem", tmp_path / "shelf-1.key")
    assert set(node.board_files()) == {"/ca.der", "/client.der", "/client.key"}
    with closing(TlsBroker(tmp_path / "mosquitto", own, {"host": "word"})) as broker:
        broker.start()
        arguments = ["run", "bench", "--runtime", "cpython", "--for", "12min", "--json"]
        address = ["--broker", f"mqtts://host:word@localhost:{broker.port}"]
        ran = CliRunner().invoke(main, [*arguments, *address, "--ca", str(ca)])
        assert ran.exit_code == 0, ran.output
        node_result = json.loads(ran.stdout)["nodes"][0]
        assert node_result["received"] == 2
        assert node_result["lost"] == 0
        for wrong, words in (
            ([*address], "--ca must be given with mqtts://"),
            (["--broker", "mqtt://localhost", "--ca", str(ca)], "--ca needs a broker at mqtts://"),
            ([*address, "--ca", str(own.key)], "must hold certificates in PEM"),
            ([*address, "--ca", str(ca), "--key", str(own.key)], "--key needs --cert"),
            ([*address, "--ca", str(ca), "--cert", str(ca), "--key", str(own.key)], "--cert "),
        ):
            ran = CliRunner().invoke(main, [*arguments, *wrong])
            assert ran.exit_code == 2, ran.output
            assert words in ran.stderr
            assert ran.stderr.count("\n") == 1

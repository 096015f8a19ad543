"""Workers of a stream over TLS."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from certificates import Pair, issued
from click.testing import CliRunner, Result
from mqtt_brokers import free_port, listens
from patience import until

from filmgauge_host.cli.app import main
from filmgauge_host.virtual.embedded_broker import find_server

CONFIGURATION = """
host: 127.0.0.1
port: {port}
jetstream {{ store_dir: "{folder}" }}
tls {{ cert_file: "{own.certificate}", key_file: "{own.key}" }}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Pair]]:
    folder, port = tmp_path_factory.mktemp("nats"), free_port()
    issuer = issued(folder, "issuer", is_issuer=True)
    own = issued(folder, "server", issuer, ("localhost",))
    file = folder / "nats.conf"
    file.write_text(CONFIGURATION.format(port=port, folder=folder / "store", own=own))
    process = subprocess.Popen([find_server(), "-c", str(file)], stderr=subprocess.DEVNULL)
    until(lambda: listens(port))
    yield port, issuer
    process.kill()
    process.wait()


def ingest(folder: Path, *arguments: object) -> Result:
    store = ("--store", folder / "records.sqlite", "--for", "1s")
    return CliRunner().invoke(main, ["ingest", *map(str, (*arguments, *store))])


def test_a_server_that_is_trusted_is_read_from_and_another_is_not(
    tmp_path: Path, server: tuple[int, Pair]
) -> None:
    port, issuer = server
    address = ("--nats", f"tls://localhost:{port}")
    trusting = ingest(tmp_path, *address, "--ca", issuer.certificate)
    assert trusting.exit_code == 0, trusting.output
    assert "has no MQTT messages yet" in trusting.stderr  # that is its answer
    stranger = issued(tmp_path, "stranger", is_issuer=True)
    refused = ingest(tmp_path, *address, "--ca", stranger.certificate)
    assert refused.exit_code == 3, refused.output
    assert "no NATS server answers" in refused.stderr
    plain = ingest(tmp_path, "--nats", "nats://localhost:1", "--ca", issuer.certificate)
    assert plain.exit_code == 2
    assert plain.stderr == "filmgauge: --ca needs a broker at tls://\n"

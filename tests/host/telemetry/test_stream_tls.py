"""Workers of a stream over TLS."""

import asyncio
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from certificates import Pair, issued
from click.testing import CliRunner, Result
from mqtt_brokers import free_port, listens
from patience import until

from filmgauge_host.cli.app import main
from filmgauge_host.telemetry.store import RecordStore
from filmgauge_host.telemetry.stream_worker import StreamWorker
from filmgauge_host.telemetry.tls_files import TlsFiles
from filmgauge_host.virtual.embedded_broker import find_server

CONFIGURATION = """
host: 127.0.0.1
port: {port}
jetstream {{ store_dir: "{folder}" }}
tls {{ cert_file: "{own.certificate}", key_file: "{own.key}" }}
"""


@contextmanager
def serving(folder: Path, port: int, issuer_name: str) -> Iterator[Pair]:
    """Run a server with a certificate of an issuer, which is given."""
    issuer = issued(folder, issuer_name, is_issuer=True)
    own = issued(folder, f"{issuer_name}-server", issuer, ("localhost",))
    file = folder / "nats.conf"
    file.write_text(CONFIGURATION.format(port=port, folder=folder / "store", own=own))
    process = subprocess.Popen([find_server(), "-c", str(file)], stderr=subprocess.DEVNULL)
    try:
        until(lambda: listens(port))
        yield issuer
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Pair]]:
    port = free_port()
    with serving(tmp_path_factory.mktemp("nats"), port, "issuer") as issuer:
        yield port, issuer


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
    assert "reads the stream" in trusting.stderr
    stranger = issued(tmp_path, "stranger", is_issuer=True)
    refused = ingest(tmp_path, *address, "--ca", stranger.certificate)
    assert refused.exit_code == 3, refused.output
    assert "no NATS server answers" in refused.stderr
    plain = ingest(tmp_path, "--nats", "nats://localhost:1", "--ca", issuer.certificate)
    assert plain.exit_code == 2
    assert plain.stderr == "filmgauge: --ca needs a broker at tls://\n"


def test_a_worker_trusts_a_new_issuer_once_its_file_is_there(tmp_path: Path) -> None:
    port, ca, ended = free_port(), tmp_path / "ca.pem", False
    with RecordStore(tmp_path / "records.sqlite") as store, ThreadPoolExecutor() as pool:
        address = [f"tls://localhost:{port}"]
        worker = StreamWorker(address, store, files=TlsFiles(ca))
        with serving(tmp_path, port, "one") as issuer:
            shutil.copy(issuer.certificate, ca)
            running = pool.submit(lambda: asyncio.run(worker.run(lambda: ended)))
            try:
                until(lambda: worker.counts.reads)
            except BaseException:
                ended = True
                raise
        until(lambda: not worker.counts.reads)
        with serving(tmp_path, port, "two") as issuer:
            shutil.copy(issuer.certificate, ca)
            try:
                until(lambda: worker.counts.reads)
            finally:
                ended = True
                running.result()

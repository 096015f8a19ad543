"""A worker whose broker loses what it had, or refuses it."""

import asyncio
import contextlib
import select
import socket
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import nats
import pytest
from mqtt_nodes import Publisher
from nats.js.api import StreamConfig
from nats.js.errors import NotFoundError
from nats_server import NatsServer
from patience import until
from tcp_peer import TcpPeer

from filmgauge_host.errors import NoBrokerError
from filmgauge_host.telemetry.store import RecordStore
from filmgauge_host.telemetry.stream_worker import CONSUMER, STREAM, StreamWorker

LOGINS = """\
authorization {{ users: [{{user: worker, password: {}}}, {{user: node, password: node}}] }}
no_auth_user: node
"""


@pytest.fixture
def server(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[NatsServer]:
    with NatsServer(tmp_path, getattr(request, "param", "")) as running:
        yield running


@contextmanager
def working(folder: Path, *addresses: str) -> Iterator[StreamWorker]:
    """Run a worker that stores in a file; it ends with the context, and without an error."""
    ended = False
    with RecordStore(folder / "records.sqlite") as store, ThreadPoolExecutor() as pool:
        worker = StreamWorker(addresses, store)
        running = pool.submit(lambda: asyncio.run(worker.run(lambda: ended)))
        try:
            yield worker
        finally:
            ended = True
        running.result()


def publish(server: NatsServer, *seqs: int) -> None:
    publisher = Publisher(server.mqtt_url)
    publisher.records("bench", seqs)
    publisher.close()


def test_what_the_very_first_client_publishes_is_stored(
    tmp_path: Path, server: NatsServer
) -> None:
    with working(tmp_path, f"nats://{server.address}") as worker:
        until(lambda: worker.counts.reads)
        publish(server, 0, 1, 2)
        until(lambda: worker.counts.stored == 3)


async def stream_configuration(server: NatsServer) -> StreamConfig:
    client = await nats.connect(f"nats://{server.address}")
    try:
        return (await client.jetstream().stream_info(STREAM)).config
    finally:
        await client.close()


def test_the_stream_is_as_the_server_makes_it(tmp_path: Path, server: NatsServer) -> None:
    with working(tmp_path, f"nats://{server.address}") as worker:
        until(lambda: worker.counts.reads)
    ours = asyncio.run(stream_configuration(server))
    server.kill()
    server.wipe()
    server.start()
    publish(server)
    assert ours == asyncio.run(stream_configuration(server))


def test_of_several_servers_none_gets_a_stream_without_its_replicas(
    tmp_path: Path, server: NatsServer
) -> None:
    with working(tmp_path, f"nats://{server.address}", "nats://127.0.0.1:1") as worker:
        until(lambda: "and 2 servers: give --replicas" in worker.counts.problem)
        with pytest.raises(NotFoundError):
            asyncio.run(stream_configuration(server))
        publish(server)
        until(lambda: worker.counts.reads)


def test_a_server_that_comes_back_empty_gets_its_consumer_again(
    tmp_path: Path, server: NatsServer
) -> None:
    publish(server)
    with working(tmp_path, f"nats://{server.address}") as worker:
        until(lambda: worker.counts.reads)
        server.kill()
        until(lambda: not worker.counts.reads)
        assert worker.counts.problem
        server.wipe()
        server.start()
        publish(server)
        until(lambda: worker.counts.reads)
        assert worker.counts.problem == ""
        publish(server, 0, 1, 2)
        until(lambda: worker.counts.stored == 3)


async def delete_consumer(server: NatsServer) -> None:
    client = await nats.connect(f"nats://{server.address}")
    await client.jetstream().delete_consumer(STREAM, CONSUMER)
    await client.close()


async def has_consumer(server: NatsServer) -> bool:
    client = await nats.connect(f"nats://{server.address}")
    try:
        await client.jetstream().consumer_info(STREAM, CONSUMER)
    except NotFoundError:
        return False
    finally:
        await client.close()
    return True


def test_a_consumer_that_somebody_deletes_is_made_again(
    tmp_path: Path, server: NatsServer
) -> None:
    publish(server)
    with working(tmp_path, f"nats://{server.address}") as worker:
        until(lambda: worker.counts.reads)
        asyncio.run(delete_consumer(server))
        until(lambda: asyncio.run(has_consumer(server)))
        publish(server, 0, 1, 2)
        until(lambda: worker.counts.stored == 3)


class OpenEnd(TcpPeer):
    """Leads to a port of this machine; its connections stay open when that end has left."""

    def __init__(self, target: int) -> None:
        self._target = target
        super().__init__()

    def serve(self, stream: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", self._target)) as beyond:
            ways = {stream: beyond, beyond: stream}
            while stream in ways:
                for one in select.select(list(ways), [], [])[0]:
                    if data := one.recv(65536):
                        ways[one].sendall(data)
                    else:
                        del ways[one]


@pytest.mark.parametrize("server", [LOGINS.format("good")], indirect=True)
def test_a_worker_whose_login_is_refused_for_a_time_works_again(
    tmp_path: Path, server: NatsServer
) -> None:
    publish(server)
    between = OpenEnd(server.port)
    address = f"nats://worker:good@127.0.0.1:{between.port}"
    with contextlib.closing(between), working(tmp_path, address) as worker:
        until(lambda: worker.counts.reads)
        server.configure(LOGINS.format("other"))
        until(lambda: "authorization violation" in worker.counts.problem)
        assert not worker.counts.reads
        server.configure(LOGINS.format("good"))
        until(lambda: worker.counts.reads)
        publish(server, 0, 1, 2)
        until(lambda: worker.counts.stored == 3)


class Refusal(OpenEnd):
    """Cuts every connection but the first one."""

    def serve(self, stream: socket.socket) -> None:
        if self.connections == 1:
            super().serve(stream)
        else:
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize("server", [LOGINS.format("good")], indirect=True)
def test_what_the_server_has_said_is_why_there_is_none(tmp_path: Path, server: NatsServer) -> None:
    between = Refusal(server.port)
    worker_url = f"nats://worker:bad@127.0.0.1:{between.port}"
    with (
        contextlib.closing(between),
        RecordStore(tmp_path / "records.sqlite") as store,
        pytest.raises(NoBrokerError, match=r"^the NATS server at .*authorization violation"),
    ):
        asyncio.run(StreamWorker([worker_url], store).run(lambda: True))


def test_a_worker_that_ends_has_no_problem(tmp_path: Path, server: NatsServer) -> None:
    with working(tmp_path, f"nats://{server.address}") as worker:
        until(lambda: worker.counts.reads)
    assert worker.counts.problem == ""
    assert worker.counts.reads

"""Connections to the page are bounded, and closed where nothing comes of them."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from patience import PATIENCE_S, until

from filmgauge_host.telemetry.address import parse_address
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.messages import Rejected
from filmgauge_host.telemetry.store import RecordStore
from filmgauge_host.web import connection
from filmgauge_host.web.app import make_app
from filmgauge_host.web.events import EventHub
from filmgauge_host.web.page_data import PageData
from filmgauge_host.web.server import PageServer

NOBODY = parse_address("mqtt://127.0.0.1:1")
SHORT_S = 0.1


@pytest.fixture
def sockets() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def page(tmp_path: Path) -> Iterator[PageServer]:
    """A page beside an ingest that does not run."""
    with (
        RecordStore(tmp_path / "records.sqlite") as store,
        PageServer(Ingest(NOBODY, store), store, port=0) as opened,
    ):
        yield opened


def connect(page: PageServer, sockets: ExitStack) -> socket.socket:
    made = socket.create_connection((page.host, page.port), PATIENCE_S)
    return sockets.enter_context(made)


def is_closed(one: socket.socket) -> bool:
    """Wait for what comes, and return whether it is the end."""
    try:
        return one.recv(1000) == b""
    except ConnectionError:
        return True


def stream(page: PageServer, sockets: ExitStack) -> socket.socket:
    """Return a stream of events that has begun."""
    found: list[socket.socket] = []

    def begun() -> bool:
        one = connect(page, sockets)
        try:
            one.sendall(b"GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            found.append(one)
            return one.recv(16).startswith(b"HTTP/1.1 200")
        except ConnectionError:  # we were too slow ourselves
            return False

    until(begun)
    return found[-1]


def test_of_too_many_connections_the_oldest_idle_ones_are_closed(
    page: PageServer, sockets: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "MOST_OPEN", 3)
    reader = stream(page, sockets)
    idle = [connect(page, sockets) for _ in range(10)]
    assert all(is_closed(one) for one in idle[:8])
    assert httpx.get(f"{page.url}api/server", timeout=PATIENCE_S).status_code == 200
    _assert_alive(page, reader)


def test_where_all_are_answered_a_new_one_is_closed(
    page: PageServer, sockets: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "MOST_OPEN", 2)
    readers = [stream(page, sockets) for _ in range(2)]
    assert is_closed(connect(page, sockets))
    for reader in readers:
        _assert_alive(page, reader)


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: loc"], ids=["nothing", "a-part"])
def test_without_a_whole_request_a_connection_is_closed_and_a_stream_stays(
    page: PageServer, sockets: ExitStack, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(connection, "CHECK_S", SHORT_S)
    reader = stream(page, sockets)
    for _ in range(3):
        one = connect(page, sockets)
        one.sendall(sent)
        assert is_closed(one)
    _assert_alive(page, reader)


def test_who_asks_and_never_reads_is_cut_off(
    page: PageServer, sockets: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "CHECK_S", SHORT_S)
    one = connect(page, sockets)
    with pytest.raises(ConnectionError):
        _ask_forever(one)


async def test_the_same_fault_of_the_loop_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with RecordStore(tmp_path / "records.sqlite") as store:
        data = PageData(Ingest(NOBODY, store), store, None, None)
        app = make_app(data, EventHub(data))
        async with app.router.lifespan_context(app):
            for error in (OSError("full"), OSError("full"), ValueError("other")):
                asyncio.get_running_loop().call_exception_handler(
                    {"message": "accept failed", "exception": error}
                )
    assert [each.message.splitlines()[0] for each in caplog.records] == ["accept failed"] * 2


def _ask_forever(one: socket.socket) -> None:
    while True:
        # The largest there is, to fill what the kernel keeps for a reader with few answers.
        one.sendall(b"GET /static/uplot/uPlot.iife.min.js HTTP/1.1\r\nHost: localhost\r\n\r\n")


def _assert_alive(page: PageServer, reader: socket.socket) -> None:
    page._hub.receive(Rejected("bench", "filmgauge/bench/telemetry", "it is broken", 0))
    said = b""
    while b"it is broken" not in said:
        new = reader.recv(10_000)
        assert new
        said += new

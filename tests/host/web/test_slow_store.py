"""A page whose store does not answer for a while, or fails."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from page_world import PageWorld, course, page_world, publish
from patience import PATIENCE_S, until

from filmgauge_host.telemetry.node_directory import NodeDirectory
from filmgauge_host.telemetry.sqlite_file import StorageError


class HeldAnswer:
    """What a store answers, once `given` is set. asked: somebody waits for it."""

    def __init__(self, value: Any) -> None:
        self.asked, self.given = threading.Event(), threading.Event()
        self._value = value

    def __call__(self, *_question: Any) -> Any:
        self.asked.set()
        assert self.given.wait(PATIENCE_S)
        return self._value


def test_a_store_that_keeps_events_waiting_keeps_nobody_else_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nodes = HeldAnswer([])
    with (
        page_world(tmp_path, []) as world,
        httpx.Client(base_url=world.page.url, timeout=10) as other,
        ThreadPoolExecutor(1) as pool,
    ):
        monkeypatch.setattr(world.store, "nodes", nodes)
        request = world.client.build_request("GET", "/api/events")
        stream = pool.submit(world.client.send, request, stream=True)
        try:
            assert nodes.asked.wait(PATIENCE_S)
            assert other.get("/api/server").status_code == 200
            assert not stream.done()
        finally:
            nodes.given.set()
        assert next(stream.result(PATIENCE_S).iter_lines()) == "event: reset"


def test_nodes_that_are_received_are_known_while_the_store_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nodes() -> list[str]:
        raise StorageError("the disk is gone")

    with page_world(tmp_path, course("stored", [(0, 1, 0)])) as world:
        publish(world, "received", 0)
        directory = NodeDirectory(world.ingest, world.store)
        assert directory.readable_nodes().keys() == {"received", "stored"}
        monkeypatch.setattr(world.store, "nodes", nodes)
        failing = NodeDirectory(world.ingest, world.store)
        with pytest.raises(StorageError):
            failing.nodes()
        assert failing.readable_nodes().keys() == {"received"}


class EndlessReadings:
    """The readings of a store, over and over until `over`. begun: some were read; ended: whoever
    read them has stopped."""

    def __init__(self, world: PageWorld) -> None:
        self.begun, self.ended, self.over = (threading.Event() for _ in range(3))
        self._readings = world.store.readings

    def __call__(self, *span: Any) -> Iterator[tuple]:
        try:
            while not self.over.is_set():
                yield from self._readings(*span)
                self.begun.set()
        finally:
            self.ended.set()


def test_a_page_that_closes_ends_a_long_answer_without_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stored = course("long", [(0, 1, seq) for seq in range(50)])
    with page_world(tmp_path, stored) as world, ThreadPoolExecutor(1) as pool:
        readings = EndlessReadings(world)
        monkeypatch.setattr(world.store, "readings", readings)
        try:
            answer = pool.submit(world.client.get, "/api/nodes/long/series")
            assert readings.begun.wait(PATIENCE_S)
            world.page.close()
            assert answer.result(PATIENCE_S).status_code == 503
            assert answer.result().json() == {"error": "the page closes"}
        finally:
            readings.over.set()
    assert caplog.records == []


def test_a_page_that_closes_within_a_question_says_nothing_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    raw_from_ms = HeldAnswer(0)
    with page_world(tmp_path, course("slow", [(0, 1, 0)])) as world, ThreadPoolExecutor(1) as pool:
        monkeypatch.setattr(world.store, "raw_from_ms", raw_from_ms)
        try:
            pool.submit(world.client.get, "/api/nodes/slow/series")
            assert raw_from_ms.asked.wait(PATIENCE_S)
            world.page.close()
        finally:
            raw_from_ms.given.set()
    assert caplog.records == []


def test_a_page_that_closes_hides_no_fault_of_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    raw_from_ms = HeldAnswer(0)

    def fail(_node: str) -> int:
        raise ZeroDivisionError

    folders = [tmp_path / name for name in ("closing", "other")]
    for folder in folders:
        folder.mkdir()
    stored = course("slow", [(0, 1, 0)])
    with (
        page_world(folders[0], stored) as closing,
        page_world(folders[1], stored) as other,
        ThreadPoolExecutor(2) as pool,
    ):
        monkeypatch.setattr(closing.store, "raw_from_ms", raw_from_ms)
        monkeypatch.setattr(other.store, "raw_from_ms", fail)
        try:
            pool.submit(closing.client.get, "/api/nodes/slow/series")
            assert raw_from_ms.asked.wait(PATIENCE_S)
            closed = pool.submit(closing.page.close)
            until(lambda: not _is_served(closing))
            assert other.client.get("/api/nodes/slow/series").status_code == 500
            assert not closed.done()
        finally:
            raw_from_ms.given.set()
        closed.result(PATIENCE_S)
    assert [each.message.splitlines()[0] for each in caplog.records] == [
        "Exception in ASGI application"
    ]


def _is_served(world: PageWorld) -> bool:
    """Return whether a page takes connections."""
    try:
        socket.create_connection((world.page.host, world.page.port)).close()
    except OSError:
        return False
    return True


def test_nothing_is_read_on_for_a_client_that_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = course("long", [(0, 1, seq) for seq in range(50)])
    with page_world(tmp_path, stored) as world:
        readings = EndlessReadings(world)
        monkeypatch.setattr(world.store, "readings", readings)
        try:
            with socket.create_connection((world.page.host, world.page.port)) as client:
                client.sendall(b"GET /api/nodes/long/series HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert readings.begun.wait(PATIENCE_S)
                assert not readings.ended.is_set()
            until(readings.ended.is_set)
            assert not readings.over.is_set()
        finally:
            readings.over.set()

"""A page whose store does not answer for a while, or fails."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from page_world import course, page_world, publish
from patience import PATIENCE_S

from filmgauge_host.telemetry.sqlite_file import StorageError
from filmgauge_host.web.node_directory import NodeDirectory


def test_a_store_that_keeps_events_waiting_keeps_nobody_else_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, answer = threading.Event(), threading.Event()

    def nodes() -> list[str]:
        asked.set()
        assert answer.wait(PATIENCE_S)
        return []

    with (
        page_world(tmp_path, []) as world,
        httpx.Client(base_url=world.page.url, timeout=10) as other,
        ThreadPoolExecutor(1) as pool,
    ):
        monkeypatch.setattr(world.store, "nodes", nodes)
        request = world.client.build_request("GET", "/api/events")
        stream = pool.submit(world.client.send, request, stream=True)
        try:
            assert asked.wait(PATIENCE_S)
            assert other.get("/api/server").status_code == 200
            assert not stream.done()
        finally:
            answer.set()
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

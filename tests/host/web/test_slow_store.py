"""A page whose store does not answer for a while."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from page_world import page_world
from patience import PATIENCE_S


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

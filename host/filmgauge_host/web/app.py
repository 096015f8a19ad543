"""The routes of the page and of its interface (docs/page.md)."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from filmgauge_host.errors import InputError
from filmgauge_host.telemetry.sqlite_file import StorageError
from filmgauge_host.web import query
from filmgauge_host.web.events import EventHub
from filmgauge_host.web.page_data import PageData
from filmgauge_host.web.series import ReadingStoppedError

STATIC = Path(__file__).parent / "static"

_SPARK_POINTS = 60
_SPARK_NODES = 100
_FAULTS = 100  # of the loop, that are reported


def make_app(data: PageData, hub: EventHub) -> Starlette:
    """Return the application; its events run while it does."""

    @asynccontextmanager
    async def running(app: Starlette) -> AsyncIterator[None]:
        asyncio.get_running_loop().set_exception_handler(_report_once())
        task = asyncio.create_task(hub.run())
        yield
        hub.close()
        await task

    api = _Interface(data, hub)
    return Starlette(
        routes=[
            Route("/", api.page),
            Route("/api/server", api.server),
            Route("/api/nodes", api.nodes),
            Route("/api/nodes/{node}", api.node),
            Route("/api/nodes/{node}/series", api.series),
            Route("/api/sparks", api.sparks),
            Route("/api/alerts", api.alerts),
            Route("/api/events", api.events),
            Route("/metrics", api.metrics),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        lifespan=running,
        exception_handlers={
            InputError: lambda request, error: _error(400, str(error)),
            StorageError: lambda request, error: _error(503, str(error)),
            ReadingStoppedError: lambda request, error: _error(503, str(error)),
            HTTPException: _http_error,
        },
    )


def _report_once() -> Callable[[asyncio.AbstractEventLoop, dict[str, Any]], None]:
    """Return what reports a fault of the loop once: without a free file it comes many times a
    second."""
    reported: set[tuple[str, type]] = set()

    def report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        fault = (context["message"], type(context.get("exception")))
        if fault not in reported and len(reported) < _FAULTS:
            reported.add(fault)
            loop.default_exception_handler(context)

    return report


class _Interface:
    """The answers; those that read the store are run beside the loop, in threads."""

    def __init__(self, data: PageData, hub: EventHub) -> None:
        self._data = data
        self._hub = hub

    async def page(self, request: Request) -> Response:
        return FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-cache"})

    async def server(self, request: Request) -> Response:
        return _json({**self._data.server(), "now_ms": self._data.now_ms()})

    def nodes(self, request: Request) -> Response:
        return _json(self._data.rows())

    def node(self, request: Request) -> Response:
        name = self._name(request)
        node = self._data.directory.node(name)
        if node is None:  # gone between the two
            raise HTTPException(404, f"node {name!r} is not known")
        refused = self._data.refused(name)
        return _json({**self._data.row(node), "info": node.info, "refused_messages": refused})

    async def series(self, request: Request) -> Response:
        async with _departure(request) as gone:
            return await run_in_threadpool(
                self._series, request, lambda: gone.is_set() or self._hub.is_closed
            )

    def _series(self, request: Request, stop: Callable[[], bool]) -> Response:
        from_ms, to_ms = query.time_range(request.query_params)
        last_ms = query.last_ms(request.query_params)
        points = query.points(request.query_params)
        columns = query.columns(request.query_params)
        name = self._name(request)
        if last_ms is not None:
            from_ms = max(0, self._data.series.newest_ms(name) - last_ms)
        return _json(self._data.series.read(name, from_ms, to_ms, points, columns, stop))

    def sparks(self, request: Request) -> Response:
        names = request.query_params.getlist("node")
        if not 1 <= len(names) <= _SPARK_NODES:
            raise InputError(f"node must be given 1 to {_SPARK_NODES} times, not {len(names)}")
        known = self._data.directory.nodes()
        found = [name for name in names if name in known]
        return _json({name: self._data.series.recent(name, _SPARK_POINTS) for name in found})

    def alerts(self, request: Request) -> Response:
        return _json(self._data.alerts())

    async def events(self, request: Request) -> Response:
        node = request.query_params.get("node")
        last_id = request.headers.get("last-event-id") or request.query_params.get("last", "")
        stream = await self._hub.subscribe(node, last_id)
        return StreamingResponse(stream, media_type="text/event-stream")

    def metrics(self, request: Request) -> Response:
        from filmgauge_host.telemetry.metrics import (  # loads prometheus_client
            CONTENT_TYPE,
            metrics_text,
        )

        data = self._data
        text = metrics_text(data.ingest, data.directory.readable_nodes(), data.alert_engine)
        return Response(text, headers={"Content-Type": CONTENT_TYPE})

    def _name(self, request: Request) -> str:
        """Return the node that is asked for; 404 for one that nobody knows."""
        name = request.path_params["node"]
        if self._data.directory.node(name) is None:
            raise HTTPException(404, f"node {name[:40]!r} is not known: /api/nodes lists them")
        return name


@asynccontextmanager
async def _departure(request: Request) -> AsyncIterator[threading.Event]:
    """Give what is set once the client is gone, or nobody waits here any more."""
    gone = threading.Event()

    async def watch() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass
        gone.set()

    task = asyncio.create_task(watch())
    try:
        yield gone
    finally:
        gone.set()
        task.cancel()


def _json(data: Any) -> Response:
    return Response(msgspec.json.encode(data), media_type="application/json")


def _error(status: int, sentence: str) -> Response:
    return Response(
        msgspec.json.encode({"error": sentence}), status, media_type="application/json"
    )


def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = error.detail if isinstance(error, HTTPException) else "something went wrong"
    if detail == "Not Found":
        detail = "there is nothing under this path: docs/page.md has what there is"
    return _error(status, detail)

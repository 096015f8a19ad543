"""Serves the page beside an ingest, in a thread of its own.

with PageServer(ingest, store, port=8765) as page:
    print(page.url)
    ingest.start()
    ...
"""

import errno
import logging
import socket
import threading
import time
from typing import Self

import uvicorn

from filmgauge_host.errors import FilmgaugeError, InputError
from filmgauge_host.telemetry.alerts.engine import AlertEngine
from filmgauge_host.telemetry.ingest import Ingest
from filmgauge_host.telemetry.store_reader import StoreReader
from filmgauge_host.web.access import (
    AccessControl,
    check_token,
    is_loopback,
    new_token,
    own_names,
)
from filmgauge_host.web.app import make_app
from filmgauge_host.web.connection import PageConnection
from filmgauge_host.web.events import EventHub
from filmgauge_host.web.page_data import PageData
from filmgauge_host.web.record_time import Truth

DEFAULT_PORT = 8765

_LOGGER = logging.getLogger("uvicorn.error")
_BACKLOG = 32  # connections that are accepted at once, beside those that are bounded
_START_S = 30.0
_STOP_S = 5.0
_POLL_S = 0.01


class PortInUseError(FilmgaugeError):
    """Somebody else listens at the port, just now."""


class PageServer:
    """Use as a context, before the ingest starts.

    alerts: an engine with `active` and `listen`. port: 0 for any free one. token: None for none
    on loopback, and for a new one elsewhere, where one is always needed. truth: of a simulation.
    Raises PortInUseError, FilmgaugeError for a host that this machine does not have, or not yet,
    InputError for a port that cannot be had, or a short token.
    """

    def __init__(
        self,
        ingest: Ingest,
        store: StoreReader,
        alerts: AlertEngine | None = None,
        host: str = "127.0.0.1",
        port: int = DEFAULT_PORT,
        token: str | None = None,
        truth: Truth | None = None,
    ) -> None:
        if token is not None:
            check_token(token)
        self.token = token if token or is_loopback(host) else new_token()
        data = PageData(ingest, store, alerts, truth)
        self._hub = EventHub(data)
        self._socket = _listen(host, port)
        self.host = host
        self.port: int = self._socket.getsockname()[1]
        app = AccessControl(
            make_app(data, self._hub), own_names(host), self.token, f"filmgauge_{self.port}"
        )
        self._server = uvicorn.Server(
            uvicorn.Config(
                app,
                loop="asyncio",
                http=PageConnection,
                backlog=_BACKLOG,
                ws="none",
                lifespan="on",
                log_config=None,
                access_log=False,  # a token stands in the address
                server_header=False,
                timeout_graceful_shutdown=2,
            )
        )
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="page", daemon=True)
        ingest.listen(self._hub.receive)
        if alerts is not None:
            alerts.listen(self._hub.receive_alert)

    @property
    def url(self) -> str:
        """The address for a browser, with the token where one is needed."""
        host = self.host
        if host in ("0.0.0.0", "::", ""):
            host = socket.gethostname()
        elif ":" in host:
            host = f"[{host}]"
        return f"http://{host}:{self.port}/" + (f"?token={self.token}" if self.token else "")

    def __enter__(self) -> Self:
        _LOGGER.addFilter(self._may_log)
        self._thread.start()
        until_s = time.monotonic() + _START_S
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > until_s:
                self.close()
                raise FilmgaugeError(f"the page does not start: {self._failure or 'no answer'}")
            time.sleep(_POLL_S)
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """End all streams and connections; returns after some seconds at most."""
        if self._thread.is_alive():
            self._hub.request_close()
            self._server.should_exit = True
            self._thread.join(_STOP_S)
            self._server.force_exit = True
            self._thread.join(_STOP_S)
        self._socket.close()
        _LOGGER.removeFilter(self._may_log)

    def _may_log(self, record: logging.LogRecord) -> bool:
        """Return whether what a server logs is a fault: answers that this one cuts off as it
        closes are none. All servers of a process have one logger, and each a thread."""
        return record.thread != self._thread.ident or not self._hub.is_closed

    def _run(self) -> None:
        try:
            self._server.run(sockets=[self._socket])
        except BaseException as error:  # raised where the server is started
            self._failure = error


def _listen(host: str, port: int) -> socket.socket:
    try:
        found = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE | socket.AI_ADDRCONFIG
        )
    except UnicodeError:
        raise InputError(f"--bind {host} is no address of this machine") from None
    except OSError:  # after a power cut the name server comes up later
        raise FilmgaugeError(f"--bind {host} is no address of this machine") from None
    family, kind, protocol, _, address = found[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUseError(
                f"port {port} of {host} is in use: choose another one with --port"
            ) from None
        if error.errno == errno.EADDRNOTAVAIL:  # the interface may come up later
            raise FilmgaugeError(f"--bind {host} is no address of this machine") from None
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"--port {port} of {host} cannot be had: {reason}") from None
    return listener

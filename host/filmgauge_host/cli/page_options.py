"""Where a page is served, as options of a command."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from filmgauge_host.cli.options import IntegerRange
from filmgauge_host.errors import warn

if TYPE_CHECKING:
    from filmgauge_host.telemetry.alerts.engine import AlertEngine
    from filmgauge_host.telemetry.ingest import Ingest
    from filmgauge_host.telemetry.store_reader import StoreReader

PAGE_PORT = IntegerRange(0, 65535)  # 0: any free one

_OPTIONS = (
    click.option("--web", is_flag=True, help="Serve the page besides: http://127.0.0.1:8765/."),
    click.option(
        "--port", type=PAGE_PORT, help="Port of the page, 0 for a free one  [default: 8765]"
    ),
    click.option(
        "--bind",
        metavar="HOST",
        help="Address that the page is served at; elsewhere than on this machine it needs a"
        " token  [default: 127.0.0.1]",
    ),
    click.option(
        "--token",
        envvar="FILMGAUGE_PAGE_TOKEN",
        show_envvar=True,
        help="What whoever opens the page must know  [default: a new one, printed]",
    ),
)


@dataclass(frozen=True)
class PageOptions:
    """What the user chose; None for what a page does by itself."""

    web: bool
    port: int | None
    bind: str | None
    token: str | None

    @contextmanager
    def opened(
        self, ingest: "Ingest", store: "StoreReader", alerts: "AlertEngine | None" = None
    ) -> Iterator[str]:
        """Serve the page where it is wanted and say where; give its address, else "".

        Before the ingest starts. Raises what PageServer raises.
        """
        if not self.web:
            yield ""
            return
        from filmgauge_host.web.server import DEFAULT_PORT, PageServer  # loads uvicorn

        port = DEFAULT_PORT if self.port is None else self.port
        host = self.bind or "127.0.0.1"
        with PageServer(ingest, store, alerts, host, port, self.token) as page:
            warn(f"the page: {page.url}")
            yield page.url


def page_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to a command, which gets them as `page`. Fails for those that need --web."""

    @functools.wraps(command)
    def with_page(
        *, web: bool, port: int | None, bind: str | None, token: str | None, **others: Any
    ) -> Any:
        if not web and (port is not None or bind is not None):
            raise click.UsageError("--port and --bind are of the page: give --web too")
        return command(page=PageOptions(web, port, bind, token), **others)

    for option in reversed(_OPTIONS):
        with_page = option(with_page)
    return with_page

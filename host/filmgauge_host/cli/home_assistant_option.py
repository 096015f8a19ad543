"""The option --home-assistant of commands that have an ingest."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from filmgauge_host.errors import warn

if TYPE_CHECKING:
    from filmgauge_host.telemetry.ingest import Ingest

HOME_ASSISTANT = click.option(
    "--home-assistant",
    is_flag=True,
    help="Announce every node to the Home Assistant that is at this broker.",
)


@contextmanager
def announcing(ingest: "Ingest", wanted: bool, transient: bool = False) -> Iterator[None]:
    """Announce the nodes of an ingest meanwhile if that is wanted; transient: and remove them
    at the end."""
    if not wanted:
        yield
        return
    from filmgauge_host.telemetry.homeassistant.announcer import Announcer

    with Announcer(ingest, transient, warn) as announcer:
        yield
    if announcer.problem:
        warn(f"nodes were not all announced to Home Assistant: {announcer.problem}")

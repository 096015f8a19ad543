"""`--broker` of flash and provision: whether what a node publishes arrives at the monitor."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import click

from filmgauge_host.cli.broker_option import TLS_FILES, broker_address
from filmgauge_host.cli.options import BROKER_HELP, BROKER_VARIABLE
from filmgauge_host.errors import warn
from filmgauge_host.serial.board_link import LinkError
from filmgauge_host.telemetry.address import BrokerAddress
from filmgauge_host.telemetry.arrival import Arrival
from filmgauge_host.telemetry.arrival_check import ArrivalCheck, publisher_of
from filmgauge_sim.board.board_kind import BoardKind

_BROKER = click.option(
    "--broker",
    "monitor",
    envvar=BROKER_VARIABLE,
    show_envvar=True,
    callback=lambda _context, _option, url: broker_address(url) if url else None,
    help="Check with the monitor's login whether what the node publishes arrives: " + BROKER_HELP,
)
_F = TypeVar("_F", bound=Callable[..., Any])
_UNCHECKED = "whether its records arrive was not checked: --broker with the monitor's login does"


def MONITOR_BROKER(command: _F) -> _F:
    """Add --broker, and what it takes to know one at mqtts://."""
    return _BROKER(TLS_FILES(command))


@contextmanager
def arrival_check(
    monitor: BrokerAddress | None, board: BoardKind, configuration: Mapping[str, Any]
) -> Iterator[ArrivalCheck | None]:
    """Give a check that listens, None where there is nothing to check.

    configuration: of the node, {} for the one that its board has. Where the board fails, a
    problem of the broker is said: it may be why.
    """
    if monitor is None or not board.has_wifi:
        yield None
        return
    publisher = publisher_of(configuration, monitor.files) if configuration else None
    with ArrivalCheck(monitor, publisher) as check:
        try:
            yield check
        except LinkError:
            if check.problem is not None:
                warn(check.problem.sentence)
            raise


def arrival_lines(arrival: Arrival | None, board: BoardKind) -> list[str]:
    """Return what was found out, for people; what is wrong is an error and has a line already."""
    if arrival is None:
        return [_UNCHECKED] if board.has_wifi else []
    return [arrival.sentence] if arrival.verdict == "arrived" else []

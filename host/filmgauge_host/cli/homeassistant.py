"""`filmgauge homeassistant`: announce nodes to Home Assistant, or remove them."""

from collections.abc import Iterable

import click

from filmgauge.config import check_node
from filmgauge_host.cli.broker_option import TLS_FILES, broker_address
from filmgauge_host.cli.options import BROKER_HELP, BROKER_VARIABLE, input_errors
from filmgauge_host.errors import FilmgaugeError, InputError, warn
from filmgauge_host.telemetry.address import BrokerAddress
from filmgauge_host.telemetry.homeassistant.discovery import AnnouncedNode
from filmgauge_host.telemetry.homeassistant.registration import Registration

_BROKER = click.option(
    "--broker", required=True, envvar=BROKER_VARIABLE, show_envvar=True, help=BROKER_HELP
)
_NODES = click.argument("names", nargs=-1, metavar="[NODE]...")


@click.group()
def homeassistant() -> None:
    """Announce nodes to Home Assistant, or remove them."""


@homeassistant.command(short_help="Announce NODEs, or all that have said something.")
@_NODES
@_BROKER
@TLS_FILES
def announce(names: tuple[str, ...], broker: str) -> None:
    """Announce NODEs, or all that have a status or an info on the broker.

    The announcement is retained: Home Assistant has it after a restart as well. Announce a node
    again after its interval or its firmware has changed, or let `filmgauge monitor
    --home-assistant` do that.
    """
    with Registration(_address(names, broker)) as registration:
        found = registration.nodes(names)
        if not names and not found:
            raise InputError("no node has a status or an info on this broker: name the nodes")
        wanted = [found.get(name) or AnnouncedNode(name) for name in names or sorted(found)]
        registration.announce(wanted)
    for node in wanted:
        if not node.has_status:
            warn(f"{node.name} has no status on this broker: is that its name?")
    _list("announced", [node.name for node in wanted])
    _check_complete(registration)


@homeassistant.command(short_help="Remove NODEs with all their entities, or all that there are.")
@_NODES
@_BROKER
@click.option(
    "--keep-state",
    is_flag=True,
    help="Leave status, info and last record of the NODEs on the broker, for nodes that go on.",
)
@TLS_FILES
def remove(names: tuple[str, ...], broker: str, keep_state: bool) -> None:
    """Remove NODEs with all their entities, or all that were announced on the broker.

    What the broker retains of them goes too, status, info and last record: a monitor with
    --home-assistant would announce them again. A node that goes on sends its status with its next
    report, and its info when it boots.
    """
    with Registration(_address(names, broker)) as registration:
        strange = sorted(set(names) - registration.retained_names(names))
        if strange:
            raise InputError(f"{', '.join(strange)}: the broker retains nothing of it")
        removed = list(names) or registration.announced()
        registration.remove(removed, keep_state)
    _list("removed", removed)
    _check_complete(registration)


def _address(names: Iterable[str], broker: str) -> BrokerAddress:
    with input_errors():
        for name in names:
            check_node(name)
    return broker_address(broker)


def _check_complete(registration: Registration) -> None:
    if registration.is_incomplete:
        raise FilmgaugeError(
            "the broker drops some of what it retains, so that nodes may be missing: name them, or"
            " give it max_queued_messages as docs/mosquitto.conf has it"
        )


def _list(deed: str, names: list[str]) -> None:
    click.echo(f"{deed}: {', '.join(names) or 'none'}")

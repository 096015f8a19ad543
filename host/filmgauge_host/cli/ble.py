"""`filmgauge ble`: nodes over Bluetooth."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from filmgauge_host.cli.ble_options import bluetooth_options
from filmgauge_host.cli.monitor import Duration

if TYPE_CHECKING:
    from filmgauge_host.ble.node_registry import KnownNodes
    from filmgauge_host.ble.radio import Radio
    from filmgauge_host.ble.runner import RadioRunner

_LAST_S = 5.0  # real time, to deliver what is on its way
_wait = click.option(
    "--wait",
    "wait_s",
    type=Duration(),
    default="2h",
    show_default=True,
    help="How long the node may be silent: one that saves advertises once an hour.",
)


@click.group()
def ble() -> None:
    """Nodes over Bluetooth: scan, read, configure, bridge."""


@ble.command()
@click.option("--for", "seconds", type=Duration(), help="Stop after a time such as 30s or 2h.")
@click.option("--json", "machine", is_flag=True, help="Print one JSON object a report.")
@bluetooth_options
def scan(place: "RadioRunner", known: "KnownNodes", seconds: float | None, machine: bool) -> None:
    """Show the nodes that advertise. In a terminal a live table, else a line a report."""
    from filmgauge_host.ble import scan as scanning
    from filmgauge_host.ble.discovery import DiscoveredNodes
    from filmgauge_host.terminal.ble_table import ScanLines, ScanTable

    heard = DiscoveredNodes(known)
    if machine or not sys.stdout.isatty():
        lines = ScanLines(machine)
        place.run(lambda radio: scanning.scan(radio, heard, lines.tell, seconds))
        for reason, count in heard.refused.items():
            click.echo(f"filmgauge: refused {count} times: {reason}", err=True)
        return
    with ScanTable(heard) as shown:

        async def work(radio: "Radio") -> None:
            ages = asyncio.ensure_future(shown.show())
            try:
                await scanning.scan(radio, heard, shown.tell, seconds)
            finally:
                ages.cancel()
                shown.last(asyncio.get_running_loop().time())

        place.run(work)


@ble.command()
@click.argument("node")
@click.option("--json", "machine", is_flag=True, help="Print one JSON object.")
@_wait
@bluetooth_options
def read(
    node: str, place: "RadioRunner", known: "KnownNodes", machine: bool, wait_s: float
) -> None:
    """Read everything that NODE, a name or an address, serves."""
    from filmgauge_host.ble.discovery import DiscoveredNodes
    from filmgauge_host.ble.reading import read_everything
    from filmgauge_host.ble.scan import find

    async def work(radio: "Radio") -> dict[str, Any]:
        found = await find(radio, DiscoveredNodes(known), node, wait_s)
        return await read_everything(radio, found)

    told = place.run(work)
    if told is None:
        return
    if machine:
        click.echo(json.dumps(told))
        return
    for section, values in told.items():
        click.echo(f"{section}:")
        for name, value in (values or {}).items():
            click.echo(f"  {name:<24} {'-' if value is None else value}")


@ble.command()
@click.argument("node")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="File to add to: .jsonl, or .bdf.csv (Battery Data Format).",
)
@_wait
@bluetooth_options
def log(node: str, place: "RadioRunner", known: "KnownNodes", out: Path, wait_s: float) -> None:
    """Download the log of NODE. Run again, it fetches only what is newer."""
    from filmgauge_host.ble.discovery import DiscoveredNodes
    from filmgauge_host.ble.errors import NodeError
    from filmgauge_host.ble.log_file import LogFile
    from filmgauge_host.ble.node_client import NodeClient
    from filmgauge_host.ble.scan import find

    with LogFile(out) as file:

        async def work(radio: "Radio") -> int:
            found = await find(radio, DiscoveredNodes(known), node, wait_s)
            async with NodeClient(radio, found.device) as client:
                async for record in client.log(after=file.last):
                    file.add(record)
                return client.torn

        try:
            torn = place.run(work)
        except NodeError as error:
            raise NodeError(
                f"{error}; {file.written} records are in {out}: run it again"
            ) from None
        unreadable = f", {torn} unreadable" if torn else ""
        click.echo(f"{out}: {file.written} new records{unreadable}")


@ble.command()
@click.argument("node")
@click.argument("changes", nargs=-1, metavar="[KEY=VALUE]...")
@click.option(
    "--from",
    "source",
    type=click.Path(path_type=Path, dir_okay=False),
    help="TOML file of keys; secrets belong there.",
)
@click.option("--ask", multiple=True, metavar="KEY", help="Ask for a secret key.")
@click.option("--pair", is_flag=True, help="Use a paired link instead of the node's command key.")
@_wait
@bluetooth_options
def configure(
    node: str,
    changes: tuple[str, ...],
    place: "RadioRunner",
    known: "KnownNodes",
    source: Path | None,
    ask: tuple[str, ...],
    pair: bool,
    wait_s: float,
) -> None:
    """Change keys of the configuration of NODE: all or none, used after its next boot.

    Its command key comes from --nodes. An empty value takes a key away.
    """
    from filmgauge_host.ble.changes import check, from_arguments, from_file
    from filmgauge_host.ble.configuring import configure as send
    from filmgauge_host.errors import InputError

    wanted = from_file(source) if source else {}
    wanted |= from_arguments(changes)
    wanted |= check({key: click.prompt(key, hide_input=True) for key in ask})
    if not wanted:
        raise InputError("nothing to change: give key=value, --from or --ask")
    reply = place.run(lambda radio: send(radio, known, node, wanted, wait_s, pair))
    if reply is not None:
        click.echo(f"{node}: {', '.join(wanted)} changed; used after its next boot")


@ble.command()
@click.option(
    "--broker",
    required=True,
    help="mqtt://[user[:password]@]host[:port] or mqtts://...; the password may instead be in "
    "FILMGAUGE_MQTT_PASSWORD.",
)
@click.option(
    "--spool",
    type=click.Path(path_type=Path, dir_okay=False),
    help="SQLite file for what is on its way  [default: $XDG_STATE_HOME/filmgauge/spool.sqlite]",
)
@click.option("--passive", is_flag=True, help="Never connect: publish what is advertised.")
@click.option(
    "--at-once", type=click.IntRange(1, 20), default=3, show_default=True, help="Connections."
)
@click.option("--keep", is_flag=True, help="Never let a node forget what has arrived.")
@click.option("--for", "seconds", type=Duration(), help="Stop after a time such as 30s or 2h.")
@bluetooth_options
def bridge(
    place: "RadioRunner",
    known: "KnownNodes",
    broker: str,
    spool: Path | None,
    passive: bool,
    at_once: int,
    keep: bool,
    seconds: float | None,
) -> None:
    """Bring what nodes report over Bluetooth to an MQTT broker."""
    from filmgauge_host.ble.bridge import Bridge
    from filmgauge_host.ble.gateway import GatewayOptions
    from filmgauge_host.telemetry.address import parse_address

    address = parse_address(broker)
    options = GatewayOptions(passive=passive, at_once=at_once, forget=not keep)

    def tell(line: str) -> None:
        click.echo(f"filmgauge: {line}", err=True)

    async def work(radio: "Radio") -> None:
        with Bridge(radio, address, spool or _spool(), known, options, tell) as made:
            try:
                async with asyncio.timeout(seconds):
                    await made.gateway.run()
            except TimeoutError:
                made.courier.drain(_LAST_S)
            finally:
                counts = made.gateway.counts
                tell(f"{counts.records} records, {counts.failed} failed visits")
                if left := made.spool.count():
                    tell(f"{left} records wait for the broker: {made.courier.problem}")

    place.run(work)


def _spool() -> Path:
    from filmgauge_host.errors import InputError

    given = os.environ.get("XDG_STATE_HOME", "")
    base = Path(given) if os.path.isabs(given) else Path.home() / ".local" / "state"
    directory = base / "filmgauge"
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{directory} cannot be created: {error.strerror}") from None
    return directory / "spool.sqlite"

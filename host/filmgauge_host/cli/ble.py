"""`filmgauge ble`: nodes over Bluetooth."""

import asyncio
import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from rich.live import Live

from filmgauge.upgrade.outcome import RUNS
from filmgauge_host.ble import node_search, operations, version_transfer
from filmgauge_host.ble.discovery import DiscoveredNodes
from filmgauge_host.ble.gateway import Bridge, GatewayOptions
from filmgauge_host.ble.node_registry import NodeRegistry
from filmgauge_host.ble.radio import AdapterRunner, Radio, RadioRunner
from filmgauge_host.cli.broker_option import TLS_FILES, broker_address
from filmgauge_host.cli.home_assistant_option import HOME_ASSISTANT
from filmgauge_host.cli.nodes_file import NODES_FILE, counters_of, registry_of
from filmgauge_host.cli.options import (
    BROKER_HELP,
    BROKER_VARIABLE,
    FILE,
    FOLDER,
    FOR_ALIAS,
    JSON,
    Duration,
    FiniteRange,
    IntegerRange,
    input_errors,
    make_folder,
    progress,
    show,
    user_file,
)
from filmgauge_host.commands.actions import parse_action
from filmgauge_host.commands.configuration_changes import (
    check,
    from_arguments,
    from_file,
    has_secret,
)
from filmgauge_host.errors import InputError, NodeError, needs, warn
from filmgauge_host.log_file import LogFile
from filmgauge_host.terminal.ble_table import REFRESH_HZ, ScanLines, table
from filmgauge_host.terminal.screen import can_draw
from filmgauge_host.upgrade.order import order_payload
from filmgauge_host.upgrade.version_folder import read_version

_COUNTERS = "filmgauge.command_counters"
_SILENCE_S = 10.0  # real time in which the broker takes nothing more, at the end
_wait = click.option(
    "--wait",
    "wait_s",
    type=Duration(),
    default="2h",
    show_default=True,
    help="How long the node may be silent: one that saves advertises once an hour.",
)
_IN_CLEAR = click.option(
    "--in-clear", is_flag=True, help="A secret, too, over a link that others can read."
)


def _bluetooth_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `runner` and `registry` from options: which radio, which nodes."""

    @click.option("--adapter", help="Bluetooth adapter such as hci1  [default: the first one]")
    @click.option(
        "--air",
        type=click.Choice(["real", "virtual"]),
        default="real",
        show_default=True,
        help="A real adapter, or a simulated air with the real firmware on it.",
    )
    @click.option(
        "--scenario", default="demo", show_default=True, help="Whose nodes are on a virtual air."
    )
    @click.option(
        "--speed", type=FiniteRange(min=0.1), help="Of a virtual air  [default: the fastest]"
    )
    @NODES_FILE
    @functools.wraps(command)
    def wrapped(
        *arguments: Any,
        adapter: str | None,
        air: str,
        scenario: str,
        speed: float | None,
        nodes: Path | None,
        **options: Any,
    ) -> Any:
        runner = AdapterRunner(adapter) if air == "real" else _simulated(scenario, speed)
        registry = registry_of(nodes)
        click.get_current_context().meta[_COUNTERS] = lambda: counters_of(nodes)
        return command(*arguments, runner=runner, registry=registry, **options)

    return wrapped


@needs("sim")
def _simulated(scenario: str, speed: float | None) -> RadioRunner:
    from filmgauge_host.virtual.simulated_radio import SimulatedRadio
    from filmgauge_sim.scenario.loading import load_scenario

    with input_errors():
        return SimulatedRadio(load_scenario(scenario), speed)


@click.group()
def ble() -> None:
    """Nodes over Bluetooth: scan, read, configure, bridge."""


@ble.command(context_settings=FOR_ALIAS)
@click.option("--for", "seconds", type=Duration(), help="Stop after a time such as 30s or 2h.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a report.")
@_bluetooth_options
def scan(
    runner: RadioRunner, registry: NodeRegistry, seconds: float | None, as_json: bool
) -> None:
    """Show the nodes that advertise. In a terminal a live table, else a line a report."""
    nodes = DiscoveredNodes(registry)
    if as_json or not can_draw(sys.stdout):
        lines = ScanLines(as_json)
        runner.run(lambda radio: node_search.scan(radio, nodes, lines.add, seconds))
        for reason, count in nodes.refused.items():
            warn(f"refused {count} times: {reason}")
        return

    async def work(radio: Radio) -> None:
        loop = asyncio.get_running_loop()
        with Live(get_renderable=lambda: table(nodes, loop.time()), refresh_per_second=REFRESH_HZ):
            await node_search.scan(radio, nodes, lambda node: None, seconds)

    runner.run(work)


@ble.command()
@click.argument("node")
@JSON
@_wait
@_bluetooth_options
def read(
    node: str, runner: RadioRunner, registry: NodeRegistry, as_json: bool, wait_s: float
) -> None:
    """Read everything that NODE, a name or an address, serves."""
    found = runner.run(lambda radio: operations.read_everything(radio, registry, node, wait_s))
    if found is None:
        return
    lines: list[str] = []
    for section, values in found.items():
        lines.append(f"{section}:")
        for name, value in (values or {}).items():
            lines.append(f"  {name:<24} {'-' if value is None else value}")
    show(as_json, found, lines)


@ble.command()
@click.argument("node")
@click.option(
    "--out",
    type=FILE,
    required=True,
    help="File to add to: .jsonl, or .bdf.csv (Battery Data Format).",
)
@_wait
@_bluetooth_options
def log(node: str, runner: RadioRunner, registry: NodeRegistry, out: Path, wait_s: float) -> None:
    """Download the log of NODE. Run again, it fetches only what is newer."""
    with LogFile(out) as file:

        async def work(radio: Radio) -> int:
            async with node_search.connected(radio, registry, node, wait_s) as found:
                async for record in found.client.log(after=file.last):
                    file.add(record)
                return found.client.torn

        try:
            torn = runner.run(work)
        except NodeError as error:
            raise NodeError(
                f"{error}; {file.written} records are in {out}: run it again"
            ) from None
        unreadable = f", {torn} unreadable" if torn else ""
        click.echo(f"{out}: {file.written} new records{unreadable}")


@ble.command(short_help="Change keys of the configuration of NODE, all or none.")
@click.argument("node")
@click.argument("changes", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--from", "source", type=FILE, help="TOML file of keys; secrets belong there.")
@click.option("--ask", multiple=True, metavar="KEY", help="Ask for a secret key.")
@click.option("--pair", is_flag=True, help="Over an encrypted link, as secrets always go.")
@_IN_CLEAR
@_wait
@_bluetooth_options
def configure(
    node: str,
    changes: tuple[str, ...],
    runner: RadioRunner,
    registry: NodeRegistry,
    source: Path | None,
    ask: tuple[str, ...],
    pair: bool,
    in_clear: bool,
    wait_s: float,
) -> None:
    """Change keys of the configuration of NODE: all or none, used after its next boot.

    Its command key comes from --nodes. An empty value takes a key away. For an encrypted link the
    node and this machine pair.
    """
    wanted = from_file(source) if source else {}
    wanted |= from_arguments(changes, "with --ask or --from")
    wanted |= check({key: click.prompt(key, hide_input=True) for key in ask})
    if not wanted:
        raise InputError("nothing to change: give key=value, --from or --ask")
    encrypted = pair or (has_secret(wanted) and not in_clear)
    counters = click.get_current_context().meta[_COUNTERS]()
    reply = runner.run(
        lambda radio: operations.configure(
            radio, registry, node, wanted, wait_s, encrypted, counters
        )
    )
    if reply is not None:
        click.echo(f"{node}: {', '.join(wanted)} changed; used after its next boot")


@ble.command(short_help="Send a command to NODE over Bluetooth.")
@click.argument("node")
@click.argument("words", nargs=-1, required=True, metavar="ACTION [ARGUMENT]...")
@_IN_CLEAR
@_wait
@_bluetooth_options
def command(
    node: str,
    words: tuple[str, ...],
    runner: RadioRunner,
    registry: NodeRegistry,
    in_clear: bool,
    wait_s: float,
) -> None:
    """Send a command to NODE, as filmgauge command does over MQTT (docs/commands.md)."""
    action = parse_action(words)
    counters = click.get_current_context().meta[_COUNTERS]()
    encrypted = action.is_secret and not in_clear
    reply = runner.run(
        lambda radio: operations.command(
            radio, registry, node, action, wait_s, counters, encrypted
        )
    )
    if reply is not None:
        click.echo(f"{node}: {reply.text}")


@ble.command(short_help="Bring a signed version to NODE, and wait until it runs.")
@click.argument("node")
@click.option(
    "--from",
    "source",
    type=FOLDER,
    required=True,
    help="The version, as filmgauge update --dry-run makes it: nodes/versions/BOARD-NUMBER.",
)
@click.option("--downgrade", is_flag=True, help="Let it take the place of a later one.")
@click.option(
    "--supply-holds", is_flag=True, help="No power cut will come: a board that asks for it."
)
@_wait
@_bluetooth_options
def update(
    node: str,
    runner: RadioRunner,
    registry: NodeRegistry,
    source: Path,
    downgrade: bool,
    supply_holds: bool,
    wait_s: float,
) -> None:
    """Bring a signed version to NODE, and wait until it runs there (docs/upgrade.md).

    Where the connection ends it goes on in the next one. Exit code 1 where NODE does not run it.
    """
    version = read_version(source)
    order = order_payload(version, downgrade, supply_holds)
    counters = click.get_current_context().meta[_COUNTERS]()
    with progress(len(version.pieces()), node) as advance:
        ended = runner.run(
            lambda radio: version_transfer.update(
                radio, registry, node, version, order, wait_s, counters, lambda *_at: advance()
            )
        )
    if ended is not None:
        click.echo(f"{node}: {ended}")
        if not ended.startswith(RUNS):
            click.get_current_context().exit(1)


@ble.command(context_settings=FOR_ALIAS)
@click.option(
    "--broker", required=True, envvar=BROKER_VARIABLE, show_envvar=True, help=BROKER_HELP
)
@TLS_FILES
@click.option(
    "--spool",
    type=FILE,
    help="SQLite file for what is on its way  [default: $XDG_STATE_HOME/filmgauge/spool.sqlite]",
)
@click.option("--passive", is_flag=True, help="Never connect: publish what is advertised.")
@click.option(
    "--at-once", type=IntegerRange(1, 20), default=3, show_default=True, help="Connections."
)
@click.option("--keep", is_flag=True, help="Never let a node forget what has arrived.")
@click.option("--for", "seconds", type=Duration(), help="Stop after a time such as 30s or 2h.")
@HOME_ASSISTANT
@_bluetooth_options
def bridge(
    runner: RadioRunner,
    registry: NodeRegistry,
    broker: str,
    spool: Path | None,
    passive: bool,
    at_once: int,
    keep: bool,
    seconds: float | None,
    home_assistant: bool,
) -> None:
    """Bring what nodes report over Bluetooth to an MQTT broker."""
    address = broker_address(broker)
    options = GatewayOptions(
        passive=passive, at_once=at_once, forget=not keep, home_assistant=home_assistant
    )
    if spool is None:
        spool = user_file("XDG_STATE_HOME", ".local/state", "spool.sqlite")
        make_folder(spool.parent)

    async def work(radio: Radio) -> None:
        with Bridge(radio, address, spool, registry, options, warn) as made:
            try:
                async with asyncio.timeout(seconds):
                    await made.gateway.run()
            except TimeoutError:
                made.forwarder.drain(_SILENCE_S)
            finally:
                counts = made.gateway.counts
                warn(f"{counts.records} records, {counts.failed} failed visits")
                if left := made.spool.count():
                    warn(f"{left} records wait for the broker: {made.forwarder.problem}")

    runner.run(work)

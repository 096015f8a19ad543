"""`filmgauge update`: a new version of the firmware for nodes in the field."""

import json
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import click
from rich.live import Live

from filmgauge import VERSION
from filmgauge_host.ble.node_registry import REGISTRY_FILE, read_registry
from filmgauge_host.cli.broker_option import BROKER, broker_address
from filmgauge_host.cli.command import chosen_nodes, next_keys_of
from filmgauge_host.cli.nodes_file import KEYS_FOLDER
from filmgauge_host.cli.options import FILE, FOLDER, Duration, input_errors
from filmgauge_host.commands.counters import COUNTERS_FILE, CommandCounters
from filmgauge_host.commands.mqtt_commander import MqttCommander
from filmgauge_host.errors import InputError, warn
from filmgauge_host.provision.node_file import read_node
from filmgauge_host.terminal.screen import can_draw
from filmgauge_host.terminal.update_table import update_line, update_table
from filmgauge_host.upgrade.field_update import FieldUpdate
from filmgauge_host.upgrade.order import order_payload
from filmgauge_host.upgrade.signing_key import KEY_FILE, read_key
from filmgauge_host.upgrade.version import BOARD_NAMES, Version
from filmgauge_host.upgrade.version_build import build_files, bytecode_text
from filmgauge_host.upgrade.version_folder import VERSIONS_FOLDER, read_version, store_version
from filmgauge_sim.board.board_kind import Port

_POLL_S = 0.1
_REFRESH_HZ = 4


@click.command()
@click.argument("nodes_wanted", metavar="[NODE]", required=False)
@click.option("--all", "all_nodes", is_flag=True, help="Every node that has a command_key.")
@click.option("--profile", type=FILE, help="Cell profile of the version, as compiled.")
@click.option(
    "--config", type=FILE, help="Keys of the configuration that change, TOML or JSON; no secrets."
)
@click.option(
    "--settings-only", is_flag=True, help="Only --profile and --config: the firmware stays."
)
@click.option(
    "--from",
    "source",
    type=FOLDER,
    help="A version of an earlier run, nodes/versions/BOARD-NUMBER, in place of this firmware.",
)
@click.option(
    "--again",
    is_flag=True,
    help="Bring what nodes run already, too: commands may have changed it.",
)
@click.option("--downgrade", is_flag=True, help="Let it take the place of a later one.")
@click.option("--dry-run", is_flag=True, help="Print the manifest; send nothing.")
@KEYS_FOLDER
@BROKER
@click.option(
    "--timeout",
    "timeout_s",
    type=Duration(),
    default="1d",
    show_default=True,
    help="How long to follow the nodes; they go on without.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a node at the end.")
@input_errors()
def update(
    nodes_wanted: str | None,
    all_nodes: bool,
    profile: Path | None,
    config: Path | None,
    settings_only: bool,
    source: Path | None,
    again: bool,
    downgrade: bool,
    dry_run: bool,
    folder: Path,
    broker: str,
    timeout_s: float,
    as_json: bool,
) -> None:
    """Bring this version of the firmware to NODE over MQTT, and follow it until it runs there.

    NODE is a name, a pattern such as 'shelf-*', or several with commas between. Nodes fetch some
    pieces with each report. Exit codes: 0 all run it, 1 one does not, 2 wrong input, 3 no broker.
    """
    if bool(nodes_wanted) == all_nodes:
        raise InputError("name the nodes, or say --all")
    if source and (profile or config or settings_only):
        raise InputError("--from is a version with all of its files: none is to be added")
    if source and again:
        raise InputError("--from is a version with its number, and --again makes another one")
    if settings_only and not (profile or config):
        raise InputError("--settings-only needs --profile or --config")
    registry = read_registry(folder / REGISTRY_FILE)
    chosen = chosen_nodes(registry, nodes_wanted or "*")
    names, named = [node.name for node in chosen], (nodes_wanted or "").split(",")
    # A dry run makes the version of nodes with any radio; one that is given has its board.
    any_radio = (named if source else names) if dry_run else ()
    ports = _ports(names, folder, named, any_radio)
    keys = {
        node.name: node.command_key for node in chosen if node.name in ports and node.command_key
    }
    if source is not None:
        versions = _given(set(ports.values()), source)
    else:
        made = partial(build_files, profile=profile, config=config, has_firmware=not settings_only)
        versions = _made(set(ports.values()), folder, made, again)
    if dry_run:
        for version in versions.values():
            click.echo(version.manifest.decode(), nl=False)
        return
    targets = {name: versions[port] for name, port in ports.items()}
    address = broker_address(broker)
    counters = CommandCounters(folder / COUNTERS_FILE)
    say = (lambda _sentence: None) if can_draw(sys.stdout) else warn
    with (
        MqttCommander(address, counters, list(keys), say) as commander,
        FieldUpdate(address, targets, keys, commander, next_keys_of(chosen)) as field,
    ):
        field.begin({name: order_payload(each, downgrade) for name, each in targets.items()})
        _follow(field, timeout_s, as_json)
        if field.may_be_fetched():
            warn("not all are through: they go on fetching; the same command follows them again")
        else:
            field.withdraw()
    for each in field.progress.values():
        if as_json:
            click.echo(json.dumps({"node": each.node, "state": each.state, "text": each.text}))
    if any(each.has_failed or not each.is_over for each in field.progress.values()):
        click.get_current_context().exit(1)


def _ports(
    names: Sequence[str], folder: Path, named: Sequence[str], any_radio: Sequence[str]
) -> dict[str, Port]:
    """Return the port of the board of each node that can fetch a version, or is one of
    `any_radio`; InputError for one that was named and cannot, or without any."""
    ports: dict[str, Port] = {}
    for name in names:
        kind = read_node(folder / name, warn)[0].kind
        if kind.has_wifi or name in any_radio:
            ports[name] = kind.port
            continue
        sentence = (
            f"{name} has no Wi-Fi: --dry-run makes a version, and filmgauge ble update brings it"
        )
        if name in named:
            raise InputError(sentence)
        warn(sentence)
    if not ports:
        raise InputError("no node with Wi-Fi is among them")
    return ports


def _given(ports: set[Port], source: Path) -> dict[Port, Version]:
    """Return the version of a folder for each port, of which there may be one."""
    version = read_version(source)
    board = version.described.board
    others = {BOARD_NAMES[port] for port in ports} - {board}
    if others:
        raise InputError(f"{source} is for {board}, not for {' and '.join(sorted(others))}")
    return dict.fromkeys(ports, version)


def _made(
    ports: set[Port], folder: Path, files: Callable[[Port], dict[str, bytes]], again: bool
) -> dict[Port, Version]:
    """Return a version of `files` for each port, and say where it is kept."""
    key, bytecode = read_key(folder / KEY_FILE), bytecode_text()
    versions: dict[Port, Version] = {}
    for port in sorted(ports):
        versions[port], place = store_version(
            folder / VERSIONS_FOLDER,
            files(port),
            name=VERSION,
            board=BOARD_NAMES[port],
            bytecode=bytecode,
            key=key,
            again=again,
        )
        click.echo(f"{place}: {len(versions[port].pieces())} pieces", err=True)
    return versions


def _follow(field: FieldUpdate, timeout_s: float, as_json: bool) -> None:
    """Show how far each node is, until all are at an end or the time is over."""
    until_s = time.monotonic() + timeout_s
    nodes = field.progress.values()
    if can_draw(sys.stdout) and not as_json:
        with Live(update_table(nodes), refresh_per_second=_REFRESH_HZ) as live:
            while not field.is_over() and time.monotonic() < until_s:
                field.poll()
                live.update(update_table(nodes))
                time.sleep(_POLL_S)
        return
    said: dict[str, str] = {}
    while True:
        field.poll()
        for each in nodes:
            line = update_line(each)
            if said.get(each.node) != line and not as_json:
                said[each.node] = line
                click.echo(line)
        if field.is_over() or time.monotonic() > until_s:
            return
        time.sleep(_POLL_S)

"""`filmgauge flash`: put the firmware on a board and wait for its first record."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from filmgauge_host.cli.arrival_option import MONITOR_BROKER, arrival_check, arrival_lines
from filmgauge_host.cli.options import EITHER, FILE, PORT, FiniteRange, input_errors, show
from filmgauge_host.errors import InputError, warn
from filmgauge_host.provision.node_file import read_node
from filmgauge_host.provision.secret_values import check_passwords, from_environment
from filmgauge_host.provision.written_key import without_written_key
from filmgauge_host.serial import firmware_build
from filmgauge_host.serial.board_link import find_port
from filmgauge_host.serial.flash_plan import CERTIFICATES, CONFIG, PROFILE, Wanted
from filmgauge_host.serial.flash_session import FlashOptions, FlashResult, flash_board
from filmgauge_host.serial.node_settings import compile_cell, read_config, read_profile
from filmgauge_host.serial.used_keys import UsedKeys
from filmgauge_host.telemetry.address import BrokerAddress
from filmgauge_host.terminal.board_lines import BoardLines
from filmgauge_sim.board.board_kind import BoardKind
from filmgauge_sim.nodes.boards import BOARDS
from filmgauge_sim.nodes.broker_security import CERTIFICATE_FILE
from filmgauge_sim.nodes.configuration import board_files
from filmgauge_sim.nodes.description import description_file
from filmgauge_sim.nodes.update_key import nodes_folder, with_folder_key


@click.command()
@PORT
@click.option(
    "--node",
    type=EITHER,
    help="Description of the node (filmgauge provision): node.toml, or its folder.",
)
@click.option("--board", "board_name", type=click.Choice(list(BOARDS)), help="Without --node.")
@click.option(
    "--config",
    type=FILE,
    help="Instead of --node: configuration, JSON or TOML  [default: what the board has]",
)
@click.option(
    "--profile",
    type=FILE,
    help="Instead of --node: compiled profile of the cell  [default: what the board has]",
)
@click.option("--cell", help="Instead of --profile: parameter set, such as evp-li, or TOML file.")
@click.option("--area", "area_cm2", type=float, help="With --cell: area of the film, cm2.")
@click.option("--source", is_flag=True, help="Copy source files instead of bytecode.")
@click.option("--erase", is_flag=True, help="Make the board as new first: files and memory.")
@click.option(
    "--other-node",
    is_flag=True,
    help="Let a board that is another node go on as this one, with its memory and its records.",
)
@MONITOR_BROKER
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object at the end.")
@click.option(
    "--timeout",
    "timeout_s",
    type=FiniteRange(1, 86400),
    default=120.0,
    show_default=True,
    help="How long to wait for the board to answer, and then for its record, s.",
)
@input_errors()
def flash(
    port: str | None,
    node: Path | None,
    board_name: str | None,
    config: Path | None,
    profile: Path | None,
    cell: str | None,
    area_cm2: float | None,
    source: bool,
    erase: bool,
    other_node: bool,
    monitor: BrokerAddress | None,
    dry_run: bool,
    as_json: bool,
    timeout_s: float,
) -> None:
    """Flash a board: copy what differs, exchange versions at its next boot, and print the first
    record. It can be interrupted and run again at any time."""
    if node is not None:
        if config or profile or cell or area_cm2:
            raise InputError("give --node, or --config and --profile, not both")
        board, wanted = _described(node, board_name, source)
    elif board_name is None:
        raise InputError("give --node, or --board with --config and --profile")
    else:
        board = BOARDS[board_name]
        config_file = None if config is None else read_config(config, board)
        profile_file = _profile(profile, cell, area_cm2)
        wanted = firmware_build.wanted(board.port, config_file, profile_file, source)
    found_port = find_port(port)
    values = json.loads(wanted.config) if wanted.config else {}
    used = UsedKeys(node if node and node.is_dir() else (node or config or Path("here")).parent)
    # The login of a node that has a certificate of its own is not tried from here.
    login = {} if wanted.certificates.get(CERTIFICATE_FILE) else values
    watching = arrival_check(None if dry_run else monitor, board, login)
    with BoardLines(quiet=as_json) as lines, watching as check:
        options = FlashOptions(
            erase,
            dry_run,
            timeout_s,
            other_node=other_node,
            keys_are_new=used.are_new(values),
            before_it_runs=lambda: used.add(values),
        )
        result = flash_board(found_port, board, wanted, options, lines)
        arrival = check.of(result.record) if check else None
    found = {**asdict(result), "arrival": arrival and asdict(arrival)}
    show(as_json, found, _done_lines(result, wanted) + arrival_lines(arrival, board))
    if arrival:
        arrival.check()


def _done_lines(result: FlashResult, wanted: Wanted) -> list[str]:
    """Return what was done and what comes next, for people."""
    record = result.record
    if record is None:
        return [f"{result.port}: nothing was changed; without --dry-run it is done"]
    name = json.loads(wanted.config)["node"] if wanted.config else f"on {result.port}"
    charge = "charge not known" if record["soc_pct"] is None else f"{record['soc_pct']:.1f} %"
    faults = "no faults" if record["faults"] == "none" else f"faults: {record['faults']}"
    port = f"--port {result.port}"
    return [
        f"done: node {name}, record {record['seq']} of boot {record['boot']}: {charge}, {faults}",
        f"what next: filmgauge node status {port} looks inside, filmgauge node selftest {port}"
        " tries the wiring,",
        "  filmgauge monitor (Wi-Fi) or filmgauge ble (Bluetooth) receives what it reports",
    ]


def _described(node: Path, board_name: str | None, source: bool) -> tuple[BoardKind, Wanted]:
    """Return the board of a described node, and what shall be on it."""
    description, secrets = read_node(node, warn)
    if board_name not in (None, description.board):
        raise InputError(f"--board is {board_name}, but the node's is {description.board}")
    nodes = nodes_folder(node)
    described = without_written_key(description, nodes, warn)
    description = with_folder_key(described, nodes)
    secrets = {**secrets, **from_environment()}
    check_passwords(description, secrets, description_file(node).parent)
    files = board_files(description, secrets)
    certificates = {path: files.get(path, b"") for path in CERTIFICATES}
    wanted = firmware_build.wanted(
        description.kind.port, files[CONFIG], files[PROFILE], source, certificates
    )
    return description.kind, wanted


def _profile(profile: Path | None, cell: str | None, area_cm2: float | None) -> bytes | None:
    """Return the profile that the options name, None for none."""
    if (cell is None) != (area_cm2 is None):
        raise InputError("--cell and --area belong together")
    if profile is not None and cell is not None:
        raise InputError("give --profile, or --cell and --area, not both")
    if profile is not None:
        return read_profile(profile)
    return None if cell is None or area_cm2 is None else compile_cell(cell, area_cm2).to_bytes()

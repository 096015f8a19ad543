"""`filmgauge flash`: put the firmware on a board and wait for its first record."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from filmgauge_host.serial.flash_plan import Wanted
    from filmgauge_host.serial.interpreter import BoardType

_BOARDS = ("esp32-c3", "esp32-c6", "esp32-s3", "pico-w", "stm32wb55")


@click.command()
@click.option("--port", help="Serial port, such as /dev/ttyACM0  [default: the only one with USB]")
@click.option("--board", "board_name", required=True, type=click.Choice(_BOARDS))
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The node's configuration, JSON or TOML  [default: what the board has]",
)
@click.option(
    "--profile",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Compiled cell profile (filmgauge profile)  [default: what the board has]",
)
@click.option("--cell", help="Instead of --profile: parameter set, such as evp-li, or TOML file.")
@click.option("--area", "area_cm2", type=float, help="With --cell: area of the film, cm2.")
@click.option("--source", is_flag=True, help="Copy source files instead of bytecode.")
@click.option("--erase", is_flag=True, help="Make the board as new first: files and memory.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object at the end.")
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(1, 86400),
    default=120.0,
    show_default=True,
    help="How long to wait for the board to answer, and then for its record, s.",
)
def flash(
    port: str | None,
    board_name: str,
    config: Path | None,
    profile: Path | None,
    cell: str | None,
    area_cm2: float | None,
    source: bool,
    erase: bool,
    dry_run: bool,
    as_json: bool,
    timeout_s: float,
) -> None:
    """Flash a board: copy what differs, exchange versions at its next boot, and print the first
    record. It can be interrupted and run again at any time."""
    from filmgauge_host.serial.board_link import find_port
    from filmgauge_host.serial.flash_session import FlashOptions, flash_board
    from filmgauge_host.serial.interpreter import BOARDS
    from filmgauge_host.terminal.flash_lines import FlashLines

    board = BOARDS[board_name]
    wanted = _wanted(board, config, _profile(profile, cell, area_cm2), source)
    found_port = find_port(port)
    with FlashLines(quiet=as_json) as lines:
        options = FlashOptions(erase=erase, dry_run=dry_run, timeout_s=timeout_s)
        result = flash_board(found_port, board, wanted, options, lines)
    if as_json:
        click.echo(json.dumps(asdict(result)))
    elif result.record is not None:
        click.echo(json.dumps(result.record, indent=2))


def _profile(profile: Path | None, cell: str | None, area_cm2: float | None) -> bytes | None:
    """Return the profile that the options name, None for none."""
    from filmgauge_host.errors import InputError
    from filmgauge_host.serial.node_settings import compile_cell, read_profile

    if (cell is None) != (area_cm2 is None):
        raise InputError("--cell and --area belong together")
    if profile is not None and cell is not None:
        raise InputError("give --profile, or --cell and --area, not both")
    if profile is not None:
        return read_profile(profile)
    return None if cell is None or area_cm2 is None else compile_cell(cell, area_cm2)


def _wanted(
    board: "BoardType", config: Path | None, profile: bytes | None, source: bool
) -> "Wanted":
    from filmgauge_host.serial import firmware_build
    from filmgauge_host.serial.archive import Archive
    from filmgauge_host.serial.flash_plan import Wanted
    from filmgauge_host.serial.node_settings import read_config

    return Wanted(
        config=None if config is None else read_config(config, board),
        profile=profile,
        archive=Archive(firmware_build.modules(source)),
        start_files=firmware_build.start_files(source),
        bytecode=None if source else firmware_build.bytecode_version(),
    )

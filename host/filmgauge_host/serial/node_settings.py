"""A node's configuration and cell profile as files for the board, checked by the firmware's own
classes before anything is copied."""

import json
from pathlib import Path

from filmgauge.config import Config
from filmgauge.config_copy import sealed
from filmgauge.gauge.profile import Profile
from filmgauge.uplink.mqtt.uplink import check_network
from filmgauge_host.errors import InputError
from filmgauge_sim.board.board_kind import BoardKind
from filmgauge_sim.cell import load_parameters
from filmgauge_sim.cell.compiled import CompiledProfile, check_profile_area, compile_profile
from filmgauge_sim.file_text import TomlError, parse_json, parse_toml


def read_config(path: Path, board: BoardKind) -> bytes:
    """Return /config.json for the board from a JSON or TOML file with its keys.

    Raises InputError, which never tells the value of a key.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"--config {path} cannot be read: {_cause(error)}") from None
    if path.suffix == ".toml":
        try:
            values: object = parse_toml(text)
        except TomlError as error:
            raise InputError(f"--config {path} is not TOML: {error}") from None
    else:
        try:
            values = parse_json(text)
        except ValueError:
            raise InputError(f"--config {path} is not JSON") from None
    return config_bytes(values, board, f"--config {path}")


def config_bytes(values: object, board: BoardKind, where: str) -> bytes:
    """Return values as /config.json, with a checksum. Raises InputError naming the wrong one."""
    if isinstance(values, dict):
        values = {key: value for key, value in values.items() if key != "crc"}
    text = json.dumps(values, separators=(",", ":"), sort_keys=True)
    try:
        config = Config.from_json(text)
        if board.has_wifi:
            check_network(config)
    except ValueError as error:
        raise InputError(f"{where}: {error}") from None
    return sealed(text.encode())


def check_config(data: bytes, board: BoardKind) -> None:
    """Check the configuration that a board has already. Raises InputError."""
    try:
        values = parse_json(data)
    except ValueError:
        raise InputError("the configuration on the board is not JSON: give --config") from None
    config_bytes(values, board, "the configuration on the board")


def read_profile(path: Path) -> bytes:
    """Return /profile.bin from a compiled profile. Raises InputError."""
    try:
        data = path.read_bytes()
        Profile.from_bytes(data)
    except OSError as error:
        raise InputError(f"--profile {path} cannot be read: {_cause(error)}") from None
    except ValueError as error:
        raise InputError(f"--profile {path}: {error}") from None
    return data


def compile_cell(cell: str, area_cm2: float) -> CompiledProfile:
    """Return the profile of a cell, a parameter set or a TOML file. Raises ValueError.

    A profile knows nothing of the sensor: whether a shunt fits the cell is asked of a node.
    """
    check_profile_area(area_cm2)
    return compile_profile(load_parameters(cell), area_cm2)


def _cause(error: Exception) -> str:
    return getattr(error, "strerror", None) or "it is not text"

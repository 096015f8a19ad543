"""What a version for nodes in the field consists of: this firmware, a profile, keys of the
configuration that change."""

import json
from pathlib import Path
from typing import Any

from filmgauge.config import SECRETS
from filmgauge.upgrade.check import WAYS_OUT
from filmgauge_host.commands.configuration_changes import check
from filmgauge_host.errors import FilmgaugeError, InputError
from filmgauge_host.serial import firmware_build
from filmgauge_host.serial.node_settings import read_profile
from filmgauge_sim.board.board_kind import Port
from filmgauge_sim.board.bytecode import CompileError, bytecode_version
from filmgauge_sim.file_text import parse_json, parse_toml

_OF_ONE_NODE = ("node",)


def build_files(
    port: Port, profile: Path | None, config: Path | None, has_firmware: bool = True
) -> dict[str, bytes]:
    """Return the files of a version for a port: name -> content. Raises FilmgaugeError."""
    files = {}
    if has_firmware:
        try:
            files["app.bin"] = firmware_build.archive_of_port(port).data
        except CompileError as error:
            raise FilmgaugeError(str(error)) from None
    if config is not None:
        files["config.json"] = read_changes(config)
    if profile is not None:
        files["profile.bin"] = read_profile(profile)
    return files


def bytecode_text() -> str:
    """Return the version of the bytecode as manifests have it."""
    return "{}.{}".format(*bytecode_version())


def read_changes(path: Path) -> bytes:
    """Return changes of the configuration from a TOML or JSON file with its keys.

    Raises InputError; a secret is refused, since every node may read a version.
    """
    where = f"--config {path}"
    try:
        text = path.read_text("utf-8-sig")
        values: Any = parse_toml(text) if path.suffix == ".toml" else parse_json(text)
    except OSError as error:
        raise InputError(f"{where} cannot be read: {error.strerror}") from None
    except ValueError:
        raise InputError(f"{where} is neither TOML nor JSON, as its name says") from None
    if not isinstance(values, dict) or not values:
        raise InputError(f"{where} must have one key at least")
    for name in values:
        if name in SECRETS or name in _OF_ONE_NODE:
            raise InputError(
                f"{where}: {name} does not go over the air with a version, which all nodes read"
            )
    try:
        check(values)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    for name in WAYS_OUT:
        if not values.get(name, True):
            raise InputError(f"{where}: {name} would leave the node without a way out")
    return json.dumps(values, separators=(",", ":"), sort_keys=True).encode()

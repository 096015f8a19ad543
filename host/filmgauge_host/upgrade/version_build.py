"""What a version for nodes in the field consists of: this firmware, a profile, keys of the
configuration that change."""

import json
import tomllib
from pathlib import Path
from typing import Any

from filmgauge.config import SECRETS, numbers, texts
from filmgauge_host.errors import FilmgaugeError, InputError
from filmgauge_host.serial import firmware_build
from filmgauge_host.serial.node_settings import read_profile
from filmgauge_sim.board.board_kind import Port
from filmgauge_sim.board.bytecode import CompileError, bytecode_version
from filmgauge_sim.nodes.tables import did_you_mean

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
        values: Any = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except OSError as error:
        raise InputError(f"{where} cannot be read: {error.strerror}") from None
    except ValueError:
        raise InputError(f"{where} is neither TOML nor JSON, as its name says") from None
    if not isinstance(values, dict) or not values:
        raise InputError(f"{where} must have one key at least")
    bounds = {name: (low, high) for name, _, low, high in (*numbers(), *texts())}
    numeric = {name for name, *_ in numbers()}
    for name, value in values.items():
        if name not in bounds:
            raise InputError(f"{where}: there is no key {name}{did_you_mean(name, bounds)}")
        if name in SECRETS or name in _OF_ONE_NODE:
            raise InputError(
                f"{where}: {name} does not go over the air with a version, which all nodes read"
            )
        _check(where, name, value, *bounds[name], is_number=name in numeric)
    return json.dumps(values, separators=(",", ":"), sort_keys=True).encode()


def _check(where: str, name: str, value: Any, low: int, high: int, *, is_number: bool) -> None:
    if value is None:
        return  # the default
    if isinstance(value, int) and is_number and not isinstance(value, bool):
        size, unit = value, ""
    elif isinstance(value, str) and not is_number:
        size, unit = len(value), " characters"
    else:
        kind = "an integer" if is_number else "text"
        raise InputError(f"{where}: {name} must be {kind}")
    if not low <= size <= high:
        raise InputError(f"{where}: {name} must be {low} to {high}{unit}, not {size}")

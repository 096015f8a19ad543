"""What a person says about a node, and the TOML file that says it.

    node = "shelf-1"
    board = "esp32-c3"

    [cell]
    set = "evp-li"
    area_cm2 = 1.0

    [wifi]                      # the names of the other tables are free
    wifi_ssid = "lab"           # their keys are the firmware's own

Secrets may stand in it when only its owner can read it.
"""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filmgauge.config import check_node
from filmgauge_host.errors import InputError
from filmgauge_host.provision.configuration import Supply, Value, check_board, known, settled
from filmgauge_host.provision.secret_values import check_private, secret_names

BROKER_FOLDER = "mosquitto"  # beside those of the nodes
_HEAD = ("node", "board", "supply")
_CELL = ("set", "area_cm2")
_GROUPS = (
    ("wifi", ("wifi_",)),
    ("broker", ("mqtt_",)),
    ("wiring", ("pin_", "shunt_", "ina228_", "tmp117_", "i2c_", "divider_")),
    ("bluetooth", ("ble_",)),
)


@dataclass(frozen=True)
class Description:
    """One node: its board and supply, its cell, and keys of the firmware's configuration."""

    node: str
    board: str
    cell_set: str
    area_cm2: float
    supply: Supply = "usb"
    values: dict[str, Value] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict, repr=False)


def read_description(path: Path) -> Description:
    """Read a TOML file. Raises InputError, one sentence with file and key."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not TOML: {error}") from None
    try:
        description = _described(table)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    if description.secrets:
        check_private(path)
    return description


def checked_node(name: object) -> str:
    """Return the name of a node; InputError when it cannot be one."""
    if name == BROKER_FOLDER:
        raise InputError(f"node must not be {name}: that folder has the files of the broker")
    try:
        return check_node(name) if isinstance(name, str) else check_node("")
    except ValueError as error:
        raise InputError(str(error)) from None


def _described(table: dict[str, Any]) -> Description:
    cell = table.pop("cell", None)
    if not isinstance(cell, dict):
        raise InputError("[cell] is missing: it needs set and area_cm2")
    for key in cell:
        if key not in _CELL:
            raise InputError(f"cell has no key {key}")
    for key in _CELL:
        if key not in cell:
            raise InputError(f"cell.{key} is missing")
    if not isinstance(cell["set"], str):
        raise InputError("cell.set must be text")
    area_cm2 = cell["area_cm2"]
    if isinstance(area_cm2, bool) or not isinstance(area_cm2, int | float):
        raise InputError(f"cell.area_cm2 must be a number, not {area_cm2!r}")
    head = {key: table.pop(key, None) for key in _HEAD}
    for key in ("node", "board"):
        if not isinstance(head[key], str):
            raise InputError(f"{key} is missing")
    supply = "usb" if head["supply"] is None else head["supply"]
    check_board(head["board"], supply)
    values, secrets = _flat(table)
    return Description(
        node=checked_node(head["node"]),
        board=head["board"],
        cell_set=cell["set"],
        area_cm2=float(area_cm2),
        supply=supply,
        values=values,
        secrets=secrets,
    )


def _flat(table: dict[str, Any]) -> tuple[dict[str, Value], dict[str, str]]:
    """Return the keys of the configuration out of all tables: those for all, and the secrets."""
    values: dict[str, Value] = {}
    secrets: dict[str, str] = {}
    hidden = secret_names()
    for group, keys in table.items():
        if not isinstance(keys, dict):
            raise InputError(f"{group} must stand in a table such as [wiring]")
        for key, value in keys.items():
            where = f"{group}.{key}"
            if not known(key) or key == "node":
                raise InputError(f"{where} is not a key of the node's configuration")
            if key in values or key in secrets:
                raise InputError(f"{where} is given twice")
            if key in hidden:
                if not isinstance(value, str):
                    raise InputError(f"{where} must be text")
                secrets[key] = value
            else:
                values[key] = value
    return values, secrets


def to_toml(description: Description) -> str:
    """Return the file that `read_description` reads back, without secrets."""
    lines = [
        "# Of one node, without its secrets: filmgauge provision --from this file repeats it.",
        f"node = {_quoted(description.node)}",
        f"board = {_quoted(description.board)}",
        f"supply = {_quoted(description.supply)}",
        "",
        "[cell]",
        f"set = {_quoted(description.cell_set)}",
        f"area_cm2 = {description.area_cm2!r}",
    ]
    kept = settled(description.values)
    for group, prefixes in (*_GROUPS, ("node_settings", ("",))):
        names = [name for name in kept if name.startswith(prefixes)]
        if names:
            lines += ["", f"[{group}]"]
        for name in names:
            value = kept.pop(name)
            lines.append(f"{name} = {_quoted(value) if isinstance(value, str) else value}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Return text as a basic string of TOML."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in escaped) + '"'

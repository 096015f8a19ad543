"""The description of a node on the host's disk: nodes/<name>/node.toml, its secrets beside it.

Files of filmgauge 0.1 had `node` for `name`, tables of any name with the keys of the firmware's
configuration, and the secrets in config.json. They are read, with a sentence on how to renew them.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from filmgauge.config import SECRETS
from filmgauge_host.errors import InputError
from filmgauge_sim.file_text import parse_json, parse_toml
from filmgauge_sim.nodes.description import (
    RENEWAL,
    NodeDescription,
    description_file,
    description_from,
    is_older,
    read_description,
)
from filmgauge_sim.nodes.secrets import read_secrets
from filmgauge_sim.package_data import read_toml

_CONFIG = "config.json"  # of filmgauge 0.1
_KEYS = read_toml("filmgauge_host.provision", "older_keys.toml")


def read_node(path: Path, say: Callable[[str], None]) -> tuple[NodeDescription, dict[str, str]]:
    """Return the description at `path`, a file or the folder of a node, and its secrets.

    say: gets the sentence about a file of filmgauge 0.1. Raises ValueError, one sentence.
    """
    file = description_file(path)
    secrets = read_node_secrets(file.parent)
    table = _older_table(file)
    if table is None:
        return read_description(file), secrets
    description = description_from(_renewed(table, secrets), str(file), file.parent)
    say(RENEWAL.format(file))
    return description, secrets


def read_node_secrets(folder: Path) -> dict[str, str]:
    """Return the secrets in the folder of a node, {} where there are none. Raises ValueError."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file where the folder of a node should be")
    return read_secrets(folder) or _older_secrets(folder)


def _older_table(file: Path) -> dict[str, Any] | None:
    """Return the content of a file of filmgauge 0.1, None for another one."""
    try:
        table = parse_toml(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError):  # whoever reads it as a description says what is wrong
        return None
    return table if is_older(table) else None


def _older_secrets(folder: Path) -> dict[str, str]:
    path = folder / _CONFIG
    try:
        values = parse_json(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    except ValueError:
        raise InputError(f"{path} is not JSON") from None
    if not isinstance(values, dict):
        raise InputError(f"{path} is there but is no configuration")
    return {name: values[name] for name in SECRETS if isinstance(values.get(name), str)}


def _renewed(older: Mapping[str, Any], secrets: Mapping[str, str]) -> dict[str, Any]:
    """Return an older table as one that a description is made from."""
    table: dict[str, Any] = {"name": older["node"]}
    table |= {key: older[key] for key in ("board", "supply") if key in older}
    table["cell"] = dict(older.get("cell", {}))
    if older.get("supply") == "film":
        table["sensor"] = {"switched": True}
    for group, keys in older.items():
        if group == "cell" or not isinstance(keys, dict):
            continue
        for key, value in keys.items():
            if key not in SECRETS and _KEYS["not_measured"].get(key) != value:
                _put(table, key, value)
    if secrets.get("ble_key") and "bluetooth" in table:
        table["bluetooth"]["encrypted"] = True
    table["commands"] = bool(secrets.get("command_key"))
    return table


def _put(table: dict[str, Any], key: str, value: Any) -> None:
    if key == "shed":
        table["reduces_service"] = bool(value)
        return
    if key == "cell_new":
        table["cell"]["new"] = bool(value)
        return
    prefix, _, rest = key.partition("_")
    name, new, per = (
        _KEYS["tables"].get(prefix, prefix),
        rest,
        1,
    )  # a key of nobody is refused later
    if same := [name for name, keys in _KEYS["same"].items() if key in keys]:
        name, new = same[0], key
    elif key in _KEYS["renamed"]:
        name, new, per = _KEYS["renamed"][key]
    elif rest == "nj":
        name, new, per = "budget", f"{prefix}_uj", 1000
    table.setdefault(name, {})[new] = value if per == 1 else value / per

"""Makes what a node and its broker need, from a description and its secrets.

<out>/<node>/config.json    for the board, with its secrets: only its owner can read it
<out>/<node>/profile.bin    the compiled profile of its cell
<out>/<node>/node.toml      the description, without secrets
<out>/known.toml            the keys of all nodes, for Bluetooth: only its owner can read it
<out>/mosquitto/passwords   a line for each node (password_file of mosquitto)
<out>/mosquitto/acl         a block for each node (acl_file)
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from filmgauge_host.atomic_file import Content, write_all
from filmgauge_host.ble.node_registry import with_keys
from filmgauge_host.errors import InputError
from filmgauge_host.provision.broker_files import (
    check_user,
    with_acl,
    with_password,
    without_strays,
)
from filmgauge_host.provision.configuration import (
    Value,
    board_defaults,
    check_area,
    check_whole,
    has_wifi,
    public,
    settled,
)
from filmgauge_host.provision.description import BROKER_FOLDER, Description, to_toml
from filmgauge_host.provision.secret_values import (
    MQTT_PASSWORD,
    WIFI_PASSWORD,
    check_keys,
    key_lengths,
    make_key,
    make_password,
)
from filmgauge_sim.cell import load_parameters
from filmgauge_sim.cell.compiled import compile_profile

CONFIG = "config.json"
PROFILE = "profile.bin"
DESCRIPTION = "node.toml"
KNOWN = "known.toml"


@dataclass(frozen=True)
class Provisioned:
    """What was written. made, kept: names of the secrets that are new, and that were here."""

    node: str
    board: str
    full_uah: float
    files: list[Path]
    made: list[str]
    kept: list[str]


def existing_secrets(out: Path, node: str) -> dict[str, str]:
    """Return the secrets of a node that was provisioned before, {} of a new one.

    Raises InputError when its file cannot be read.
    """
    path = out / node / CONFIG
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        raise InputError(f"{path} is there but cannot be read") from None
    if not isinstance(values, dict):
        raise InputError(f"{path} is there but is no configuration")
    names = (*key_lengths(), MQTT_PASSWORD, WIFI_PASSWORD)
    return {name: values[name] for name in names if isinstance(values.get(name), str)}


def provision(description: Description, out: Path, new_keys: bool = False) -> Provisioned:
    """Write everything for a node, or nothing. Raises InputError and FilmgaugeError.

    Keys and the broker's password stay as they are where the node was provisioned before, unless
    `new_keys`; those that nobody gives are made.
    """
    before = existing_secrets(out, description.node)
    secrets, made, kept = _secrets(description, before, new_keys)
    values = board_defaults(description.board, description.supply) | description.values
    wifi = has_wifi(description.board)
    if wifi:
        values.setdefault("mqtt_user", description.node)
    check_keys(secrets)
    configuration: dict[str, Value] = {"node": description.node, **values, **secrets}
    check_whole(description.board, configuration)
    configuration = settled(configuration)
    check_area(description.area_cm2)
    try:
        parameters = load_parameters(description.cell_set)
        profile = compile_profile(parameters, description.area_cm2)
    except ValueError as error:
        raise InputError(f"cell: {error}") from None
    folder = out / description.node
    shown = replace(description, values=public(values), secrets={})
    files = {
        folder / PROFILE: Content(profile.to_bytes()),
        folder / DESCRIPTION: Content(to_toml(shown).encode()),
        folder / CONFIG: Content((json.dumps(configuration, indent=1) + "\n").encode(), 0o600),
    }
    keys = {name: str(configuration.get(name, "")) for name in key_lengths()}
    known = with_keys(out / KNOWN, description.node, keys)
    files[out / KNOWN] = Content(known.encode(), 0o600)
    if wifi:
        files |= _broker_files(out, description.node, configuration)
    write_all(files)
    full_uah = profile.full_pc() / 3.6e9
    return Provisioned(description.node, description.board, full_uah, list(files), made, kept)


def _secrets(
    description: Description, before: Mapping[str, str], new_keys: bool
) -> tuple[dict[str, str], list[str], list[str]]:
    """Return all secrets of a node, the names of those made now, and of those kept."""
    secrets = dict(description.secrets)
    made: list[str] = []
    kept: list[str] = []
    wifi = has_wifi(description.board)
    for name in [*key_lengths(), *((MQTT_PASSWORD, WIFI_PASSWORD) if wifi else ())]:
        if name in secrets:
            continue
        if name in before and not (new_keys and name != WIFI_PASSWORD):
            secrets[name] = before[name]
            kept.append(name)
        elif name in key_lengths():
            secrets[name] = make_key(key_lengths()[name])
            made.append(name)
        elif name == MQTT_PASSWORD:
            secrets[name] = make_password()
            made.append(name)
    return secrets, made, kept


def _broker_files(out: Path, node: str, configuration: Mapping[str, Value]) -> dict[Path, Content]:
    user, password = (str(configuration.get(name, "")) for name in ("mqtt_user", MQTT_PASSWORD))
    check_user(user)
    if not password:
        raise InputError("mqtt_password must not be empty: leave it out and one is made")
    passwords, acl = out / BROKER_FOLDER / "passwords", out / BROKER_FOLDER / "acl"
    rules = with_acl(_text(acl), node, user)
    known = without_strays(_text(passwords), _text(acl), rules)
    return {
        passwords: Content(with_password(known, user, password).encode(), 0o600),
        acl: Content(rules.encode(), 0o600),
    }


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError):
        raise InputError(f"{path} is there but cannot be read") from None

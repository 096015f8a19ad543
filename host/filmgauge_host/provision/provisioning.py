"""Makes what a node and its broker need, from a description and its secrets.

<out>/<node>/node.toml      the description, from which `filmgauge flash --node` makes the rest
<out>/<node>/secrets.toml   its secrets: only its owner can read it
<out>/<node>/ca.der         with TLS: by whom it knows the broker; client.der and client.key: by
                            which the broker knows it, the key for its owner only
<out>/<node>/cell.toml      its parameter set, where that is a file
<out>/known.toml            all nodes with their keys, if any: only its owner can read it
<out>/mosquitto/passwords   a line for each node (password_file of mosquitto)
<out>/mosquitto/acl         a block for each node (acl_file)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from filmgauge.config import KEYS
from filmgauge.uplink.mqtt.topics import FIRMWARE
from filmgauge_host.atomic_file import Content, is_private, write_all
from filmgauge_host.ble.node_registry import NEXT_KEYS, REGISTRY_FILE, keys_of, with_keys
from filmgauge_host.errors import InputError
from filmgauge_host.folder_lock import locked
from filmgauge_host.private_files import check_folder
from filmgauge_host.provision.broker_files import (
    ACL,
    BROKER_FOLDER,
    PASSWORDS,
    files_without_login,
    has_other_password,
    login_files,
    nodes_of,
    read_file,
    users_of,
)
from filmgauge_host.provision.secret_values import MQTT_PASSWORD, WIFI_PASSWORD, made
from filmgauge_host.upgrade.version_folder import VERSIONS_FOLDER
from filmgauge_sim.cell.parameters import available_sets
from filmgauge_sim.nodes.broker_security import (
    CA_FILE,
    CERTIFICATE_FILE,
    KEY_FILE,
    described_security,
)
from filmgauge_sim.nodes.configuration import compiled_profile, firmware_configuration
from filmgauge_sim.nodes.description import DESCRIPTION_FILE, NodeDescription, to_toml
from filmgauge_sim.nodes.secrets import (
    SECRETS_FILE,
    needed_keys,
    read_secrets,
    secrets_to_toml,
)
from filmgauge_sim.nodes.update_key import with_folder_key

_CELL_FILE = "cell.toml"
_OF_WIFI = (WIFI_PASSWORD, MQTT_PASSWORD, f"{MQTT_PASSWORD}_next")
_TAKEN = {
    BROKER_FOLDER: "that folder has the files of the broker",
    VERSIONS_FOLDER: "that folder has the versions of the firmware",
    FIRMWARE: "that topic has pieces of the firmware",
}


@dataclass(frozen=True)
class Provisioned:
    """What was written. made, reused: names of the secrets that are new, and that were here."""

    node: str
    board: str
    full_uah: float
    files: list[Path]
    made: list[str]
    reused: list[str]


def provision(
    description: NodeDescription,
    given: Mapping[str, str],
    before: Mapping[str, str],
    out: Path,
    new_keys: bool = False,
) -> Provisioned:
    """Write everything for a node, or nothing. Raises FilmgaugeError and ValueError.

    given: secrets that someone has said; before: those that the node has. Keys and the password
    at the broker stay as they are unless `new_keys`; those that nobody gives are made.
    """
    with locked(out):  # others may provision nodes beside it, or change keys
        return _provision(description, given, before, out, new_keys)


def _provision(
    description: NodeDescription,
    given: Mapping[str, str],
    before: Mapping[str, str],
    out: Path,
    new_keys: bool,
) -> Provisioned:
    if description.name in _TAKEN:
        raise InputError(f"name must not be {description.name}: {_TAKEN[description.name]}")
    wifi = description.kind.has_wifi
    user = description.broker.user or description.name
    sharers = _sharers(out, description.name, user) if wifi else []
    registry = out / REGISTRY_FILE
    registered = keys_of(registry, description.name)
    # The host's half of a key outlives a secrets.toml that was lost: the node still has it.
    known = {k: str(v) for k, v in registered.items() if k in KEYS} | dict(before)
    if not wifi:
        known, given = (
            {k: v for k, v in each.items() if k not in _OF_WIFI} for each in (known, given)
        )
    staying = {k: v for k, v in known.items() if k == WIFI_PASSWORD or not new_keys}
    if sharers:  # the broker has one password for all of them
        staying |= _password_of(out, sharers)
    wanted = {*needed_keys(description), *((MQTT_PASSWORD,) if wifi else ())}
    new = made(sorted(wanted - {*given, *staying}))
    secrets = {**staying, **new, **given}
    firmware_configuration(with_folder_key(description, out), secrets)  # says what is wrong
    folder = out / description.name
    files = {
        folder / DESCRIPTION_FILE: Content(_file(_with_own_files(description)).encode()),
        folder / SECRETS_FILE: Content(secrets_to_toml(secrets).encode(), 0o600),
        **_certificates(description, folder),
        **_cell_file(description, folder),
    }
    keys = {name: secrets[name] for name in KEYS if secrets.get(name)}
    if not new_keys:  # those that are being changed go on being so
        keys |= {k: str(v) for k, v in registered.items() if k in NEXT_KEYS}
    files[registry] = Content(with_keys(registry, description.name, keys).encode(), 0o600)
    if wifi:
        _check_shared(out, user, sharers, secrets[MQTT_PASSWORD])
        if not secrets[MQTT_PASSWORD]:
            raise InputError(f"{MQTT_PASSWORD} must not be empty: leave it out and one is made")
        files |= login_files(out, description.name, user, secrets[MQTT_PASSWORD])
    elif description.name in users_of(read_file(out / BROKER_FOLDER / ACL)):
        files |= files_without_login(out, description.name)
    for parent in {path.parent for path, content in files.items() if is_private(content.mode)}:
        if parent.is_dir():  # who reads the files back refuses a folder that is open to others
            check_folder(parent)
    write_all(files)
    full_uah = compiled_profile(description).full_pc() / 3.6e9
    reused = sorted(set(staying) - set(given))
    return Provisioned(
        description.name, description.board, full_uah, list(files), sorted(new), reused
    )


def _file(description: NodeDescription) -> str:
    return (
        "# One node, without its secrets. docs/scenarios.md explains every key; filmgauge flash,\n"
        "# run and node budget take this file as --node or FILE.\n" + to_toml(description)
    )


def _certificates(description: NodeDescription, folder: Path) -> dict[Path, Content]:
    """Return the files of TLS as the board gets them, checked. Raises DescriptionError."""
    security = described_security(description)
    if security is None:
        return {}
    return {
        folder / path[1:]: Content(content, 0o600 if path == KEY_FILE else 0o644)
        for path, content in security.board_files().items()
    }


def _cell_file(description: NodeDescription, folder: Path) -> dict[Path, Content]:
    """Return the file with the parameter set, which is checked by then; none for one by name."""
    if description.cell.set in available_sets():
        return {}
    return {folder / _CELL_FILE: Content(Path(description.cell.set).read_bytes())}


def _with_own_files(description: NodeDescription) -> NodeDescription:
    """Return it with the names of the files beside it, so that its folder can be moved."""
    own = {"ca": CA_FILE, "certificate": CERTIFICATE_FILE, "key": KEY_FILE}
    broker = description.broker
    named = {key: path[1:] for key, path in own.items() if getattr(broker, key)}
    cell = description.cell
    if cell.set not in available_sets():
        cell = replace(cell, set=_CELL_FILE)
    return replace(description, cell=cell, broker=replace(broker, **named))


def _sharers(out: Path, node: str, user: str) -> list[str]:
    """Return the other nodes that log in at the broker as the same user."""
    acl = read_file(out / BROKER_FOLDER / ACL)
    return [name for name in nodes_of(acl, user) if name != node]


def _password_of(out: Path, nodes: list[str]) -> dict[str, str]:
    """Return the password at the broker that the first of the nodes has which has any."""
    for name in nodes:
        secrets = read_secrets(out / name)
        if secrets.get(MQTT_PASSWORD):
            return {MQTT_PASSWORD: secrets[MQTT_PASSWORD]}
    return {}


def _check_shared(out: Path, user: str, sharers: list[str], password: str) -> None:
    """Raise InputError where another password would lock other nodes out."""
    passwords = read_file(out / BROKER_FOLDER / PASSWORDS)
    if sharers and has_other_password(passwords, user, password):
        raise InputError(
            f"{MQTT_PASSWORD} must be that of {' and '.join(sharers)}, whose user {user} is, or"
            " broker.user another one"
        )

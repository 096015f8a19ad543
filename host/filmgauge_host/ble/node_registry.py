"""Names, addresses and keys of nodes, in a TOML file that only its owner may read.

[nodes.window-1]
address = "C1:02:03:04:05:06"
ble_key = "32 hexadecimal digits"        # opens encrypted advertisements
command_key = "32 hexadecimal digits"    # signs commands
command_key_next = "..."                 # while a key is changed: both hold until the node has it
revoked = true                           # nothing that comes under this name is believed
"""

import os
import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filmgauge.config import KEYS, check_node, key_bytes
from filmgauge.uplink.ble.uplink import NAME_LENGTH
from filmgauge_host.errors import InputError, NodeError
from filmgauge_host.private_files import check_private
from filmgauge_sim.file_text import TomlError, parse_toml
from filmgauge_sim.nodes.tables import did_you_mean

NODES_FOLDER = Path("nodes")  # of all nodes, unless one is given
REGISTRY_FILE = "known.toml"  # in it
NEXT_KEYS = tuple(f"{name}_next" for name in KEYS)
_REREAD_S = 1.0
_ADDRESS = re.compile("[0-9A-F]{2}(:[0-9A-F]{2}){5}")
_HEAD = """\
# Keys of the nodes, for what filmgauge tells them. Written by filmgauge provision and keys, which
# keep the addresses for Bluetooth: add them as address = "C1:02:03:04:05:06".
"""


@dataclass(frozen=True, slots=True)
class RegisteredNode:
    """What the user has written of one node."""

    name: str
    address: str | None = None
    ble_key: bytes | None = field(default=None, repr=False)
    command_key: bytes | None = field(default=None, repr=False)
    ble_key_next: bytes | None = field(default=None, repr=False)
    command_key_next: bytes | None = field(default=None, repr=False)
    revoked: bool = False

    @property
    def ble_keys(self) -> list[bytes]:
        """Keys of its advertisements: two while it is changed."""
        return [key for key in (self.ble_key, self.ble_key_next) if key is not None]


class NodeRegistry:
    """All registered nodes, by name and by address. revoked: names under which nothing is believed
    any more.

    reread: gives them anew where they have changed, else None; raises InputError. path: of the
    file that they are from, None without one.
    """

    def __init__(
        self,
        nodes: list[RegisteredNode],
        reread: Callable[[], list[RegisteredNode] | None] = lambda: None,
        path: Path | None = None,
    ) -> None:
        self._reread = reread
        self.path = path
        self._set(nodes)

    def refresh(self) -> None:
        """Read the nodes anew where they have changed, a node with new keys say.

        Raises InputError where they cannot be read; those of before stay, and it is said once.
        """
        nodes = self._reread()
        if nodes is not None:
            self._set(nodes)

    def _set(self, nodes: list[RegisteredNode]) -> None:
        self.by_name = {node.name: node for node in nodes}
        self.by_address = {node.address: node for node in nodes if node.address}
        self.revoked = frozenset(node.name for node in nodes if node.revoked)

    def candidates(self, address: str, advertised: str | None) -> list[RegisteredNode]:
        """Return the node of an address, or else all those without an address that have the name.

        advertised: the name in an advertisement, which is cut.
        """
        found = self.by_address.get(address)
        if found is not None:
            return [found]
        return [
            node
            for node in self.by_name.values()
            if advertised and node.address is None and is_short_for(advertised, node.name)
        ]

    def identify(self, address: str, serial: str) -> RegisteredNode | None:
        """Return the node of an address, or else the one whose whole name a node gives.

        Raises NodeError where that name is another address's, or revoked.
        """
        found = self.by_address.get(address) or self.by_name.get(serial)
        if found is not None and found.address not in (None, address):
            raise NodeError(f"{address} says it is {serial}, which is {found.address}")
        if found is not None and found.revoked:
            raise NodeError(f"{address} says it is {serial}, which is revoked")
        return found


def is_short_for(advertised: str | None, name: str) -> bool:
    """Whether an advertised name, which may be cut, is that of a node."""
    if advertised is None or len(advertised) < NAME_LENGTH:
        return advertised == name
    return name.startswith(advertised)


def registry_path(path: Path | None, usual: Path | None = None) -> Path | None:
    """Return the file that `read_registry` reads, None where there is none."""
    return _first((path,) if path else (NODES_FOLDER / REGISTRY_FILE, usual)) or path


def _first(paths: tuple[Path | None, ...]) -> Path | None:
    """Return the first file that there is. One in a folder that is closed to us is another's."""
    for each in paths:
        with suppress(PermissionError):
            if each and each.exists():
                return each
    return None


def read_registry(path: Path | None, usual: Path | None = None) -> NodeRegistry:
    """Read the file; without a path that of the present folder, where provisioning writes it, or
    else `usual`; without any it is empty. Raises InputError naming what is wrong."""
    file = _RegistryFile((path,) if path else (NODES_FOLDER / REGISTRY_FILE, usual), path)
    return NodeRegistry(file.changed() or [], file.changed, registry_path(path, usual))


class _RegistryFile:
    """The first of some files that there is. required: the one that must be there."""

    def __init__(self, paths: tuple[Path | None, ...], required: Path | None) -> None:
        self._paths, self._required = paths, required
        self._seen: object = None
        self._next_s = 0.0

    def changed(self) -> list[RegisteredNode] | None:
        """Return the nodes where the file is another one than the last time; None otherwise."""
        now_s = time.monotonic()
        if now_s < self._next_s:
            return None
        self._next_s = now_s + _REREAD_S
        found = _first(self._paths) or self._required
        stamp = (found, _stamp(found)) if found else None
        if stamp == self._seen:
            return None
        self._seen = stamp
        if found is None:
            return []
        try:
            return _nodes(_table(found))
        except InputError:
            raise
        except ValueError as error:
            raise InputError(f"{found}: {error}") from None


def _stamp(path: Path) -> tuple[int, ...] | None:
    with suppress(OSError):
        status = path.stat()
        return status.st_ino, status.st_size, status.st_mtime_ns, status.st_mode
    return None


def with_keys(path: Path, node: str, keys: Mapping[str, str | bool]) -> str:
    """Return the text of the file in which `node` has these keys; all else stays.

    Raises InputError where the file is there and cannot be read.
    """
    nodes: dict[str, dict[str, Any]] = {}
    if path.exists():
        read_registry(path)  # says what is wrong
        nodes = _table(path).get("nodes", {})
    address = {key: value for key, value in nodes.get(node, {}).items() if key == "address"}
    nodes[node] = address | {name: key for name, key in keys.items() if key}
    lines = [_HEAD]
    for name in sorted(nodes):
        lines += [f"[nodes.{name}]", *(f"{k} = {_toml(v)}" for k, v in nodes[name].items())]
        lines.append("")
    return "\n".join(lines)


def keys_of(path: Path, node: str) -> dict[str, Any]:
    """Return what the file says of a node but its address, {} for nothing. Raises InputError."""
    if not path.exists():
        return {}
    read_registry(path)
    values = _table(path).get("nodes", {}).get(node, {})
    return {key: value for key, value in values.items() if key != "address"}


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"'


def _table(path: Path) -> dict[str, Any]:
    try:
        if not _is_credential(path):
            check_private(path)
        return parse_toml(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        raise InputError(f"{path} is not there: filmgauge provision makes it") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    except (TomlError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is not TOML: {error}") from None


def _is_credential(path: Path) -> bool:
    """Return whether systemd gave us the file (LoadCredential=): its mode shows the mask of an
    access list, and nobody else can reach it."""
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    return folder is not None and path.parent == Path(folder)


def _nodes(table: dict[str, Any]) -> list[RegisteredNode]:
    for key in table:
        if key != "nodes":
            raise ValueError(f"there is no key {key}{did_you_mean(key, ('nodes',))}")
    nodes = table.get("nodes", {})
    if not isinstance(nodes, dict):
        raise ValueError("nodes must be a table")
    found = [_node(name, values) for name, values in nodes.items()]
    addresses = [node.address for node in found if node.address]
    for address in addresses:
        if addresses.count(address) > 1:
            raise ValueError(f"address {address} is given twice")
    return found


def _node(name: str, values: Any) -> RegisteredNode:
    where = f"nodes.{name}"
    check_node(name)
    if not isinstance(values, dict):
        raise ValueError(f"{where} must be a table")
    for key in values:
        if key not in (names := ("address", *KEYS, *NEXT_KEYS, "revoked")):
            raise ValueError(f"{where} has no key {key}{did_you_mean(key, names)}")
    address = values.get("address")
    if address is not None:
        address = str(address).upper()
        if not _ADDRESS.fullmatch(address):
            raise ValueError(f"{where}.address must be six bytes such as C1:02:03:04:05:06")
    keys = {key: _key(f"{where}.{key}", values.get(key)) for key in (*KEYS, *NEXT_KEYS)}
    revoked = values.get("revoked", False)
    if not isinstance(revoked, bool):
        raise ValueError(f"{where}.revoked must be true or false")
    return RegisteredNode(name, address, revoked=revoked, **keys)


def _key(where: str, value: Any) -> bytes | None:
    """Return a key; an error does not repeat it."""
    if value is None:
        return None
    return key_bytes(where, value if isinstance(value, str) else "")

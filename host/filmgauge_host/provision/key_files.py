"""Keys of a node in the files of the host: made, changed in two steps, revoked.

    files = KeyFiles(Path("nodes"), "window-1")
    files.make(["command_key"])         # new at once: the node is to be flashed
    new = files.begin("command_key")    # beside the old one, the same one each time until
    files.finish("command_key")         # the node has it
    files.revoke()

Both stand in <nodes>/<node>/secrets.toml and <nodes>/known.toml (provisioning.py) where these are.
All files of a step change, or none.
"""

from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from filmgauge.config import KEYS
from filmgauge_host.atomic_file import Content, write_all
from filmgauge_host.ble.node_registry import REGISTRY_FILE, keys_of, read_registry, with_keys
from filmgauge_host.errors import InputError
from filmgauge_host.folder_lock import locked
from filmgauge_host.private_files import check_private
from filmgauge_host.provision.broker_files import (
    ACL,
    BROKER_FOLDER,
    PASSWORDS,
    files_without_login,
    is_password_of,
    login_files,
    nodes_of,
    read_file,
    users_of,
)
from filmgauge_host.provision.node_file import read_node
from filmgauge_host.provision.secret_values import MQTT_PASSWORD, made
from filmgauge_host.serial.used_keys import UsedKeys
from filmgauge_sim.nodes.secrets import SECRETS_FILE, read_secrets, secrets_to_toml

ALL_KEYS = (*KEYS, MQTT_PASSWORD)
_NEXT = "_next"
_P = ParamSpec("_P")
_R = TypeVar("_R")


def _in_turn(
    method: "Callable[Concatenate[KeyFiles, _P], _R]",
) -> "Callable[Concatenate[KeyFiles, _P], _R]":
    @wraps(method)
    def in_turn(self: "KeyFiles", *arguments: _P.args, **options: _P.kwargs) -> _R:
        with locked(self.folder):
            return method(self, *arguments, **options)

    return in_turn


class KeyFiles:
    """The files of one node. Methods raise InputError, and FilmgaugeError where writing fails.

    Those that write take turns with other processes, of the same node and of others.
    """

    def __init__(self, nodes: Path, node: str) -> None:
        self.folder = nodes
        self._node = node
        self._registry = nodes / REGISTRY_FILE
        self._secrets = nodes / node / SECRETS_FILE
        self._passwords = nodes / BROKER_FOLDER / PASSWORDS
        self._acl = nodes / BROKER_FOLDER / ACL

    def value(self, name: str) -> str:
        """Return a key or password, "" where there is none."""
        values = {**self._read_secrets(), **self._read_registry()}
        return str(values.get(name, ""))

    def next_value(self, name: str) -> str:
        """Return the one that is to take its place, "" while none is."""
        return self.value(name + _NEXT)

    def check_known(self) -> None:
        """Raise InputError for a node of which there is nothing, a name that was misspelt say."""
        is_registered = (
            self._registry.exists() and self._node in read_registry(self._registry).by_name
        )
        is_at_broker = self._node in users_of(read_file(self._acl))
        if not (is_registered or is_at_broker or self._secrets.parent.is_dir()):
            raise InputError(f"there is no node {self._node} in {self.folder}")

    @_in_turn
    def make(self, names: Iterable[str]) -> None:
        """Make new ones, and forget the old ones and those that were to come."""
        new = made(names)
        if MQTT_PASSWORD in new and not self._secrets.exists():
            raise InputError(f"{self._node} has no {self._secrets}: filmgauge provision makes it")
        gone = {name + _NEXT for name in new}
        self._write(
            {k: v for k, v in {**self._read_secrets(), **new}.items() if k not in gone},
            {
                k: v
                for k, v in {**self._read_registry(), **_keys(new)}.items()
                if k not in gone and k != "revoked"
            },
            self._login_files(new.get(MQTT_PASSWORD)),
        )

    @_in_turn
    def begin(self, name: str) -> str:
        """Return the one that is to come, made and kept first unless it was."""
        if not self.value(name):
            raise InputError(f"{self._node} has no {name}: filmgauge keys make {self._node}")
        pending = self.next_value(name)
        if not pending:
            pending = made([name])[name]
            new = {name + _NEXT: pending}
            secrets = {**self._read_secrets(), **(new if name == MQTT_PASSWORD else {})}
            registry = {**self._read_registry(), **(new if name in KEYS else {})}
            self._write(secrets, registry, {})
        if name in KEYS and self._secrets.parent.is_dir():  # the node may count under it then
            UsedKeys(self._secrets.parent).add({name: pending})
        return pending

    @_in_turn
    def finish(self, name: str) -> None:
        """Let the one that was to come take the place of the old one.

        Raises InputError where there is none any more: somebody else has ended that.
        """
        pending = self.next_value(name)
        if not pending:
            raise InputError(f"{self._node}: somebody else has changed {name} meanwhile")
        secrets, registry = self._read_secrets(), self._read_registry()
        for values in (secrets, registry):
            if name in values:
                values[name] = pending
            values.pop(name + _NEXT, None)
        self._write(secrets, registry, {})

    @_in_turn
    def put_at_broker(self, password: str) -> Path:
        """Write the login of the node into the files for the broker; return that of passwords."""
        self._write(self._read_secrets(), self._read_registry(), self._login_files(password))
        return self._passwords

    def check_at_broker(self) -> None:
        """Raise InputError where the files for the broker are not here."""
        if not self._acl.exists():
            raise InputError(f"{self._acl} is not there: filmgauge provision makes it")

    def is_at_broker(self, password: str) -> bool:
        """Return whether that file has this password of the node."""
        return is_password_of(read_file(self._passwords), self.user, password)

    @property
    def user(self) -> str:
        """Return the node's name at the broker, of its description where the broker has none.

        Raises InputError where other nodes share it, and where the node has no broker.
        """
        user = users_of(read_file(self._acl)).get(self._node) or self._described_user()
        sharers = [name for name in nodes_of(read_file(self._acl), user) if name != self._node]
        if sharers:
            raise InputError(f"{self._node} shares its login with {' and '.join(sharers)}")
        return user

    @_in_turn
    def revoke(self) -> list[Path]:
        """Forget all keys of the node, so that nothing that comes under its name is believed, and
        take its lines from the broker's files; return the files."""
        secrets = {k: v for k, v in self._read_secrets().items() if k not in _all_names()}
        return self._write(
            secrets, {"revoked": True}, files_without_login(self.folder, self._node)
        )

    def _login_files(self, password: str | None) -> dict[Path, Content]:
        if password is None or not self._acl.exists():
            return {}
        return login_files(self.folder, self._node, self.user, password)

    def _described_user(self) -> str:
        try:
            description, _ = read_node(self._secrets.parent, lambda _: None)
        except ValueError as error:
            raise InputError(f"{error}: filmgauge provision makes it anew") from None
        if not description.kind.has_wifi:
            raise InputError(
                f"{self._node} has no {MQTT_PASSWORD}: {description.board} has no Wi-Fi"
            )
        return description.broker.user or self._node

    def _read_secrets(self) -> dict[str, str]:
        return read_secrets(self._secrets.parent)

    def _read_registry(self) -> dict[str, str | bool]:
        return keys_of(self._registry, self._node)

    def _write(
        self,
        secrets: dict[str, str],
        registry: dict[str, str | bool],
        more: dict[Path, Content],
    ) -> list[Path]:
        files = dict(more)
        if self._secrets.exists():
            files[self._secrets] = Content(secrets_to_toml(secrets).encode(), 0o600)
        text = with_keys(self._registry, self._node, registry)
        files[self._registry] = Content(text.encode(), 0o600)
        write_all(files)
        return list(files)


def check_folder(nodes: Path) -> None:
    """Raise InputError unless the folder of the nodes is there and its keys are private."""
    if not nodes.is_dir():
        raise InputError(f"{nodes} is no folder: filmgauge provision makes it")
    for path in (nodes / REGISTRY_FILE, *nodes.glob(f"*/{SECRETS_FILE}")):
        if path.exists():
            check_private(path)


def _keys(values: dict[str, str]) -> dict[str, str | bool]:
    return {name: value for name, value in values.items() if name in KEYS}


def _all_names() -> set[str]:
    return {each for name in ALL_KEYS for each in (name, name + _NEXT)}

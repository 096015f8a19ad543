"""Secrets of a node: named by its description, kept in a file of their own beside it.

    secrets = read_secrets(folder)      # of secrets.toml there: name -> text, {} without a file

Their names are `SECRETS` of the firmware's configuration. Only the owner may read the file.
"""

import random
import stat
from collections.abc import Mapping
from pathlib import Path

from filmgauge.config import KEYS, SECRETS, key_bytes, texts
from filmgauge_sim.file_text import TomlError, is_utf8, parse_toml
from filmgauge_sim.nodes.description import DescriptionError, NodeDescription
from filmgauge_sim.nodes.network_names import check_wifi_password
from filmgauge_sim.nodes.tables import did_you_mean, quoted

SECRETS_FILE = "secrets.toml"
KEY_BYTES = 16
_OPEN_TO_OTHERS = (stat.S_IWGRP, stat.S_IWOTH, stat.S_IWGRP | stat.S_IWOTH)  # and not sticky


def read_secrets(folder: Path) -> dict[str, str]:
    """Return the secrets in the file of a folder. Raises DescriptionError, never with a value."""
    path = folder / SECRETS_FILE
    return read_secrets_file(path) if path.exists() else {}


def read_secrets_file(path: Path) -> dict[str, str]:
    """Return the secrets in a file. Raises DescriptionError, never with a value."""
    try:
        table = parse_toml(path.read_text(encoding="utf-8-sig"))
        mode = path.stat().st_mode
    except OSError as error:
        raise DescriptionError(f"{path} cannot be read: {error.strerror}") from None
    except (TomlError, UnicodeDecodeError):
        raise DescriptionError(f"{path} is not TOML") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise DescriptionError(f"{path} holds secrets and others can read it: chmod 600 {path}")
    folder = path.absolute().parent
    if folder.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH | stat.S_ISVTX) in _OPEN_TO_OTHERS:
        raise DescriptionError(
            f"others may write into {folder}, which holds secrets: chmod 700 {folder}"
        )
    try:
        check_secrets(table)
    except DescriptionError as error:
        raise DescriptionError(f"{path}: {error}") from None
    return table


def check_secrets(secrets: Mapping[str, object]) -> None:
    """Raise DescriptionError for what is no secret or cannot be one; its value is not told."""
    lengths = {name: (low, high) for name, _, low, high in texts()}
    for name, value in secrets.items():
        if name not in SECRETS:
            raise DescriptionError(f"{name} is no secret{did_you_mean(name, SECRETS)}")
        if not isinstance(value, str) or not is_utf8(value):
            raise DescriptionError(f"{name} must be text in UTF-8")
        if name == "wifi_password":
            try:
                check_wifi_password(value)
            except ValueError as error:
                raise DescriptionError(f"{name} {error}") from None
        low, high = lengths[name]
        if not low <= len(value) <= high:
            raise DescriptionError(f"{name} must have {low} to {high} characters")
        if name in KEYS and value:
            try:
                key_bytes(name, value)
            except ValueError as error:
                raise DescriptionError(str(error)) from None


def secrets_to_toml(secrets: Mapping[str, str]) -> str:
    """Return the file that `read_secrets` reads back; write it with mode 0600."""
    return "".join(f"{name} = {quoted(value)}\n" for name, value in secrets.items())


def throwaway_secrets(description: NodeDescription, rng: random.Random) -> dict[str, str]:
    """Return keys for a virtual node that has none of its own."""
    needed = needed_keys(description)
    return {name: rng.randbytes(KEY_BYTES).hex() for name in needed}


def needed_keys(description: NodeDescription) -> tuple[str, ...]:
    """Return the names of the keys without which this node cannot work."""
    needed = {"ble_key": description.bluetooth.encrypted, "command_key": description.commands}
    return tuple(name for name, is_needed in needed.items() if is_needed)

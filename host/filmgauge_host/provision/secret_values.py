"""Secrets of a node: which they are, where they come from, and the keys that are made.

A secret is a text of the firmware's configuration whose name ends in `_password` or `_key`. It
comes from an environment variable, from a file that only its owner can read, or from a prompt;
never from the command line.
"""

import os
import secrets
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path

from filmgauge.config import KEYS, SECRETS, key_bytes, texts
from filmgauge_host.errors import InputError

MQTT_PASSWORD = "mqtt_password"
WIFI_PASSWORD = "wifi_password"
_VARIABLE = "FILMGAUGE_NODE_"
_PASSWORD_BYTES = 18  # 24 characters


def secret_names() -> list[str]:
    """Return the keys of the configuration that are secret."""
    return list(SECRETS)


def key_lengths() -> dict[str, int]:
    """Return the secrets that are keys: name -> hexadecimal digits."""
    return {name: high for name, _, _, high in texts() if name in KEYS}


def variable(name: str) -> str:
    """Return the environment variable of a secret."""
    return _VARIABLE + name.upper()


def from_environment() -> dict[str, str]:
    """Return the secrets that are in the environment."""
    names = secret_names()
    return {name: os.environ[variable(name)] for name in names if variable(name) in os.environ}


def from_file(path: Path) -> dict[str, str]:
    """Read secrets from a TOML file of theirs. Raises InputError, never with a value."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise InputError(f"{path} is not TOML") from None
    names = secret_names()
    for name, value in table.items():
        if name not in names:
            raise InputError(f"{path}: {name} is no secret, it must be one of {', '.join(names)}")
        if not isinstance(value, str):
            raise InputError(f"{path}: {name} must be text")
    check_private(path)
    return table


def check_private(path: Path) -> None:
    """Raise InputError when others than the owner can read a file."""
    if path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        raise InputError(f"{path} holds secrets and others can read it: chmod 600 {path}")


def make_password() -> str:
    """Return a new password."""
    return secrets.token_urlsafe(_PASSWORD_BYTES)


def make_key(digits: int) -> str:
    """Return a new key of so many hexadecimal digits."""
    return secrets.token_hex(digits // 2)


def check_keys(values: Mapping[str, object]) -> None:
    """Raise InputError for a key that is not hexadecimal and whole; its value is not told."""
    for name in KEYS:
        value = str(values.get(name, ""))
        try:
            key_bytes(name, value) if value else b""
        except ValueError as error:
            raise InputError(f"{error}, or empty for none") from None

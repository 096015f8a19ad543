"""Where the secrets of a node come from: the environment, a file, or made here; never from the
command line."""

import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path

from filmgauge.config import KEYS, SECRETS
from filmgauge_host.errors import InputError
from filmgauge_sim.nodes.description import NodeDescription
from filmgauge_sim.nodes.secrets import KEY_BYTES, SECRETS_FILE, check_secrets

MQTT_PASSWORD = "mqtt_password"
WIFI_PASSWORD = "wifi_password"
_VARIABLE = "FILMGAUGE_NODE_"
_PASSWORD_BYTES = 18  # 24 characters


def variable(name: str) -> str:
    """Return the environment variable of a secret."""
    return _VARIABLE + name.upper()


def from_environment() -> dict[str, str]:
    """Return the secrets that are in the environment. Raises DescriptionError."""
    given = {name: os.environ[variable(name)] for name in SECRETS if variable(name) in os.environ}
    check_secrets(given)
    return given


def made(names: Iterable[str]) -> dict[str, str]:
    """Return new keys and passwords."""
    return {
        name: secrets.token_hex(KEY_BYTES)
        if name in KEYS
        else secrets.token_urlsafe(_PASSWORD_BYTES)
        for name in names
    }


def check_passwords(
    description: NodeDescription, secrets: Mapping[str, str], folder: Path
) -> None:
    """Raise InputError where a node with Wi-Fi lacks a password; an empty one is one.

    folder: where its secrets should be.
    """
    if not description.kind.has_wifi:
        return
    missing = [name for name in (WIFI_PASSWORD, MQTT_PASSWORD) if name not in secrets]
    if missing:
        raise InputError(
            f"{' and '.join(missing)} of {description.name} must be in {folder / SECRETS_FILE},"
            f" which filmgauge provision makes, or in {' and '.join(map(variable, missing))};"
            " empty for none"
        )

"""Where the secrets of a node come from: the environment, a file, or made here; never from the
command line."""

import os
import secrets
from collections.abc import Iterable

from filmgauge.config import KEYS, SECRETS
from filmgauge_sim.nodes.secrets import KEY_BYTES, check_secrets

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

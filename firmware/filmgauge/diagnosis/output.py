"""The way back to the host, and what every look at a node begins with."""

import json

from filmgauge.config import Config


def emit(value) -> None:
    """Print a value for the host."""
    print("@" + json.dumps(value))


def attempt(action, *arguments) -> tuple:
    """Return (what `action` returns, None), or (None, what was wrong in a few words)."""
    try:
        return action(*arguments), None
    except (OSError, ValueError) as error:
        return None, str(error) or type(error).__name__


def read_config():
    """Return the node's configuration. OSError, ValueError."""
    with open("/config.json", "rb") as file:
        return Config.from_json(file.read())


def read_profile():
    """Return the profile of its cell. OSError, ValueError."""
    from filmgauge.gauge.profile import Profile

    with open("/profile.bin", "rb") as file:
        return Profile.from_bytes(file.read())

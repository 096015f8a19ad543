"""The way back to the host, and what a look at a node begins with.

It loads also where no firmware is installed.
"""

import errno
import json


def emit(value) -> None:
    """Print a value for the host."""
    feed()
    print("@" + json.dumps(value))


def feed() -> None:
    """Feed the watchdog that the host lets run."""
    if "_guard" in globals():
        globals()["_guard"].feed()


def attempt(action, *arguments) -> tuple:
    """Return (what `action` returns, None), or (None, what was wrong in a few words)."""
    try:
        return action(*arguments), None
    except (OSError, ValueError) as error:
        return None, str(error) or type(error).__name__


def read_config():
    """Return the node's configuration. OSError, ValueError."""
    from filmgauge.board import this_board
    from filmgauge.config_copy import load

    return load("/config.json", this_board().pages(True), False)


def read_profile():
    """Return the profile of its cell. ValueError."""
    from filmgauge.gauge.profile import Profile

    try:
        with open("/profile.bin", "rb") as file:
            return Profile.from_bytes(file.read())
    except OSError as error:
        if error.errno == errno.ENOENT:
            raise ValueError("there is no profile: filmgauge flash brings it")
        raise ValueError("the profile cannot be read: %s" % error)

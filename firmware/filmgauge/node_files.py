"""What a node is, as it stands in the files of its board: read when it begins, and let go."""

from filmgauge.compat import Namespace, const

_CONFIG = const("/config.json")
_PROFILE = const("/profile.bin")


def read_config():
    """Return the configuration without the tables by which it was checked."""
    from filmgauge.config import Config

    with open(_CONFIG, "rb") as file:
        return Namespace(**Config.from_json(file.read()).__dict__)


def read_profile():
    """Return the cell profile, None when it cannot be read: the node then only counts."""
    from filmgauge.gauge.profile import Profile

    try:
        with open(_PROFILE, "rb") as file:
            return Profile.from_bytes(file.read())
    except (OSError, ValueError) as error:
        print("filmgauge: no profile:", error)
        return None

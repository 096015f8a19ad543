"""What a node is, as it stands in the files of its board: read when it begins, and let go."""

from filmgauge.compat import Namespace, const

_CONFIG = const("/config.json")
_PROFILE = const("/profile.bin")


def read_config(device=None, renews=True):
    """Return the configuration without the tables by which it was checked. device, renews: as of
    config_copy.py; ValueError where neither of its copies can be read."""
    from filmgauge.config_copy import load

    return Namespace(**load(_CONFIG, device, renews).__dict__)


def read_profile():
    """Return the cell profile, None when it cannot be read: the node then only counts."""
    from filmgauge.gauge.profile import Profile

    try:
        with open(_PROFILE, "rb") as file:
            return Profile.from_bytes(file.read())
    except (OSError, ValueError) as error:
        print("filmgauge: no profile:", error)
        return None

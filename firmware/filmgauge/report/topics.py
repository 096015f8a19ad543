"""Names of the MQTT topics of a node: `filmgauge/<node>/<leaf>`."""

from filmgauge.compat import const

PREFIX = "filmgauge"
TELEMETRY = "telemetry"  # live records, JSON, not retained: an old value must not look live
LOG = "log"  # records that waited on the node, oldest first
STATUS = "status"  # retained: online, sleeping, offline (the will)
INFO = "info"  # retained: versions, cell, intervals

_NODE_MAX = const(32)
_NODE_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789-"


def topic(node: str, leaf: str) -> str:
    """Return the topic `leaf` of `node`."""
    return PREFIX + "/" + node + "/" + leaf


def check_node(name: str) -> str:
    """Return `name`, or raise ValueError when it cannot be a node's name."""
    if not 1 <= len(name) <= _NODE_MAX:
        raise ValueError("node must have 1 to 32 characters")
    for character in name:
        if character not in _NODE_CHARACTERS:
            raise ValueError("node may have a-z, 0-9 and - only, not %r" % character)
    return name


def split(name: str) -> "tuple[str, str] | None":
    """Return (node, leaf) of a topic name, or None when it is not one of ours."""
    parts = name.split("/")
    if len(parts) != 3 or parts[0] != PREFIX:
        return None
    try:
        return check_node(parts[1]), parts[2]
    except ValueError:
        return None

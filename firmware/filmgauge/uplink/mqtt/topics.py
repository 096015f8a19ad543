"""Names of the MQTT topics of a node: `filmgauge/<node>/<leaf>`."""

PREFIX = "filmgauge"
TELEMETRY = "telemetry"  # live records, JSON, not retained: an old value must not look live
LOG = "log"  # records that waited on the node, oldest first
STATUS = "status"  # retained: online, sleeping, offline (the will)
INFO = "info"  # retained: versions, cell, intervals


def topic(node: str, leaf: str) -> str:
    """Return the topic `leaf` of `node`."""
    return PREFIX + "/" + node + "/" + leaf


def split(name: str) -> "tuple[str, str] | None":
    """Return (node, leaf) of a topic name, or None when it is not one of ours."""
    parts = name.split("/")
    if len(parts) != 3 or parts[0] != PREFIX:
        return None
    from filmgauge.config import check_node  # a node names topics and splits none

    try:
        return check_node(parts[1]), parts[2]
    except ValueError:
        return None

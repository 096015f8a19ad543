"""Names of the MQTT topics of a node: `filmgauge/<node>/<leaf>`."""

PREFIX = "filmgauge"
TELEMETRY = "telemetry"  # live records, JSON, not retained: an old value must not look live
LOG = "log"  # records that waited on the node, oldest first
STATUS = "status"  # retained: online, sleeping, offline (the will)
COMMAND = "command"  # to the node: a frame of uplink/commands.py
ACK = "ack"  # its answer, JSON
INFO = "info"  # retained: versions, cell, intervals
FIRMWARE = "firmware"  # in place of a node: pieces of versions, retained
EVENT = "event"  # JSON: what has failed on the node, and how far a new version has come
LAST = "last"  # retained: the last live record once more, for who comes later


def topic(node: str, leaf: str) -> str:
    """Return the topic `leaf` of `node`."""
    return PREFIX + "/" + node + "/" + leaf
